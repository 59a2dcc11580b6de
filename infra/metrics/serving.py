"""Serve /metrics, on a port of its own: what nobody binds, nobody reaches.

Not on the API's and the gateway's ports, which are made to be reached from outside.
"""

import logging
import socket
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

#: Seconds that a client has for its request, and for each part of the answer.
TIMEOUT_S = 10

logger = logging.getLogger(__name__)


def serve(registry: CollectorRegistry, host: str, port: int) -> WSGIServer | None:
    """Answer scrapes from threads from now on; None if `port` is 0 or cannot be had.

    Metrics are worth a warning, not a process that does not start: two workers of one machine
    with the same setting are such a case.
    """
    if not port:
        return None
    server_class = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, port, make_wsgi_app(registry), server_class, _Handler)
    except OSError as error:
        logger.warning("no metrics: %s, port %d, cannot be had: %s", host, port, error)
        return None
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    logger.info("metrics are at %s, port %d", host, port)
    return server


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = TIMEOUT_S

    def log_message(self, *_: object) -> None:
        """Say nothing of scrapes."""
