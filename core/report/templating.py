"""What page and mail have in common: how their templates are read, and how the band of an alert looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.model.document import Report, plain

TEMPLATES = Path(__file__).resolve().parent / "templates"


def environment(folder: Path, **filters: Callable[..., Any]) -> Environment:
    """Templates of a folder: everything put into them is escaped, and what is not given is a mistake."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(plain=plain, **filters)
    return made


def band(report: Report) -> Literal["gain", "loss", "quiet"]:
    """How the band of an alert looks: as what moved first is good or bad; quiet when nothing crossed its threshold."""
    tones = [part.tone for part in report.alert if part.tone in {"good", "bad"}]
    if not report.has_crossed:
        return "quiet"
    return "gain" if tones[:1] == ["good"] else "loss"
