"""Run a gateway: `python -m realtime`. SIGTERM and SIGINT end it in order."""

import asyncio
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable

from infra import logs
from infra.bootstrap import gateway_parts
from infra.metrics.serving import serve
from infra.settings import Settings
from realtime.limits import Limits
from realtime.metrics import GatewayCollector
from realtime.server import Gateway, Parts, listening


def main() -> None:
    """Serve until told to end."""
    settings = Settings.load()
    logs.set_up(settings)
    parts = gateway_parts(settings)

    def show(gateway: Gateway) -> None:
        parts.metrics.add(GatewayCollector(gateway))
        serve(parts.metrics.registry, settings.metrics_host, settings.gateway_metrics_port)

    run(parts, settings.gateway_host, settings.gateway_port, Limits(), show)


def run(
    parts: Parts,
    host: str,
    port: int,
    limits: Limits,
    show: Callable[[Gateway], object] = lambda _: None,
) -> None:
    """Serve on this address until SIGTERM or SIGINT, then end the process.

    `show` is given the gateway before it serves: it may look at it from threads of its own.
    """
    _allow_open_files(limits.connections)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(parts, host, port, limits, show))
        logging.shutdown()
        sys.stderr.flush()
        # Not a plain return: the interpreter would wait for threads whose questions to a hung
        # database may last for as long as its own time-outs. Nothing is left to be saved.
        os._exit(0)


async def _serve(
    parts: Parts, host: str, port: int, limits: Limits, show: Callable[[Gateway], object]
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with listening(host, port, limits) as listener:
        gateway = Gateway(parts, limits)
        show(gateway)
        logging.getLogger(__name__).info("%s listens on %s:%d", gateway.node, host, port)
        await gateway.run(listener, stop)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's if it is installed (it needs a wheel or a compiler); None: asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    return uvloop.new_event_loop


def _allow_open_files(connections: int) -> None:
    """Raise the soft limit of open files as far as it may be: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
