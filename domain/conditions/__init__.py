"""Conditions: CEL expressions over a document's fields that say whether a step is needed.

The language is the part of CEL that can be checked before anything is submitted:

- `true`, `false`, `!`, `&&`, `||`, `a ? b : c`, parentheses;
- fields by their names, texts in quotes, integers, `decimal("2.5")`, `money("5000.00")`,
  `date("2026-11-23")`; the facts `today`, `requester`, `requester_level`, `requester_department`;
- `==`, `!=`, `<`, `<=`, `>`, `>=` between two of one kind, and `x in [a, b]`;
- `+`, `-`, unary `-` within one kind of number; `*` of an integer or a decimal with any number;
  `/` (towards zero) and `%` between integers; `days(a, b)`, the days from one date to another;
- `size(t)` in characters, `t.startsWith(u)`, `t.endsWith(u)`, `t.contains(u)`, and
  `t.matches("pattern")` (Rust's regular expressions, which need no backtracking);
- of lines: `count(items)`, `count(items, c)`, `any(items, c)`, `all(items, c)`, `sum(items, n)`,
  `least(items, n)`, `most(items, n)`, where `c` and `n` are expressions over one line, whose fields
  hide the document's of the same name.

**Exact.** CEL knows no decimals, and a binary fraction is none. So decimals and money are
integers of 10**-6 inside, what would be wrong by that factor does not pass the check, and a
product passes only if its sides have no more than 6 decimals together.
**Money.** A field `cost` gives `cost`, its amount, and `cost_currency`, a text. Amounts are
compared and added as numbers: a flow that knows several currencies compares `cost_currency` itself.
**Empty fields.** An empty text, choice, person or role is `""`, and so is the currency of empty
money; empty lines are no lines. An empty number, date or truth is nothing: a condition that turns
on it is refused, for a step must not be skipped because nobody knows.
`cost != null && cost > money("100")` asks first; `&&`, `||`, `any` and `all` need nothing that
cannot change the outcome, in any order.
**Errors.** Overflow (beyond 64 bits) and division by zero refuse the command as well.

Read `program` first, then `grammar`, `parts`, `cel_text`, `loops`. May be imported by all; knows
no definition.
"""

from domain.conditions.kinds import FACTS, Fact, Kind, Result
from domain.conditions.program import (
    TRUTH,
    Facts,
    check_condition,
    check_expression,
    evaluate,
    holds,
)

__all__ = [
    "FACTS",
    "TRUTH",
    "Fact",
    "Facts",
    "Kind",
    "Result",
    "check_condition",
    "check_expression",
    "evaluate",
    "holds",
]
