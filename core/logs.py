"""Structured logs on standard error: lines to read on a terminal, one JSON object a line elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


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
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _rendering(stream: TextIO) -> tuple[Processor, ...]:
    """Traces without the values of variables, which may hold secrets."""
    if stream.isatty():
        return (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
    return structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)


def _library_formatter(stream: TextIO) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(SHARED),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream)],
    )
