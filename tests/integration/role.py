"""A tiny role for tests of the local installation: `python role.py NAME`, as a Procfile's line."""

import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.settings import Settings


class Ready(BaseHTTPRequestHandler):
    """Answers 200 to GET /readyz, 404 to everything else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()


def main(name: str) -> None:
    """Listen as `api` or `gateway`, wait with a child as `worker`."""
    settings = Settings.load()
    if name == "worker":
        child = subprocess.Popen(["sleep", "100000"])
        signal.signal(signal.SIGTERM, lambda _number, _frame: child.terminate())
        print("the worker has a child", child.pid)
        sys.exit(child.wait())
    port = {"api": settings.api_port, "gateway": settings.gateway_port}[name]
    ThreadingHTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
