"""Which form an answer has: there is one."""

import falcon

from api.problems import ApiError, Fault

_TAKES_JSON = ("*/*", "application/json")


class Negotiation:
    """Middleware: refuses, before anything happens, who could not read the answer."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Look at the header Accept.

        Raises:
            ApiError: NOT_ACCEPTABLE.
        """
        if req.accept not in _TAKES_JSON and not req.client_accepts("application/json"):
            raise ApiError(Fault.NOT_ACCEPTABLE, "every answer is application/json", "Accept")
