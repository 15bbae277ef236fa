"""A report before it is drawn: text with tones, charts as Vega-Lite, tables. Page, mail and deck draw from this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

Tone = Literal["plain", "strong", "good", "bad", "muted"]


@dataclass(frozen=True)
class Text:
    """A stretch of text in one tone. Never markup: whoever draws it escapes it."""

    text: str
    tone: Tone = "plain"


Line = tuple[Text, ...]


def plain(line: Line) -> str:
    """The line's text without tones."""
    return "".join(part.text for part in line)


@dataclass(frozen=True)
class ChartBar:
    """A bar of a waterfall: from `start` to `end`, levels in the KPI's units; a total runs from 0 to its level.

    printed: the figure at the bar. group: the heading over it and its neighbours, if there is one.
    """

    label: str
    start: float
    end: float
    printed: str
    tone: Literal["total", "good", "bad", "rest"]
    is_total: bool = False
    group: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart: a Vega-Lite specification without any remote address, and an alternative text that carries the numbers.

    draw, draw_narrow: draw it for the page and, where it is laid out for them, for phones; each is called at most once,
    and only where it is shown. bars: what a waterfall is made of, for programs that draw it themselves; empty for other
    charts. redraw: lays the chart out for another width, if it can.
    """

    draw: Callable[[], dict[str, Any]] = field(compare=False, repr=False)
    alt: str
    draw_narrow: Callable[[], dict[str, Any]] | None = field(default=None, compare=False, repr=False)
    bars: tuple[ChartBar, ...] = ()
    redraw: Callable[[float], dict[str, Any]] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The chart for the page."""
        return self.draw()

    @cached_property
    def narrow(self) -> dict[str, Any] | None:
        """The chart for a phone, if there is one."""
        return self.draw_narrow() if self.draw_narrow else None

    def at_width(self, width: float) -> dict[str, Any]:
        """The chart for a place of that many design pixels; as it is where it knows one layout only."""
        return self.redraw(width) if self.redraw else self.spec


@dataclass(frozen=True)
class Table:
    """A table: `aligns` holds "left" or "right" a column; the last row is a total row if `has_total`.

    values: the numbers behind the cells, None for text, by which a reader may sort; empty where order matters.
    """

    columns: tuple[str, ...]
    aligns: tuple[Literal["left", "right"], ...]
    rows: tuple[tuple[Text, ...], ...]
    has_total: bool = False
    values: tuple[tuple[float | None, ...], ...] = ()


@dataclass(frozen=True)
class Section:
    """One view (or one step of it): `key` is the view's name, or "step:<name>".

    part, place: of a digest, the name and the number of the analysis that it shows.
    """

    key: str
    title: Line
    subtitle: str = ""
    chart: Chart | None = None
    comment: tuple[Line, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    part: str = ""
    place: int = 0


@dataclass(frozen=True)
class Report:
    """The rendered result of views and layout for one analysis and one data version.

    as_of: when the source was read; covers_until: newest day in the data; zone: IANA name in which times are printed.
    """

    name: str
    headline: Line
    sections: tuple[Section, ...]
    layout: Literal["slides", "list", "dropdown"]
    locale: str
    zone: str
    as_of: datetime
    rendered_at: datetime
    data_version: int
    covers_until: date | None = None
    alert: Line = ()
    has_crossed: bool = False
    warnings: tuple[str, ...] = field(default=())
