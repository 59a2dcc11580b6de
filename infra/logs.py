"""How every process of Ringi logs: one line with its time, to standard error."""

import logging

from infra.settings import Settings


def set_up(settings: Settings) -> None:
    """Log from the level that the settings name."""
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It tells of each connection and of each answer to a health check.
    logging.getLogger("websockets.server").setLevel(logging.WARNING)
