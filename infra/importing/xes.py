"""Read XES (IEEE 1849) piece by piece: as much memory as one case takes, whatever the file is.

The file may be hostile. Document types, entities and external references are refused, so nothing
expands; what expands in a compressed file is bounded, for there is a limit to one token, to what
one case may hold, and to how much may be read without an event or a case coming to its end.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from infra.importing.cases import Case, LoggedEvent
from infra.importing.source import DamagedFileError

#: Bytes that are parsed at once; what they hold of whole cases waits in memory.
_PIECE = 2**16
#: Bytes of one tag with its attributes, or of one comment, at most.
LONGEST_TOKEN = 2**20
#: Bytes from the end of an event or a case to the next such end, at most. A log's header is
#: some kilobytes; a compressed file of nothing but white space is refused here.
LONGEST_GAP = 2**24
#: Elements within one another, at most. XES needs four, and lets attributes have attributes.
DEEPEST = 32
#: Events of one case, at most; the longest of the logs that were seen has 81.
MOST_EVENTS = 10_000
#: Characters that one case may hold in names and values that are kept.
MOST_CHARACTERS = 2**20
#: Characters of a case's name, at most: it is part of the keys of its commands.
LONGEST_CASE_NAME = 200

_CASE_PREFIX = "(case)_"


class BrokenLogError(Exception):
    """The file is no XES log, or a broken or hostile one; the message names line and byte."""


class Readable(Protocol):
    """What bytes come from."""

    def read(self, most_bytes: int, /) -> bytes:
        """Return the next bytes, none at the end."""


def read_cases(source: Readable) -> Iterator[Case]:
    """Give the cases in the file's order, each as soon as it is whole.

    Raises:
        BrokenLogError: after the cases before the fault; the one with the fault is not given.
    """
    log = _Log()
    # No document type at all: entities, and what they refer to, are declared there.
    parser = DefusedXMLParser(target=log, forbid_dtd=True)
    read = progress = 0
    try:
        while piece := source.read(_PIECE):
            read += len(piece)
            parser.feed(piece)
            if log.ended:
                progress = read
                yield from log.taken()
            _require(
                read - parser.parser.CurrentByteIndex <= LONGEST_TOKEN,
                f"one tag or comment has more than {LONGEST_TOKEN} bytes",
            )
            _require(
                read - progress <= LONGEST_GAP,
                f"no event or case comes to its end in {LONGEST_GAP} bytes",
            )
        parser.close()
    except (ParseError, DefusedXmlException, DamagedFileError, _FaultError) as error:
        yield from log.taken()
        expat = parser.parser
        place = f"line {expat.CurrentLineNumber}, byte {max(0, expat.CurrentByteIndex)}"
        raise BrokenLogError(f"{place}: {_said(error)}") from error


class _FaultError(Exception):
    """Well-formed XML that is no log, or beyond a limit."""


def _require(condition: bool, message: str) -> None:  # noqa: FBT001  # as an assertion's
    if not condition:
        raise _FaultError(message)


def _said(error: Exception) -> str:
    if isinstance(error, DefusedXmlException):
        return "document types and entities are not accepted: a log needs none"
    if isinstance(error, ParseError):
        return str(error).partition(": line ")[0]
    return str(error)


class _Log:
    """What the parser tells of tags, made into cases."""

    def __init__(self) -> None:
        self.ended = False
        """An event or a case came to its end since `taken` was called last."""
        self._depth = 0
        self._whole: list[Case] = []
        self._case: _CaseSoFar | None = None
        self._event: dict[str, str] | None = None

    def taken(self) -> list[Case]:
        """Return the cases that are whole, each once."""
        whole, self._whole, self.ended = self._whole, [], False
        return whole

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _FaultError(f"more than {DEEPEST} elements within one another")
        name = tag.rpartition("}")[2]
        if self._depth == 1 and name != "log":
            raise _FaultError(f"this is no XES log: its root is {name[:40]!a}, not 'log'")
        if name == "trace":
            _require(self._depth == 2, "a trace stands in the log alone")  # noqa: PLR2004
            self._case = _CaseSoFar()
        elif name == "event":
            _require(
                self._depth == 3 and self._case is not None,  # noqa: PLR2004
                "an event stands in a trace alone",
            )
            self._event = {}
        elif self._case is not None and "key" in attributes:
            self._attribute(self._case, attributes["key"], attributes.get("value", ""))

    def end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition("}")[2]
        if name == "event" and self._case is not None and self._event is not None:
            self._case.add(self._event)
            self._event, self.ended = None, True
        elif name == "trace" and self._case is not None:
            self._whole.append(self._case.whole())
            self._case, self.ended = None, True

    def close(self) -> None:
        """Do nothing: the parser wants to call this at the end."""

    def _attribute(self, case: "_CaseSoFar", key: str, value: str) -> None:
        if self._event is not None and self._depth == 4:  # noqa: PLR2004  # an event's own
            if key.startswith(_CASE_PREFIX):
                case.describe(key, value)
            elif key in _KEPT:
                self._event[key] = value
        elif self._event is None and self._depth == 3:  # noqa: PLR2004  # the trace's own
            case.describe(key, value)


_ACTIVITY, _TIME = "concept:name", "time:timestamp"
_KEPT = frozenset({_ACTIVITY, _TIME})


class _CaseSoFar:
    """A case of which the end was not read yet."""

    def __init__(self) -> None:
        self._attributes: dict[str, str] = {}
        self._events: list[LoggedEvent] = []
        self._room = MOST_CHARACTERS

    def describe(self, key: str, value: str) -> None:
        """Keep what is said of the case; what was said first stands."""
        name = key.removeprefix(_CASE_PREFIX)
        if name not in self._attributes:
            self._take(len(name) + len(value))
            self._attributes[name] = value

    def add(self, event: Mapping[str, str]) -> None:
        if len(self._events) == MOST_EVENTS:
            raise _FaultError(f"a case has more than {MOST_EVENTS} events")
        activity = event.get(_ACTIVITY, "")
        self._take(len(activity))
        self._events.append(LoggedEvent(activity, _instant(event.get(_TIME, ""))))

    def whole(self) -> Case:
        name = self._attributes.get(_ACTIVITY, "").strip()
        if not 0 < len(name) <= LONGEST_CASE_NAME:
            raise _FaultError(
                f"a trace has a concept:name of 1 to {LONGEST_CASE_NAME} characters, "
                f"not {len(name)}"
            )
        return Case(name, self._attributes, tuple(self._events))

    def _take(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise _FaultError(f"a case holds more than {MOST_CHARACTERS} characters")


def _instant(text: str) -> datetime:
    """Return a moment in UTC; one without an offset could be any of many and is refused."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _FaultError(
        f"an event has a time:timestamp such as 2017-01-09T09:49:50.000+01:00, not {text[:40]!a}"
    )
