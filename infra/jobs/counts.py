"""How many background jobs have not succeeded, for a status: dead letters are the failed ones."""

from collections.abc import Mapping, Sequence

from domain.job.job import State
from infra.views.tables import Tables


def unsettled(tables: Tables) -> Sequence[Mapping[str, object]]:
    """Return a row for each state but succeeded; 0 is said too. `tables` are the workspace's."""
    rows = tables.select(
        "SELECT state, COUNT(*) FROM {job} WHERE state IN %s GROUP BY state", (_OPEN,)
    )
    found = {row[0]: row[1] for row in rows}
    return [{"state": state, "jobs": found.get(state, 0)} for state in _OPEN]


_OPEN = tuple(state.value for state in State if state is not State.SUCCEEDED)
