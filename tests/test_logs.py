from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from urllib.parse import quote

import pytest
import structlog
from streamlit.logger import get_logger

from core.logs import configure_logs, never_log, scrubbed


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


@pytest.fixture
def lines() -> StringIO:
    stream = StringIO()
    configure_logs("info", stream)
    return stream


@pytest.mark.parametrize("secret", ["correct horse", 'with "quotes" and \\', "Grüße 🌉", "a&b=c d/e"])
def test_a_secret_that_was_opened_is_hidden_whoever_writes_it(lines: StringIO, secret: str) -> None:
    never_log([secret])
    structlog.get_logger().info(f"said {secret}", answer={"text": [secret]})
    logging.getLogger("a.library").warning("calling https://example.org/?q=%s with %r", quote(secret, safe=""), secret)
    assert lines.getvalue().count("***") >= 4
    for spelling in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
        assert spelling not in lines.getvalue()


def test_a_secret_within_a_trace_is_hidden(lines: StringIO) -> None:
    never_log(["correct horse"])
    try:
        raise ValueError("no such password: correct horse")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("a.library").exception("failed too")
    assert "correct horse" not in lines.getvalue()
    assert "no such password: ***" in lines.getvalue()


def test_a_library_that_writes_by_a_handler_of_its_own_hides_secrets_too(
    lines: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    never_log(["correct horse"])
    own = get_logger("streamlit.of_this_test")
    own.warning("asked with %s", "correct horse")
    try:
        raise ValueError("no such password: correct horse")
    except ValueError:
        own.exception("and failed by https://me:word@example.org/")
    written = capsys.readouterr().err
    assert "asked with ***" in written
    assert "ValueError: no such password: ***" in written
    assert "https://***@example.org/" in written
    assert "correct horse" not in written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:word@example.org/x", "https://***@example.org/x"),
        ("POST https://hooks.slack.com/services/T0/B0/abc failed", "POST https://hooks.slack.com/services/*** failed"),
        ("https://acme.webhook.office.com/webhookb2/1/IncomingWebhook/2", "https://acme.webhook.office.com/***"),
        (
            "https://x.logic.azure.com/workflows/1?api=1&sig=abc&x=1",
            "https://x.logic.azure.com/workflows/1?api=1&sig=***&x=1",
        ),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ("bc_aaaaaaaaaaaaaaaaaaaaaaaa", "bc_***"),
        ("xoxb-123456789012-abcdef", "xoxb-***"),
        ("GET /r/revenue/aaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbb 200", "GET /r/revenue/*** 200"),
        ('{"password": "word"}', '{"password": "***"}'),
        ("{'client_secret': 'word'}", "{'client_secret': '***'}"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert scrubbed(text) == shown


@pytest.mark.parametrize("text", ["GET /api/v1/orgs/1/connections 200", "token of the owner", "3 keys, code 550"])
def test_what_does_not_stays(text: str) -> None:
    assert scrubbed(text) == text
