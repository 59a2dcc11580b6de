"""How every process of Ringi logs: one line with its time to standard error, text or JSON.

Modules log by the standard library and name what a line is about in `extra`; what is bound to the
conversation (`conversation`) is added to every line of its thread or task.
"""

import logging
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog

from infra.settings import Settings

#: Values that text shows as they are; all others as JSON does, so that no line can be forged.
_PLAIN = re.compile(r"[\w.:/{}@+-]+", re.ASCII)

_encode = msgspec.json.Encoder(enc_hook=str).encode

Line = MutableMapping[str, Any]


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
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _json if log_format == "json" else _text,
        ],
    )


def _json(_logger: object, _method: str, line: Line) -> str:
    """Return an object; its first members are those that every line has."""
    head = {"time": line.pop("time"), "level": line.pop("level"), "logger": line.pop("logger")}
    return _encode({**head, "message": line.pop("event"), **line}).decode()


def _text(_logger: object, _method: str, line: Line) -> str:
    """Return `time LEVEL logger: message`, then what else is known as `name=value`."""
    head = f"{line.pop('time')} {line.pop('level').upper()} {line.pop('logger')}: "
    message, exception = line.pop("event"), line.pop("exception", None)
    shown = " ".join([message, *(f"{name}={_shown(value)}" for name, value in line.items())])
    return head + shown + (f"\n{exception}" if exception else "")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else _encode(value).decode()
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return _encode(value).decode()
    return text
