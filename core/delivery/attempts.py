"""The one place of the rails where whatever goes wrong becomes a value: nothing that is sent may fall with another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def attempted(act: Callable[[], Found]) -> Found | Exception:
    """What it found, or what it raised."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001  a try, a run, a round fails alone, whatever the reason
        return error
