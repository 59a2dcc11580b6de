"""The workspace is a function of the log: of no batch, of no lane, of no moment of reading."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.actor import Actor
from domain.command import Command
from domain.definition.commands import PublishDefinition
from domain.definition.steps import Step
from domain.directory.commands import (
    AssignManager,
    DeactivatePerson,
    GrantRole,
    ReactivatePerson,
    RevokeRole,
)
from domain.document.commands import (
    AddComment,
    ApproveStep,
    CreateDocument,
    DiscardDocument,
    ReachMilestone,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.state import fold
from domain.errors import RefusedError
from domain.metadata import Recorded
from infra.position import lane_of
from projections.workspace import WORKSPACE
from tests.builders import ANN, BOB, FAY, FIN, MIA, ZOE, content, person, role
from tests.documents import DEAR_DESK, DESK
from tests.fakes import InMemoryRows, in_batches
from tests.office import WorkspaceOffice, usual_office

LANES = 4
STREAMS = [UUID(int=number) for number in range(1, 4)]
CONTENTS = [
    content(),
    content(Step("boss", (person("zoe"),))),
    content(Step("lead", (role("finance"),)), Step("desk", (role("clerk"),))),
]

documents = st.sampled_from(STREAMS)
actors = st.sampled_from([ANN, BOB, MIA, FAY, FIN, ZOE])
logins = st.sampled_from(["ann", "bob", "mia", "fay", "fin"])
roles = st.sampled_from(["finance", "clerk"])
values = st.sampled_from([DESK, DEAR_DESK, {"title": "Lamp", "pieces": 4, "share": "0.5"}])

#: Commands of documents; a decision is about what the document holds when it comes.
asked = st.one_of(
    st.builds(CreateDocument, documents, st.just("purchase"), values),
    st.builds(ReviseDocument, documents, values),
    st.builds(SubmitDocument, documents),
    st.builds(ApproveStep, documents, st.just("")),
    st.builds(RejectStep, documents, st.just(""), st.just("no")),
    st.builds(WithdrawDocument, documents),
    st.builds(DiscardDocument, documents),
    st.builds(AddComment, documents, st.just("hello")),
    st.builds(ReachMilestone, documents, st.sampled_from(["ordered", "paid"])),
)
ordered = st.one_of(
    st.builds(GrantRole, logins, roles),
    st.builds(RevokeRole, logins, roles),
    st.builds(AssignManager, logins, st.none() | logins),
    st.builds(DeactivatePerson, logins),
    st.builds(ReactivatePerson, logins),
    st.builds(PublishDefinition, st.just("purchase"), st.sampled_from(CONTENTS)),
)
stories = st.lists(
    st.one_of(st.tuples(asked, actors), st.tuples(ordered, st.just(ZOE))), max_size=40
)
Story = Sequence[tuple[Command, Actor]]


def seen(office: WorkspaceOffice, command: Command) -> Command:
    """Return a decision with the revision that the actor sees now."""
    if isinstance(command, ApproveStep | RejectStep):
        document = fold(each.event for each in office.log.load(command.document))
        revision = document.revision if document else ""
        return type(command)(**{**vars(command), "revision": revision})
    return command


def told(story: Story) -> WorkspaceOffice:
    """Return an office after the story; whoever asks for what may not be is refused."""
    office = usual_office()
    for stream in STREAMS:
        office.do(CreateDocument(stream, "purchase", DEAR_DESK))
        office.do(SubmitDocument(stream))
    for command, by in story:
        try:
            office.handle(seen(office, command), by)
        except RefusedError:
            continue
        office.catch_up()
    return office


def rows_of(batches: Sequence[Sequence[Recorded]]) -> InMemoryRows:
    rows = InMemoryRows()
    for batch in batches:
        rows.run(WORKSPACE, batch)
    return rows


def assert_same(one: InMemoryRows, other: InMemoryRows) -> None:
    for table in WORKSPACE.tables:
        assert one.all(table) == other.all(table), table.name


@given(stories, st.lists(st.integers(1, 12), max_size=20))
def test_batches_change_no_row(story: Story, sizes: list[int]) -> None:
    office = told(story)
    log = office.log.events
    assert_same(rows_of(list(in_batches(log, iter(sizes)))), office.rows)
    assert_same(rows_of([log]), office.rows)


@given(stories, st.permutations(range(LANES)))
def test_lanes_change_no_row(story: Story, order: list[int]) -> None:
    office = told(story)
    lanes = [
        [each for each in office.log.events if lane_of(each.stream, LANES) == lane]
        for lane in order
    ]
    assert_same(rows_of(lanes), office.rows)


@given(stories, stories)
def test_a_snapshot_and_all_that_the_feed_told_since_are_a_fresh_read(
    before: Story, since: Story
) -> None:
    office = told(before)
    snapshot = office.snapshot()
    changes = []
    for command, by in since:
        try:
            changes += office.do(seen(office, command), by)
        except RefusedError:
            continue
    assert snapshot.after(changes) == office.snapshot()
