"""The form of a log's lines, and the conversation that they name."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from infra import logs


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> Iterator[logging.Logger]:
    """Give a logger of its own, whose handler the test may give another format."""
    logger = logging.getLogger("ringi.test")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger
    logger.removeHandler(handler)


def written(logger: logging.Logger, stream: io.StringIO, log_format: str) -> list[str]:
    """Log an ordinary line and an error in `log_format`; return what is written."""
    logger.handlers[0].setFormatter(logs.formatter(log_format))
    with logs.conversation("talk-7"):
        logger.info("%s at %d", "look", 7, extra={"lane": 3, "what": "two words\nand a line"})
    try:
        raise RuntimeError("no\nway")
    except RuntimeError:
        logger.exception("failed")
    return stream.getvalue().splitlines()


def test_json_is_one_object_a_line(logger: logging.Logger, stream: io.StringIO) -> None:
    first, second = (json.loads(line) for line in written(logger, stream, "json"))
    assert list(first)[:4] == ["time", "level", "logger", "message"]
    assert first["time"].endswith("Z")
    del first["time"]
    assert first == {
        "level": "info",
        "logger": "ringi.test",
        "message": "look at 7",
        "correlation_id": "talk-7",
        "lane": 3,
        "what": "two words\nand a line",
    }
    assert second["exception"].startswith("Traceback")
    assert "correlation_id" not in second


def test_text_says_the_same_and_no_value_forges_a_line(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    first, second, *traceback = written(logger, stream, "text")
    assert first.partition(" ")[2] == (
        'INFO ringi.test: look at 7 correlation_id=talk-7 lane=3 what="two words\\nand a line"'
    )
    assert second.endswith(" ERROR ringi.test: failed")
    assert traceback[0].startswith("Traceback")


def test_what_json_does_not_know_is_shown_as_text(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handlers[0].setFormatter(logs.formatter("json"))
    logger.warning("odd", extra={"thing": object(), "many": {1, 2}})
    line = json.loads(stream.getvalue())
    assert line["thing"].startswith("<object")
    assert line["many"] == [1, 2]


def test_nothing_in_extra_takes_the_place_of_what_every_line_has(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handlers[0].setFormatter(logs.formatter("json"))
    logger.warning("odd", extra={"time": "never", "level": "none", "logger": "nobody"})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"]) == ("warning", "ringi.test")
    assert line["time"] != "never"


def test_other_handlers_find_the_record_as_it_was(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handlers[0].setFormatter(logs.formatter("json"))
    other = io.StringIO()
    after = logging.StreamHandler(other)
    logger.addHandler(after)
    try:
        logger.info("%s at %d", "look", 7, extra={"lane": 3})
    finally:
        logger.removeHandler(after)
    assert other.getvalue() == "look at 7\n"
