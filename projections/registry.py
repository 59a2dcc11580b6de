"""Every projection. The one list of them."""

from projections.base import Projection
from projections.jobs import JOBS
from projections.notices import NOTICES
from projections.workspace import WORKSPACE

PROJECTIONS: tuple[Projection, ...] = (WORKSPACE, JOBS, NOTICES)
