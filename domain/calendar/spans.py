"""Spans of one day, by the clock on the wall: "09:00-17:00"."""

import re
from dataclasses import dataclass

#: Minutes of a day by the clock on the wall.
DAY = 24 * 60

#: The form of spans in words, for messages.
SPAN_FORM = 'two times of one day, the earlier one first, as "09:00-17:00"; 24:00 ends a day'

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


@dataclass(frozen=True)
class Span:
    """From `begins` on, and before `ends`: minutes since midnight, 0 to 1440."""

    begins: int
    ends: int

    @property
    def minutes(self) -> int:
        """How long it is, by the clock on the wall."""
        return self.ends - self.begins


def parse_span(text: str) -> Span:
    """Return the span that the text means.

    Raises:
        ValueError: it is none, or ends before it begins: hours over midnight are two spans.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"a span is {SPAN_FORM}")
    begins = int(match[1]) * 60 + int(match[2])
    ends = DAY if match[3] is None else int(match[3]) * 60 + int(match[4])
    if ends <= begins:
        raise ValueError("a span ends after it begins; hours over midnight are two days' spans")
    return Span(begins, ends)
