"""Values and events as people read them on paper: exact, grouped, in one direction."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.definition.content import Content, Field, FieldKind, LineField
from domain.document.events import (
    AssigneeKind,
    BlockStarted,
    CommentAdded,
    DocumentRejected,
    DocumentReturned,
    DocumentRevised,
    DocumentSubmitted,
    DocumentWithdrawn,
    FlowWentBack,
    MilestoneReached,
    Slot,
    SlotAbstained,
    SlotApproved,
    SlotClaimed,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotRecused,
    SlotRejected,
    SlotReleased,
    SlotReopened,
    SlotsOpened,
    StepBlocked,
    StepEnded,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.metadata import Event
from domain.values import Line, Money, Value
from workers.kinds.naming import Naming

#: Between groups of three digits: neither a point nor a comma, which mean different things in
#: different countries (ISO 80000-1, 7.3.1).
NARROW_SPACE = "\u202f"

#: As wide as a digit (UAX #14).
FIGURE_SPACE = "\u2007"

#: Characters of a changed value that a line of the list of events shows.
_LONGEST_IN_LINE = 120

#: Digits of a hash where it only tells one revision from another; it is in full at the top.
SHORT_HASH = 12

#: What ends a line on paper (UAX #14, BK, CR and NL), and where Python's `splitlines` sees an end.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")

#: Letters of a word, at most; no word of a language has more. A longer one may be broken after so
#: many, again and again: layout takes time with the square of a word's length (measured 2026-11-23:
#: 5 000 letters in both directions 3.2 s, so 0.4 s).
_LONGEST_WORD, _PIECE = 100, 10

#: That many letters and one more, of the scripts that have spaces. The others break by themselves,
#: from South East Asia's to those of Chinese, Japanese and Korean.
_LONG_WORD = re.compile(
    r"[^\s\u200b\u0e00-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef"
    rf"\U00020000-\U0003ffff]{{{_LONGEST_WORD + 1},}}"
)

#: Where a line may break without a space (UAX #14, ZW).
_BREAK = "\u200b"

_NUMBERS = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL})
_NAMES = frozenset({FieldKind.CHOICE, FieldKind.ROLE})

#: Characters of what a document is called, at most: as many as in lists.
_LONGEST_SUBJECT = 160

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def shown(
    value: Value | None, kind: FieldKind, naming: Naming, columns: Sequence[LineField] = ()
) -> str:
    """Return a field's value in words; empty for an empty field. No digit is lost.

    Lines, whose fields are the `columns`, are a line of text each.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, Money):
        return f"{grouped(format(value.amount, 'f'))}\u00a0{value.currency}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "\n".join(_line(line, naming, columns) for line in value)
    return _WORDS.get(kind, _as_it_is)(str(value), naming)


def _as_it_is(value: str, _naming: Naming) -> str:
    return value


_WORDS: Mapping[FieldKind, Callable[[str, Naming], str]] = {
    **dict.fromkeys(_NUMBERS, lambda value, _: grouped(value)),
    **dict.fromkeys(_NAMES, lambda value, _: words(value)),
    FieldKind.PERSON: lambda value, naming: naming(value),
}


def _line(line: Line, naming: Naming, columns: Sequence[LineField]) -> str:
    known = {column.name for column in columns}
    unknown = [LineField(name, FieldKind.TEXT) for name in line.cells if name not in known]
    cells = (
        f"{label(column, column.name)}: {shown(line.cells[column.name], column.kind, naming)}"
        for column in (*columns, *unknown)
        if column.name in line.cells
    )
    return f"{line.line}. {', '.join(cells)}"


def grouped(number: str) -> str:
    """Return a number's text with its whole digits in groups of three."""
    sign, digits = ("\u2212", number[1:]) if number.startswith("-") else ("", number)
    whole, point, fraction = digits.partition(".")
    return sign + f"{int(whole):,}".replace(",", NARROW_SPACE) + point + fraction


def moment(instant: datetime) -> str:
    """Return an instant to the second, in UTC, as people say it."""
    at = instant.astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M:%S}"


def when(instant: datetime) -> str:
    """Return an instant to the second, in UTC, as wide as any other."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def figure(number: int, largest: int) -> str:
    """Return a number's text as wide as that of the largest one."""
    return str(number).rjust(len(str(largest)), FIGURE_SPACE)


def printable(text: str) -> str:
    """Return a text as paper takes it: lines end in a line feed, words come to an end."""
    return _LONG_WORD.sub(_broken, _LINE_ENDS.sub("\n", text))


def _broken(word: re.Match[str]) -> str:
    """Return a word that may be broken, but at no mark that belongs to the letter before it."""
    pieces, begin = [], 0
    for at, letter in enumerate(word[0]):
        if at - begin >= _PIECE and unicodedata.category(letter)[0] not in "MC":
            pieces.append(word[0][begin:at])
            begin = at
    return _BREAK.join([*pieces, word[0][begin:]])


def direction(text: str) -> str:
    """Return `rtl` or `ltr`, as the first letter that has a direction says (UAX #9, rule P2)."""
    for letter in text:
        found = unicodedata.bidirectional(letter)
        if found in ("L", "R", "AL"):
            return "ltr" if found == "L" else "rtl"
    return "ltr"


def fields_of(content: Content, values: Mapping[str, object]) -> list[Field]:
    """Return the definition's fields, then what the document holds that it does not know."""
    known = {each.name for each in content.fields}
    unknown = [Field(name, FieldKind.TEXT) for name in values if name not in known]
    return [*content.fields, *unknown]


def subject_of(content: Content, values: Mapping[str, Value]) -> str:
    """Return what a document is called, as lists show it: its first text; empty without any."""
    texts = (
        str(values[each.name])
        for each in content.fields
        if each.kind is FieldKind.TEXT and values.get(each.name)
    )
    line = _LINE_ENDS.sub("\n", next(texts, "")).partition("\n")[0]
    return line if len(line) <= _LONGEST_SUBJECT else f"{line[:_LONGEST_SUBJECT]}…"


def label(named: object, name: str) -> str:
    """Return the label of a part of a definition; its name where it has none, or is unknown."""
    return getattr(named, "label", "") or words(name)


def words(name: str) -> str:
    """Return a name in words: `line_manager` is "Line manager"."""
    return (name[:1].upper() + name[1:]).replace("_", " ")


def assignee(slot: Slot, naming: Naming) -> str:
    """Return whom a slot waits for."""
    if slot.kind is AssigneeKind.PERSON:
        return naming(slot.assignee)
    return f"the role {words(slot.assignee)}"


def happened(event: Event, content: Content, naming: Naming) -> str:
    """Return what an event says, in one line; what has no words of its own has its topic's."""
    topic = event.TOPIC.partition(".")[2].replace("_", " ")
    facts = _facts(event, content, naming)
    return f"{topic}: {facts}" if facts else topic


def _facts(event: Event, content: Content, naming: Naming) -> str:
    of_step = _OF_STEP.get(type(event))
    if of_step is not None:
        step: str = event.step  # type: ignore[attr-defined]  # every event of a step has one
        said = of_step(event, naming)
        return f"{_step(content, step)}, {said}" if said else _step(content, step)
    of_others = _OF_OTHERS.get(type(event))
    return of_others(event, content, naming) if of_others else ""


def _waits(event: StepStarted | SlotsOpened, naming: Naming) -> str:
    return f"waits for {', '.join(assignee(slot, naming) for slot in event.slots)}"


def _by(event: SlotRecused | SlotReopened | SlotReleased, naming: Naming) -> str:
    return f"by {naming(event.by)}" + (f": {_short(event.reason)}" if event.reason else "")


def _handed_over(event: SlotDelegated | SlotHandedBack | SlotReassigned, naming: Naming) -> str:
    said = f"to {assignee(event.slot, naming)}, by {naming(event.by)}"
    return said + (f": {_short(event.reason)}" if event.reason else "")


def _voted(event: SlotApproved | SlotRejected | SlotAbstained, naming: Naming) -> str:
    return f"by {naming(event.by)}, revision {event.revision[:SHORT_HASH]}"


def _milestone(event: MilestoneReached, content: Content, _naming: Naming) -> str:
    milestones = {each.name: each for each in content.milestones}
    return label(milestones.get(event.milestone), event.milestone)


#: What events of a step say behind its name.
_OF_STEP: Mapping[type[Event], Callable[[Any, Naming], str]] = {
    StepStarted: _waits,
    SlotsOpened: _waits,
    StepSkipped: lambda event, _: event.reason,
    StepBlocked: lambda event, _: event.reason,
    StepKept: lambda event, _: event.reason,
    BlockStarted: lambda _event, _naming: "",
    SlotApproved: _voted,
    SlotRejected: _voted,
    SlotAbstained: _voted,
    SlotRecused: _by,
    SlotReopened: _by,
    SlotDelegated: _handed_over,
    SlotHandedBack: _handed_over,
    SlotReassigned: _handed_over,
    SlotClaimed: lambda event, naming: f"by {naming(event.by)}",
    SlotReleased: _by,
    StepEnded: lambda event, _: event.outcome,
}

_OF_OTHERS: Mapping[type[Event], Callable[[Any, Content, Naming], str]] = {
    DocumentRevised: lambda event, content, naming: "; ".join(
        _change(content, naming, *change) for change in event.changes.items()
    ),
    DocumentSubmitted: lambda event, _content, _naming: (
        f"round {event.round}, revision {event.revision[:SHORT_HASH]}"
    ),
    FlowWentBack: lambda event, content, _naming: (
        f"to {_step(content, event.to)}, after {_step(content, event.step)}"
    ),
    DocumentReturned: lambda event, _content, _naming: _short(event.reason),
    DocumentRejected: lambda event, _content, _naming: _short(event.reason),
    DocumentWithdrawn: lambda event, _content, _naming: _short(event.reason),
    MilestoneReached: _milestone,
    CommentAdded: lambda event, _content, _naming: _short(event.text),
}


def _change(content: Content, naming: Naming, name: str, value: Value | None) -> str:
    found = content.field(name) or Field(name, FieldKind.TEXT)
    said = _short(shown(value, found.kind, naming, found.fields)) or "nothing"
    return f"{label(found, name)} = {said}"


def _step(content: Content, name: str) -> str:
    return label(content.step(name), name)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_IN_LINE else f"{line[: _LONGEST_IN_LINE - 1]}…"
