"""Logs of whole approvals: documents that are created, decided and paid, many at once."""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.actor import Actor
from domain.command import Command
from domain.document.commands import (
    AddComment,
    ApproveStep,
    CreateDocument,
    ReachMilestone,
    SubmitDocument,
)
from domain.events import EVENTS
from domain.metadata import Event
from infra.codec import Codec
from tests.builders import ANN, DOCUMENT, FAY, FIN, MIA, Given, a_meta, given
from tests.documents import DEAR_DESK, DEAR_REVISION

#: Documents that are under way at any time: each event is a random one's next.
OPEN = 200

_LIFE: Sequence[tuple[Command, Actor]] = (
    (CreateDocument(DOCUMENT, "purchase", DEAR_DESK), ANN),
    (SubmitDocument(DOCUMENT), ANN),
    (AddComment(DOCUMENT, "Is the height adjustable? The last one was not."), MIA),
    (ApproveStep(DOCUMENT, DEAR_REVISION), MIA),
    (ApproveStep(DOCUMENT, DEAR_REVISION, comment="within the budget"), FAY),
    (ReachMilestone(DOCUMENT, "ordered"), FIN),
    (ReachMilestone(DOCUMENT, "paid"), FAY),
)


@cache
def life() -> Sequence[tuple[Event, Actor]]:
    """Return what happens to one document, as its commands are decided."""
    case: Given = given()
    events: list[tuple[Event, Actor]] = []
    for command, actor in _LIFE:
        decided = case.when(command, actor).events
        assert decided, f"{command.NAME} is refused"
        events += [(event, actor) for event in decided]
        case = case.after(command, actor)
    return events


def events(number: int) -> Iterator[StoredEvent]:
    """Yield so many stored events, each time the same."""
    rng, codec, whole = random.Random(1), Codec(EVENTS), life()
    streams = iter(lambda: UUID(int=rng.getrandbits(128), version=4), None)
    under_way = [(stream, 0) for stream in islice(streams, OPEN)]
    for _ in range(number):
        place = rng.randrange(OPEN)
        stream, version = under_way[place]
        event, actor = whole[version]
        yield codec.stored(stream, version + 1, event, a_meta(actor.login))
        ended = version + 1 == len(whole)
        under_way[place] = (next(streams), 0) if ended else (stream, version + 1)
