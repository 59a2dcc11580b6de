"""Conditions: CEL expressions over a document's fields that say whether a step is needed.

The language is the part of CEL that can be checked before anything is submitted:

- `true`, `false`, `!`, `&&`, `||`, `a ? b : c`, parentheses;
- fields by their names, texts in quotes, integers, `decimal("2.5")`, `money("5000.00")`;
- `==`, `!=`, `<`, `<=`, `>`, `>=` between two of one kind, and `x in [a, b]`;
- `+`, `-`, unary `-` within one kind of number; `*` where one side is an integer; `/` (towards
  zero) and `%` between integers;
- `size(t)` in characters, `t.startsWith(u)`, `t.endsWith(u)`, `t.contains(u)`, and
  `t.matches("pattern")` (Rust's regular expressions, which need no backtracking).

**Exact.** CEL knows no decimals, and a binary fraction is none. So decimals and money are
integers of 10**-6 inside, and what would be wrong by that factor does not pass the check.
**Money.** A field `cost` gives `cost`, its amount, and `cost_currency`, a text. Amounts are
compared as numbers: a flow that knows several currencies compares `cost_currency` itself.
**Empty fields.** An empty text, choice, person or role is `""`, and so is the currency of empty
money. An empty number is no number: a condition that turns on it is refused, for a step must not
be skipped because nobody knows. `cost != null && cost > money("100")` asks first; `&&` and
`||` need no side that cannot change the outcome, in either order.
**Errors.** Overflow (beyond 64 bits) and division by zero refuse the command as well.

Read `program` first, then `grammar`, then `tokens`. May be imported by all; knows no definition.
"""

from domain.conditions.program import check_condition, holds

__all__ = ["check_condition", "holds"]
