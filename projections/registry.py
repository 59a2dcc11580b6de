"""Every projection. The one list of them."""

from projections.base import Projection
from projections.workspace import WORKSPACE

PROJECTIONS: tuple[Projection, ...] = (WORKSPACE,)
