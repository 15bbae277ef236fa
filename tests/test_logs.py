from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from core.logs import configure_logs


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    configure_logs("error")


def fail(secret: str) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")


def test_elsewhere_than_on_a_terminal_a_line_is_one_json_object() -> None:
    stream = StringIO()
    configure_logs("info", stream)
    structlog.get_logger().info("published", dataset="sales")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["dataset"], line["level"]) == ("published", "sales", "info")


def test_lines_of_libraries_look_the_same() -> None:
    stream = StringIO()
    configure_logs("info", stream)
    logging.getLogger("a.library").warning("closing %s", "now")
    assert json.loads(stream.getvalue())["event"] == "closing now"


def test_a_terminal_gets_lines_to_read() -> None:
    stream = Terminal()
    configure_logs("info", stream)
    structlog.get_logger().info("published", dataset="sales")
    assert "published" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_what_lies_below_the_level_is_left_out() -> None:
    stream = StringIO()
    configure_logs("warning", stream)
    structlog.get_logger().info("published")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [StringIO(), Terminal()])
def test_a_trace_names_the_error_but_no_values(stream: StringIO) -> None:
    configure_logs("info", stream)
    fail("a-secret")
    assert "ValueError: broken" in stream.getvalue()
    assert "a-secret" not in stream.getvalue()
