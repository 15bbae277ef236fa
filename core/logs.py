"""Structured logs on standard error: lines to read on a terminal, one JSON object a line elsewhere.

No line holds a secret, whoever writes it: values that were opened (`never_log`) and all that looks like one are hidden.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
# Shorter ones would hide parts of ordinary words.
SHORTEST_SECRET = 5
LOOKS_SECRET = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        (r"([a-z][a-z0-9+.-]*://)[^\s/@\"']+@", rf"\1{HIDDEN}@"),
        (r"(hooks\.slack(?:-gov)?\.com/[a-z]+/)[^\s\"'<>]+", rf"\1{HIDDEN}"),
        (r"(\.webhook\.office\.com/)[^\s\"'<>]+", rf"\1{HIDDEN}"),
        (r"\b(bearer|basic|token)(:? )[\w.~+/=-]{8,}", rf"\1\2{HIDDEN}"),
        (r"\b(bc_|xox[a-z]-|xapp-)[\w-]{8,}", rf"\1{HIDDEN}"),
        (r"(/(?:r|t|in)/[\w-]+/)[\w.-]{20,}", rf"\1{HIDDEN}"),
        (r"\b(sig|signature|token|key|code|secret|password)=[^&\s\"'<>]+", rf"\1={HIDDEN}"),
        (r"\b((?:\w+_)?(?:password|secret|authorization|cookie)[\"']?: ?)([\"'])[^\"']*\2", rf"\1\2{HIDDEN}\2"),
    )
)
_never: set[str] = set()

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


class Record(logging.LogRecord):
    """A line of a library, without secrets whichever handler writes it: some bring their own, past `configure_logs`."""

    def getMessage(self) -> str:  # noqa: N802  the library's name
        """The line."""
        return scrubbed(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The trace as text; whichever formatter makes it keeps it here and reads it again."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = text and scrubbed(text)


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Send our own lines and those of the libraries to `stream`, from `level` on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*SHARED, *_rendering(stream)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_library_formatter(stream))
    logging.setLogRecordFactory(Record)
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def never_log(values: Iterable[str]) -> None:
    """Hide these values in every line of this process from now on, in any spelling."""
    for value in values:
        if len(value) >= SHORTEST_SECRET:
            _never.update({value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe="")})


def scrubbed(text: str) -> str:
    """A text without secrets."""
    for value in sorted(_never, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    for pattern, shown in LOOKS_SECRET:
        text = pattern.sub(shown, text)
    return text


def _without_secrets(render: Processor) -> Processor:
    def rendered(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return scrubbed(str(render(logger, name, event)))

    return rendered


def _rendering(stream: TextIO) -> tuple[Processor, ...]:
    """Traces without the values of variables, which may hold secrets."""
    if stream.isatty():
        console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return (_without_secrets(console),)
    lines = structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.format_exc_info, _without_secrets(lines)


def _library_formatter(stream: TextIO) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(SHARED),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream)],
    )
