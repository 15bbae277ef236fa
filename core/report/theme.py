"""Colours, typeface and sizes of charts; `static/report.css` holds the same values for the page.

Every text colour has a contrast of at least 4.5:1 on its card, every bar of at least 3:1, but for the grey ones
of what is summed up or left over, whose figures stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]
FONT = "Source Sans Pro, Source Sans, sans-serif"
LABEL_SIZE, SMALL_SIZE = 13, 11.5


@dataclass(frozen=True)
class Palette:
    """One colour a role; `*_text` where a bar's colour would be too pale for letters."""

    total: str
    good: str
    bad: str
    rest: str
    ink: str
    muted: str
    good_text: str
    bad_text: str
    line: str
    dots: str

    def role(self, name: str) -> str:
        """The colour of a role by its name."""
        return str(getattr(self, name))


LIGHT = Palette(
    total="#334155",
    good="#1b7f5f",
    bad="#c2412d",
    rest="#94a3b8",
    ink="#1e293b",
    muted="#5b6b82",
    good_text="#1a7a5b",
    bad_text="#b93c29",
    line="#cbd5e1",
    dots="#9aa8ba",
)
DARK = Palette(
    total="#a9b8cc",
    good="#3fbf94",
    bad="#f0806c",
    rest="#718198",
    ink="#e6ecf4",
    muted="#a3b2c6",
    good_text="#55cfa6",
    bad_text="#f79a89",
    line="#3d4c63",
    dots="#66768d",
)
PALETTES: dict[str, Palette] = {"light": LIGHT, "dark": DARK}
