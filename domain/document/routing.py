"""Whose decision a step awaits: from its approvers to places, each with the reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.conditions import Fact, Kind, evaluate, holds
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, FieldKind
from domain.definition.steps import Missing, SelfApproval, Step
from domain.directory.authority import limit
from domain.directory.chain import Link, chain
from domain.directory.facts import DirectoryFacts, members_of
from domain.document.events import AssigneeKind
from domain.errors import Reason
from domain.values import Money, Values


@dataclass(frozen=True)
class Place:
    """Who would decide, by which source and why."""

    kind: AssigneeKind
    assignee: str
    why: str
    source: Approver


@dataclass(frozen=True)
class Case:
    """What routing must know of a document."""

    content: Content
    definition: str
    values: Values
    requester: str
    directory: DirectoryFacts
    known: Mapping[str, Fact] = field(default_factory=dict)
    """What conditions may ask beside fields."""

    @property
    def barred(self) -> frozenset[str]:
        """The logins of who may not decide, whatever asks them."""
        allowed = self.content.self_approval is SelfApproval.ALLOW
        return frozenset() if allowed else frozenset({self.requester})


class NobodyError(Exception):
    """A source gives nobody who may decide; the message says why."""

    def __init__(self, message: str, reason: Reason = Reason.NO_APPROVER) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Route:
    """The places of a step, and why others are not among them."""

    places: tuple[Place, ...]
    left_out: tuple[str, ...] = ()


def route(case: Case, step: Step) -> Route:
    """Return the places of a step; the same for the same case.

    Raises:
        NobodyError: a source that must give somebody gives nobody.
        RefusedError: a condition could not be told, or too many people would be asked.
    """
    places: list[Place] = []
    left_out: list[str] = []
    for source in step.approvers:
        if not applies(case, source.condition):
            left_out.append(f"condition is false: {source.condition}")
            continue
        try:
            for place in _SOURCES[source.kind](case, source):
                places.extend(_allowed(case, replace(place, source=source), left_out))
        except NobodyError as error:
            if step.missing is Missing.BLOCK:
                raise
            left_out.append(str(error))
    return Route(tuple(_once(places)), tuple(left_out))


def _once(places: Sequence[Place]) -> Iterator[Place]:
    """Yield the places but for repetitions: the same person asked by the same source."""
    seen = set()
    for place in places:
        key = (place.kind, place.assignee, id(place.source))
        if key not in seen:
            seen.add(key)
            yield place


def applies(case: Case, condition: str) -> bool:
    """Tell whether the condition holds; an empty one always does."""
    return not condition or holds(condition, case.content.fields, case.values, case.known)


def _allowed(case: Case, place: Place, left_out: list[str]) -> Iterator[Place]:
    """Yield the place, or what the definition puts where the requester would decide."""
    if place.kind is not AssigneeKind.PERSON or place.assignee not in case.barred:
        yield place
        return
    own = f"{place.assignee} would decide on a document of their own"
    match case.content.self_approval:
        case SelfApproval.SKIP:
            left_out.append(own)
        case SelfApproval.MANAGER:
            found = next(_manager(case, replace(place.source, of="")))
            yield replace(found, why=f"{own}: {found.why}", source=place.source)
        case _:
            raise NobodyError(own, Reason.SELF_APPROVAL)


def _active(case: Case, login: str) -> str:
    person = case.directory.people.get(login)
    if person is None or not person.active:
        raise NobodyError(f"{login} is not an active person of the directory")
    return login


def _held(case: Case, role: str) -> str:
    if role not in case.directory.roles:
        raise NobodyError(f"nobody who may decide holds the role {role}")
    return role


def _person(case: Case, source: Approver) -> Iterator[Place]:
    why = f"the definition names {source.name}"
    yield _for_person(case, source.name, why, source)


def _for_person(case: Case, login: str, why: str, source: Approver) -> Place:
    if login not in case.barred:  # whether the requester is active does not matter then
        _active(case, login)
    return Place(AssigneeKind.PERSON, login, why, source)


def _role(case: Case, source: Approver) -> Iterator[Place]:
    why = f"the definition names the role {source.name}"
    yield Place(AssigneeKind.ROLE, _held(case, source.name), why, source)


def _members(case: Case, source: Approver) -> Iterator[Place]:
    members = [
        login for login in members_of(case.directory, source.name) if login not in case.barred
    ]
    if not members:
        raise NobodyError(f"nobody who may decide holds the role {source.name}")
    for login in members:
        yield Place(AssigneeKind.PERSON, login, f"{login} holds the role {source.name}", source)


def _field(case: Case, source: Approver) -> Iterator[Place]:
    name = str(case.values.get(source.name) or "")
    if not name:
        raise NobodyError(f"the field {source.name} is empty")
    why = f"the field {source.name} names {name}"
    its = case.content.field(source.name)
    if its is not None and its.kind is FieldKind.ROLE:
        yield Place(AssigneeKind.ROLE, _held(case, name), why, source)
    else:
        yield _for_person(case, name, why, source)


def _whose(case: Case, source: Approver) -> str:
    if not source.of:
        return case.requester
    login = str(case.values.get(source.of) or "")
    if not login:
        raise NobodyError(f"the field {source.of} is empty")
    return login


def _links(case: Case, source: Approver) -> Iterator[Link]:
    """Yield the managers above, those of vacant positions passed by; at the break, raise."""
    login = _whose(case, source)
    for link in chain(case.directory, login):
        if link.is_broken:
            raise NobodyError(link.why)
        if link.person is not None and link.person.active:
            yield link


def _manager(case: Case, source: Approver) -> Iterator[Place]:
    login = _whose(case, source)
    person = case.directory.people.get(login)
    if person is None or not person.manager:
        raise NobodyError(f"{login} has no manager")
    why = f"{person.manager} is the manager of {login}"
    yield _for_person(case, person.manager, why, source)


def _chain(case: Case, source: Approver) -> Iterator[Place]:
    """Yield the managers up to the one who ends the chain, or only that one.

    Raises:
        NobodyError: the chain is over, or breaks, before somebody ends it who should.
    """
    found: list[Place] = []
    for link in _links(case, source):
        ends = _ends(case, source, link)
        why = f"{link.why}{f', {ends}' if ends else ''}"
        found.append(Place(AssigneeKind.PERSON, link.login, why, source))
        if ends or len(found) == source.levels:
            break
    else:
        if not found or source.until or source.up_to_level:
            raise NobodyError(f"nobody above {_whose(case, source)} may decide this")
    yield from found[-1:] if source.only_last else found


def _ends(case: Case, source: Approver, link: Link) -> str:
    """Return why a chain ends with this manager; empty: it goes on."""
    person = link.person
    assert person is not None  # noqa: S101  # links without are broken
    if source.up_to_level and person.level is not None and person.level >= source.up_to_level:
        return f"of level {person.level}"
    amount = case.values.get(source.until) if source.until else None
    if isinstance(amount, Money):
        covered = limit(person, case.definition, amount.currency)
        if covered is not None and amount.amount <= covered:
            return f"whose limit covers {amount.amount} {amount.currency}"
    return ""


def _expression(case: Case, source: Approver) -> Iterator[Place]:
    login = named_by(case, source)
    if not login:
        raise NobodyError(f"the expression {source.name} names nobody")
    yield _for_person(case, login, f"{source.name} names {login}", source)


def named_by(case: Case, source: Approver) -> str:
    """Return the login that an expression gives, empty for nobody.

    Raises:
        RefusedError: it could not be told.
    """
    found = evaluate(source.name, case.content.fields, case.values, {Kind.TEXT}, case.known)
    return str(found)


def _table(case: Case, source: Approver) -> Iterator[Place]:
    """Yield the places of the first row that applies, or of all that do."""
    applied = False
    for number, row in enumerate(source.rows, 1):
        if not applies(case, row.condition):
            continue
        applied = True
        for place in _SOURCES[row.approver.kind](case, row.approver):
            because = f" ({row.condition})" if row.condition else ""
            yield replace(place, why=f"{place.why}, by row {number}{because}")
        if source.first_row:
            return
    if not applied:
        raise NobodyError("no row of the table applies")


_SOURCES: Mapping[ApproverKind, Callable[[Case, Approver], Iterator[Place]]] = {
    ApproverKind.PERSON: _person,
    ApproverKind.ROLE: _role,
    ApproverKind.MEMBERS: _members,
    ApproverKind.FIELD: _field,
    ApproverKind.MANAGER: _manager,
    ApproverKind.CHAIN: _chain,
    ApproverKind.EXPRESSION: _expression,
    ApproverKind.TABLE: _table,
}
