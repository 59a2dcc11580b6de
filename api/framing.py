"""No answer is shown inside another page, which could make people press what they do not see."""

import falcon

#: The policy that says so. Browsers go by it before `X-Frame-Options`, and all we serve know it.
UNFRAMED = "frame-ancestors 'none'"

_POLICY = "Content-Security-Policy"


class Framing:
    """Middleware: adds the policy to every answer whose resource says none of its own."""

    def process_response(
        self,
        _req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001  # falcon's
    ) -> None:
        """Look at the answer's headers."""
        if resp.get_header(_POLICY) is None:
            resp.set_header(_POLICY, UNFRAMED)
