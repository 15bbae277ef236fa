"""A chart that is no waterfall, in design pixels before Altair draws it; y runs downwards from 0 to height.

Roles are those of the palette. A piece whose `key` is given belongs to what a click on that place picks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from core.report.shapes import Label

Key = tuple[str, ...]
Shape = Literal["circle", "diamond", "head"]
NOTHING: Key = ()


@dataclass(frozen=True)
class Box:
    """A filled rectangle, or its outline alone."""

    x: float
    x2: float
    y: float
    y2: float
    role: str
    key: Key = NOTHING
    is_outline: bool = False


@dataclass(frozen=True)
class Stroke:
    """A line of some width."""

    x: float
    x2: float
    y: float
    y2: float
    role: str
    width: float = 1.0
    key: Key = NOTHING
    is_dotted: bool = False


@dataclass(frozen=True)
class Mark:
    """A point. size: its extent; a head is that of an arrow and points along `angle`, degrees clockwise from up."""

    x: float
    y: float
    shape: Shape
    role: str
    size: float
    key: Key = NOTHING
    angle: float = 0.0
    is_hollow: bool = False


@dataclass(frozen=True)
class Place:
    """Where a pointer finds something, a rectangle or a line with room around: what it says, what a click picks."""

    x: float
    x2: float
    y: float
    y2: float
    key: Key
    description: str
    is_line: bool = False


@dataclass(frozen=True)
class Picture:
    """All pieces of a chart. fields: what the parts of a key are called in a selection."""

    width: float
    height: float
    fields: Key
    boxes: tuple[Box, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass
class Sheet:
    """A picture in the making. height grows with what is put on it."""

    width: float
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def finished(self, *fields: str) -> Picture:
        """The picture as it stands now."""
        return Picture(
            self.width,
            self.height,
            fields,
            tuple(self.boxes),
            tuple(self.strokes),
            tuple(self.marks),
            tuple(self.labels),
            tuple(self.places),
        )


def tone_role(tone: str) -> str:
    """Colour role of figures in a tone."""
    return {"good": "good_text", "bad": "bad_text"}.get(tone, "muted")


def spoken_tone(tone: str) -> Literal["good", "bad", "plain"]:
    """A chart's tone as that of a text."""
    return "good" if tone == "good" else "bad" if tone == "bad" else "plain"


def turned(printed_change: str, value: float | None) -> str:
    """A printed change behind an arrow that says its direction."""
    if not value:
        return printed_change
    return ("▲ " if value > 0 else "▼ ") + printed_change
