"""A chart in design pixels before Altair draws it: bars, lines, texts; x from 0 to width, y downwards from 0 to height.

A `Waterfall` is what is to be shown, a `Drawing` where each piece of it stands. `layout_columns` and `layout_rows` turn
one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["total", "good", "bad", "rest"]
Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Bar:
    """One bar of a waterfall.

    key: the step's or segment's own name, which a click gives back; "" for a bar that is none.
    start, end: levels in KPI units; a total runs from 0 to its level.
    printed, beneath: the figure at the bar and the smaller one under it, `beneath` from long to short.
    description: everything the bar says, for tooltip and screen reader.
    is_light: drawn light, because it belongs to the second comparison.
    is_usual: marked, because it lies within the usual variation of its days.
    """

    key: str
    label: str
    from_to: str
    start: float
    end: float
    printed: str
    beneath: tuple[str, ...]
    tone: Tone
    description: str
    is_total: bool = False
    is_light: bool = False
    is_usual: bool = False


@dataclass(frozen=True)
class Group:
    """A heading over the bars `first` to `last`, both inclusive."""

    label: str
    first: int
    last: int


@dataclass(frozen=True)
class Entry:
    """A line of the legend: what full or light bars are, or a remark without a swatch."""

    label: str
    swatch: Literal["full", "light", "none"] = "none"


@dataclass(frozen=True)
class Waterfall:
    """Bars in order. field: "step" or "segment"; floor: the level at which the axis starts; floor_note says so.

    peers: the second comparison's bar at each bar, None where it has none; empty where nothing is compared twice.
    peers_stand: behind their bars, or beside them, to the left or to the right.
    below: another waterfall beneath this one, at the same scale.
    """

    bars: tuple[Bar, ...]
    field: Literal["step", "segment"]
    floor: float = 0.0
    floor_note: str = ""
    groups: tuple[Group, ...] = ()
    legend: tuple[Entry, ...] = ()
    peers: tuple[Bar | None, ...] = ()
    peers_stand: Literal["behind", "left", "right"] = "behind"
    below: Waterfall | None = None

    @property
    def parts(self) -> tuple[Waterfall, ...]:
        """This one, and the one below if there is one."""
        return (self,) if self.below is None else (self, self.below)

    def peer(self, index: int) -> Bar | None:
        """The second comparison's bar at bar `index`."""
        return self.peers[index] if self.peers else None

    @property
    def all_bars(self) -> tuple[Bar, ...]:
        """Bars and their peers."""
        return (*self.bars, *(peer for peer in self.peers if peer is not None))

    @property
    def is_paired(self) -> bool:
        """Whether bars stand side by side."""
        return bool(self.peers) and self.peers_stand != "behind"


@dataclass(frozen=True)
class Rect:
    """A bar's place."""

    x: float
    x2: float
    y: float
    y2: float
    bar: Bar


@dataclass(frozen=True)
class Rule:
    """A line; dotted ones connect bars."""

    x: float
    x2: float
    y: float
    y2: float
    is_dotted: bool = False


@dataclass(frozen=True)
class Label:
    """A text in a colour role; y is its middle."""

    x: float
    y: float
    text: str
    role: str
    size: float
    align: Align = "center"
    is_bold: bool = False


@dataclass(frozen=True)
class Swatch:
    """A small sample of a bar in the legend."""

    x: float
    x2: float
    y: float
    y2: float
    is_light: bool


@dataclass(frozen=True)
class Drawing:
    """All pieces of a chart."""

    width: float
    height: float
    rects: tuple[Rect, ...]
    rules: tuple[Rule, ...]
    labels: tuple[Label, ...]
    swatches: tuple[Swatch, ...] = ()


def beneath_role(bar: Bar) -> str:
    """Colour role of the smaller figure at a bar."""
    return {"good": "good_text", "bad": "bad_text"}.get(bar.tone, "muted")


def span(waterfall: Waterfall) -> tuple[float, float]:
    """Lowest and highest level drawn, of a waterfall below too: both have one scale."""
    bars = [bar for part in waterfall.parts for bar in part.all_bars]
    levels = [level for bar in bars for level in (bar.start, bar.end) if not bar.is_total]
    levels += [bar.end for bar in bars if bar.is_total] + [waterfall.floor]
    return min(levels), max(levels)
