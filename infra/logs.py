"""How every process of Ringi logs: one line with its time to standard error, text or JSON.

Modules log by the standard library and name what a line is about in `extra`; what is bound to the
conversation (`conversation`) is added to every line of its thread or task.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from infra.settings import Settings

#: Values that text shows as they are; all others as JSON does, so that no line can be forged.
_PLAIN = re.compile(r"[\w.:/{}@+-]+", re.ASCII)

_encode = msgspec.json.Encoder(enc_hook=str).encode

#: What every line has, in this order.
_HEAD = ("time", "level", "logger", "message")

#: The time of a line, in UTC.
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"

#: What the standard library gives every record; what else a record has came by `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

Line = dict[str, Any]


def set_up(settings: Settings) -> None:
    """Log from the level that the settings name, in their format."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(settings.log_format))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    # It tells of each connection and of each answer to a health check.
    logging.getLogger("websockets.server").setLevel(logging.WARNING)


@contextmanager
def conversation(correlation_id: str) -> Iterator[None]:
    """Name the conversation in every line that this thread or task logs in the block."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
        yield


def formatter(log_format: str) -> logging.Formatter:
    """Return what makes a line of a record: `text` or `json`."""
    return _Lines(_json if log_format == "json" else _text)


class _Lines(logging.Formatter):
    """Makes lines. structlog's own way takes nearly twice as long, and each request has one."""

    def __init__(self, show: Callable[[Line], str]) -> None:
        super().__init__()
        self._show = show

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; the record stays as it is."""
        given = {name: value for name, value in vars(record).items() if name not in _USUAL}
        line = structlog.contextvars.get_contextvars() | given
        if record.stack_info:
            line["stack_info"] = record.stack_info
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        line["time"] = datetime.fromtimestamp(record.created, UTC).strftime(_TIME)
        line["level"], line["logger"] = record.levelname.lower(), record.name
        line["message"] = record.getMessage()
        return self._show(line)


def _json(line: Line) -> str:
    """Return an object; its first members are those that every line has."""
    return _encode({name: line.pop(name) for name in _HEAD} | line).decode()


def _text(line: Line) -> str:
    """Return `time LEVEL logger: message`, then what else is known as `name=value`."""
    time, level, logger, message = (line.pop(name) for name in _HEAD)
    exception = line.pop("exception", None)
    shown = " ".join([message, *(f"{name}={_shown(value)}" for name, value in line.items())])
    return f"{time} {level.upper()} {logger}: {shown}" + (f"\n{exception}" if exception else "")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else _encode(value).decode()
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return _encode(value).decode()
    return text
