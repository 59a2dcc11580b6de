"""What gunicorn runs: `gunicorn -c api/gunicorn_conf.py 'api.wsgi:app()'`."""

from api.app import Application, create_app
from infra import logs
from infra.bootstrap import lasting_parts
from infra.settings import Settings


def app() -> Application:
    """Return the application of this process, from its settings."""
    settings = Settings.load()
    logs.set_up(settings)
    return create_app(lasting_parts(settings))
