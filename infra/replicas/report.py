"""The replicas for `ringi status`: each one's health, how far it is, what it lacks."""

from collections.abc import Mapping, Sequence
from math import isinf

from eventsourcing.persistence import PersistenceError

from infra.replicas.looking import Seen, count_lacking
from infra.replicas.router import Router
from infra.replicas.servers import Replica


def replica_rows(router: Router) -> Sequence[Mapping[str, object]]:
    """Return a row for each replica, as it is now; looks at each."""
    there = router.watch.round()
    return [_row(router, replica, there) for replica in router.replicas]


def _row(router: Router, replica: Replica, there: Seen | None) -> Mapping[str, object]:
    state = replica.state
    return {
        "replica": replica.name,
        "state": "in use" if not state.reason else f"left out: {state.reason}",
        "positions": _positions(state.seen),
        "mark": None if state.seen is None else state.seen.mark,
        "lag_events": _lag_events(router, state.seen, there),
        "lag_s": None if state.seen is None or isinf(state.lag_s) else round(state.lag_s, 3),
    }


def _positions(seen: Seen | None) -> Mapping[str, int] | None:
    """Return the position that each lane of the views has reached there."""
    if seen is None:
        return None
    return {str(lane): position for lane, position in sorted(seen.positions.items())}


def _lag_events(router: Router, seen: Seen | None, there: Seen | None) -> int | None:
    if seen is None or there is None or seen.epoch != there.epoch:
        return None
    try:
        return count_lacking(router.primary.datastore, seen, there)
    except PersistenceError:
        return None
