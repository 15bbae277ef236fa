"""Time zones from the data that is installed with Bridgecast, so that one version number says how they change."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

from core.errors import DataError

ZONE_DATA: str = IANA_VERSION
"""Version of the zones' rules."""


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
