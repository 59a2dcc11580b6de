"""How gunicorn runs the API: processes with threads; WEB_CONCURRENCY says how many processes.

Read by gunicorn alone, which takes each name of this module as a setting.
"""

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
#: None: whoever wants one has a proxy in front; it would hold what people filter by.
accesslog = None
#: Its place would be one for all installations of an account, and nobody here speaks to it.
control_socket_disable = True
errorlog = "-"
loglevel = _settings.log_level.lower()
