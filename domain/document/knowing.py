"""What conditions of a flow know beside the document's fields: who asks, and what day it is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.conditions import Fact
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content
from domain.definition.steps import walk
from domain.directory.absence import USUAL_ZONE
from domain.directory.facts import PersonFacts

#: The facts that are asked of the directory; `today` for the zone of who asks.
_OF_THE_REQUESTER = ("requester_", "today")


def asks_of_requester(content: Content) -> bool:
    """Tell whether a condition may ask more of the requester than the login."""
    return any(name in text for text in _expressions(content) for name in _OF_THE_REQUESTER)


def names_by_expression(content: Content) -> bool:
    """Tell whether an expression gives somebody to decide, so that others must be known of."""
    return any(
        each.kind is ApproverKind.EXPRESSION
        for step in walk(content.steps)
        for source in step.approvers
        for each in (source, *(row.approver for row in source.rows))
    )


def known(requester: str, person: PersonFacts | None, at: datetime) -> Mapping[str, Fact]:
    """Return the facts as of this instant; of somebody who is not known, only those that are.

    `today` is the day where the requester is.
    """
    zone = ZoneInfo(person.zone if person else USUAL_ZONE)
    found: dict[str, Fact] = {"requester": requester, "today": at.astimezone(zone).date()}
    if person is not None:
        found |= {"requester_level": person.level, "requester_department": person.department}
    return found


def _expressions(content: Content) -> Iterator[str]:
    yield from (rule.condition for rule in content.rules)
    for step in walk(content.steps):
        yield step.condition
        for source in step.approvers:
            yield from _of_source(source)


def _of_source(source: Approver) -> Iterator[str]:
    yield source.condition
    yield source.name
    for row in source.rows:
        yield row.condition
        yield from _of_source(row.approver)
