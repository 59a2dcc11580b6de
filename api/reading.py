"""Answers to questions: waiting for a position, then rows with the place that they show."""

from collections.abc import Sequence
from uuid import UUID

import falcon
import msgspec

from api.query import cursor_text
from api.waiting import Waiting
from infra.position import lane_of
from infra.views.queries.queries import Queries
from infra.views.queries.snapshot import Page, Shown

PAGING = ("limit", "cursor")


class Reading:
    """The queries, and what surrounds them. Safe to use from many threads."""

    def __init__(self, queries: Queries, waiting: Waiting) -> None:
        self.queries = queries
        self.begin = waiting.begin

    def tell(self, resp: falcon.Response, shown: Shown, stream: UUID, body: object) -> None:
        """Make `resp` one thing's members, its place, and the position that its lane shows."""
        lane = lane_of(stream, len(shown.positions))
        position = {"place": shown.place, "position": shown.token(lane)}
        resp.data = msgspec.json.encode(body | position)  # type: ignore[operator]

    def tell_page(
        self, resp: falcon.Response, listed: str, page: Page, rows: Sequence[object] | None = None
    ) -> None:
        """Make `resp` a page of the list `listed`, with where the next one begins."""
        shown = page.shown
        resp.data = msgspec.json.encode(
            {
                "items": page.rows if rows is None else rows,
                "next": None if page.next is None else cursor_text(listed, page.next),
                "place": shown.place,
                "positions": {str(lane): shown.token(lane) for lane in shown.positions},
            }
        )
