"""What gunicorn runs: `gunicorn -c api/gunicorn_conf.py 'api.wsgi:app()'`."""

import logging

from api.app import Application, create_app
from infra.bootstrap import Parts
from infra.settings import Settings


def app() -> Application:
    """Return the application of this process, from its settings."""
    settings = Settings.load()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    return create_app(Parts(settings))
