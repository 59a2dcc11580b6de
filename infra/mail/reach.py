"""How far the view of people is: whom a notice is for is asked of it, so it must not be behind."""

from dataclasses import dataclass

from domain.directory.events import EVENTS
from infra.eventstore.datastore import Datastore
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.projecting.place import read_place
from projections.workspace import WORKSPACE

_TOPICS = tuple(sorted(event.TOPIC for event in EVENTS))


@dataclass(frozen=True)
class Reach:
    """Compares the lanes of the workspace, on the primary, with the log."""

    datastore: Datastore
    recorder: MariaDBApplicationRecorder

    def up_to(self, position: int) -> int:
        """Return the position up to which the view shows all that the log says of people.

        At most `position`, which must be settled. One statement, and one for each lane whose
        checkpoint is before it: a checkpoint does not move for what it passes over.
        """
        with self.datastore.cursor() as cursor:
            place = read_place(cursor, WORKSPACE.name, self.datastore.settings.views)
        return min(
            (
                self._lane_up_to(lane, each.position, position)
                for lane, each in place.lanes.items()
                if each.position < position
            ),
            default=position,
        )

    def _lane_up_to(self, lane: int, after: int, position: int) -> int:
        page = self.recorder.read(after, 1, position, _TOPICS, lane)
        return page.notifications[0].id - 1 if page.notifications else min(page.reached, position)
