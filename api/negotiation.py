"""Which form an answer has: JSON, but where a resource says otherwise."""

from collections.abc import Mapping
from typing import Any

import falcon

from api.problems import ApiError, Fault

_JSON = "application/json"
_TAKES_JSON = ("*/*", _JSON)


class Negotiation:
    """Middleware: refuses, before anything happens, who could not read the answer.

    A resource that answers with something else than JSON says so: `produces`, a media type, or
    None for whatever there is.
    """

    def process_resource(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        resource: object,
        _params: Mapping[str, Any],
    ) -> None:
        """Look at the header Accept.

        Raises:
            ApiError: NOT_ACCEPTABLE.
        """
        produced: str | None = getattr(resource, "produces", _JSON)
        if produced is None or (produced == _JSON and req.accept in _TAKES_JSON):
            return
        media_type = produced.partition(";")[0]
        if not req.client_accepts(media_type):
            raise ApiError(Fault.NOT_ACCEPTABLE, f"the answer is {media_type}", "Accept")
