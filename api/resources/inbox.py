"""The inbox: what waits for somebody's decision."""

from dataclasses import dataclass

import falcon

from api.authentication import actor_of
from api.query import cursor_of, limit_of
from api.reading import PAGING, Reading
from api.rights import require_own
from domain.errors import Reason, RefusedError
from infra.views.access import Access


@dataclass(frozen=True)
class Inbox:
    """/v1/inbox."""

    access: Access
    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the tasks of the actor, or for admins and auditors those of `?person=`.

        With those of people in whose place they decide now.
        """
        given = self.reading.begin(req, "person", *PAGING)
        whose = actor_of(req)
        if given.get("person", whose.login) != whose.login:
            require_own(whose, given["person"])
            person = self.access.actor(given["person"])
            if person is None:
                raise RefusedError(Reason.NOT_FOUND, "no active person has this login", "person")
            whose = person
        after = cursor_of(given, "inbox", (int, str))
        place = None if after is None else (int(after[0]), str(after[1]))
        self.reading.tell_page(
            resp,
            "inbox",
            self.reading.queries.inbox.of(
                whose, self.access.substitutes.represented(whose), place, limit_of(given)
            ),
        )
