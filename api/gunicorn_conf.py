"""How gunicorn runs the API: processes with threads; WEB_CONCURRENCY says how many processes.

Read by gunicorn alone, which takes each name of this module as a setting. The master serves the
metrics of its processes, which share them through files of a folder of its own.
"""

import os
import shutil
import tempfile
from typing import Any

from api.gunicorn_logs import SameLogger
from infra.settings import Settings

_settings = Settings.load()

bind = f"{_settings.api_host}:{_settings.api_port}"
worker_class = "api.gunicorn_worker.BoundedThreadWorker"
threads = _settings.api_threads
#: Connections that one process keeps, most of them idle.
worker_connections = 1000
#: Seconds for which an idle connection is kept for its client's next request.
keepalive = 30
#: Seconds until a process that no longer answers is replaced. Its threads may wait for the log.
timeout = 60
#: Seconds that requests under way have when the process is told to end.
graceful_timeout = 10
#: What a request's line and headers may be: a path, a cursor and a token, with room to spare.
limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 8190
#: None: the API writes its own, which holds nothing of what people filter by (`api.observing`).
accesslog = None
#: Its place would be one for all installations of an account, and nobody here speaks to it.
control_socket_disable = True
errorlog = "-"
loglevel = _settings.log_level.lower()
logger_class = SameLogger


def on_starting(server: Any) -> None:  # noqa: ANN401  # gunicorn has no types
    """Make the folder in which the processes count; before one of them is started."""
    server.metrics_folder = tempfile.mkdtemp(prefix="ringi-metrics-")
    # Read when prometheus_client is imported; the processes inherit it.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = server.metrics_folder


def when_ready(server: Any) -> None:  # noqa: ANN401
    """Serve what they count."""
    from infra.metrics.family import family_registry  # noqa: PLC0415  # not before `on_starting`
    from infra.metrics.serving import serve  # noqa: PLC0415

    server.metrics_server = serve(
        family_registry(server.metrics_folder),
        _settings.metrics_host,
        _settings.api_metrics_port,
    )


def post_fork(server: Any, _worker: Any) -> None:  # noqa: ANN401
    """Leave the metrics' port to the master."""
    if server.metrics_server is not None:
        server.metrics_server.socket.close()


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401
    """Forget what an ended process said of its present; what it has counted stays."""
    from prometheus_client import multiprocess  # noqa: PLC0415  # not before `on_starting`

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ANN401
    """Remove the folder. What a killed master leaves behind is some 100 KB."""
    shutil.rmtree(server.metrics_folder, ignore_errors=True)
