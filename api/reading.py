"""Answers to questions: waiting for a position, then rows with the place that they show."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import falcon
import msgspec

from api.authentication import actor_of
from api.query import cursor_text, malformed
from api.waiting import Waiting
from infra.position import lane_of
from infra.replicas.needed import Moment
from infra.replicas.router import Router
from infra.views.queries.queries import Queries
from infra.views.queries.snapshot import Page, Shown

PAGING = ("limit", "cursor")

#: Between where the next page begins and what it must show; base64 has no such character.
_MARK = "."


class Reading:
    """The queries, and what surrounds them. Safe to use from many threads."""

    def __init__(self, queries: Queries, waiting: Waiting, router: Router) -> None:
        self.queries = queries
        self._waiting = waiting
        self._router = router

    def begin(self, req: falcon.Request, *names: str) -> Mapping[str, str]:
        """Return the URL's parameters, once whoever will answer shows the position they name.

        No later page is answered from before the page that its cursor came with.

        Raises:
            ApiError: MALFORMED_QUERY, OTHER_EPOCH, NOT_YET_SHOWN.
        """
        self._router.begin(actor_of(req).login)
        given = dict(self._waiting.begin_reading(req, *names))
        if "cursor" in given:
            given["cursor"], _, shown = given["cursor"].partition(_MARK)
            if shown:
                self._require(shown)
        return given

    def cursor(self, listed: str, after: Sequence[int | str], shown: Moment | int) -> str:
        """Return the opaque text of where the next page begins, and of what it must show.

        `shown` is the moment of the views, or how far the log was seen.
        """
        return f"{cursor_text(listed, after)}{_MARK}{shown}"

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
        more = page.next is not None
        resp.data = msgspec.json.encode(
            {
                "items": page.rows if rows is None else rows,
                "next": self.cursor(listed, page.next or (), shown.moment) if more else None,
                "place": shown.place,
                "positions": {str(lane): shown.token(lane) for lane in shown.positions},
            }
        )

    def _require(self, shown: str) -> None:
        try:
            if shown.isascii() and shown.isdecimal():
                self._router.require_log(int(shown))
            else:
                self._router.require_moment(Moment.parse(shown))
        except ValueError:
            raise malformed("a cursor is what `next` of the previous page was", "cursor") from None
