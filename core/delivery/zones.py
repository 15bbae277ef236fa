"""Time zones from the data that is installed with Bridgecast, so that one version number says how they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

from core.errors import DataError

ZONE_DATA: str = IANA_VERSION
"""Version of the zones' rules."""
TOLD_AHEAD = timedelta(days=14)
"""How long before a change of clocks people are told of it."""


@cache
def zone_names() -> tuple[str, ...]:
    """The name of every zone."""
    return tuple(files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def find_zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises DataError at `zone`, with a guess."""
    if name not in zone_names():
        by_lower = {known.lower(): known for known in zone_names()}
        guess = get_close_matches(name.lower(), by_lower, n=1)
        meant = f" Did you mean '{by_lower[guess[0]]}'?" if guess else ""
        raise DataError(f"'{name[:80]}' is no time zone.{meant} Use a name such as Europe/Paris or UTC.", field="zone")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@dataclass(frozen=True)
class ClockChange:
    """Clocks of a zone are set. at: the first moment after it, in UTC; by: forward, or below zero back."""

    at: datetime
    by: timedelta


def clock_change(zone: ZoneInfo, after: datetime, within: timedelta = TOLD_AHEAD) -> ClockChange | None:
    """The next change of clocks in the time that is told ahead, if there is one."""
    early = after.astimezone(UTC)
    last = early + within
    while early < last:
        late = min(early + timedelta(days=1), last)
        if _offset(zone, early) != _offset(zone, late):
            return ClockChange(_first_with(zone, early, late), _offset(zone, late) - _offset(zone, early))
        early = late
    return None


def _first_with(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The first whole second between two moments at which the later one's offset holds."""
    wanted, early = _offset(zone, late), early.replace(microsecond=0)
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
        early, late = (early, middle) if _offset(zone, middle) == wanted else (middle, late)
    return late


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
