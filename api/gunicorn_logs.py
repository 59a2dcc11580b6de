"""gunicorn's own lines, in the form that all of Ringi's have."""

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from infra import logs
from infra.settings import Settings


class SameLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands its lines to the root logger; there is no access log here, the API has its own."""

    def setup(self, cfg: object) -> None:
        """Begin, in the master and again in each process."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        logs.set_up(Settings.load())
