"""Of whom the directory must tell before a flow can go on."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, FieldKind
from domain.definition.steps import SelfApproval, Step
from domain.directory.facts import Needs
from domain.document.knowing import asks_of_requester
from domain.document.routing import Case, named_by
from domain.errors import RefusedError
from domain.values import Values


def needs(case: Case, steps: Iterable[Step]) -> Needs:
    """Return of whom these steps must know, whether their conditions hold or not.

    `case` may know of nobody yet but the requester.
    """
    content, values, requester = case.content, case.values, case.requester
    sources = [each for step in steps for source in step.approvers for each in _flat(source)]
    people = {name for source in sources for name in _people(case, source)}
    roles = {name for source in sources for name in _roles(content, source, values)}
    chains = {_whose(source, values, requester) for source in sources if source.kind in _UPWARDS}
    if sources and (content.self_approval is SelfApproval.MANAGER or asks_of_requester(content)):
        people.add(requester)
    return Needs(frozenset(people - {""}), frozenset(roles), frozenset(chains - {""}))


_UPWARDS = frozenset({ApproverKind.MANAGER, ApproverKind.CHAIN})


def _flat(source: Approver) -> Iterator[Approver]:
    yield source
    for row in source.rows:
        yield from _flat(row.approver)


def _people(case: Case, source: Approver) -> Sequence[str]:
    if source.kind is ApproverKind.PERSON:
        return (source.name,)
    if source.kind is ApproverKind.EXPRESSION:
        with suppress(RefusedError):  # routing says it, if it comes to that
            return (named_by(case, source),)
    return _named(case.content, source, case.values, FieldKind.PERSON)


def _roles(content: Content, source: Approver, values: Values) -> Sequence[str]:
    if source.kind in {ApproverKind.ROLE, ApproverKind.MEMBERS}:
        return (source.name,)
    return _named(content, source, values, FieldKind.ROLE)


def _named(content: Content, source: Approver, values: Values, kind: FieldKind) -> Sequence[str]:
    """Return the value of the source's field, if the field is of this kind and filled."""
    if source.kind is not ApproverKind.FIELD:
        return ()
    field = content.field(source.name)
    value = values.get(source.name)
    return (str(value),) if field is not None and field.kind is kind and value else ()


def _whose(source: Approver, values: Values, requester: str) -> str:
    return str(values.get(source.of) or "") if source.of else requester
