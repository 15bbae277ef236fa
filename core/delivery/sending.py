"""The switch that holds all sending: by a person, by the environment, or because this store is a copy of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.access.audit import NOBODY, note
from core.model.base import new_id
from core.store import Store
from core.store.people import get_organisation
from core.store.runs import wait_longer

COPIED = (
    "This store was restored or copied from another place. Two copies that both send would tell everybody twice: "
    "go on here when the other one no longer runs."
)
BY_ENVIRONMENT = "BRIDGECAST_SENDING is off."


@dataclass(frozen=True)
class Held:
    """Nothing is sent, and why. since: None where the environment says so."""

    why: str
    since: datetime | None = None


@dataclass(frozen=True)
class Sending:
    """The switch of one organisation. home: file that marks the data folder; a backup does not take it along."""

    store: Store
    organisation_id: str
    home: Path
    is_on: bool
    clock: Callable[[], datetime]

    def held(self) -> Held | None:
        """Why nothing is sent; None while it is."""
        if not self.is_on:
            return Held(BY_ENVIRONMENT)
        with self.store.read() as session:
            row = get_organisation(session, self.organisation_id)
        return None if row.sending_held_at is None else Held(row.sending_held_why, row.sending_held_at)

    def hold(self, why: str) -> None:
        """Send nothing from now on; what is being sent is let finish. Held already, the first reason stays."""
        with self.store.write() as session:
            row = get_organisation(session, self.organisation_id)
            if row.sending_held_at is None:
                row.sending_held_at, row.sending_held_why = self.clock(), why
                session.add(row)
                note(session, "sending.held", NOBODY, at=self.clock(), detail={"why": why})

    def go_on(self) -> None:
        """Send again; what waited goes now, and has as much time left for its tries as it had."""
        with self.store.write() as session:
            row = get_organisation(session, self.organisation_id)
            if row.sending_held_at is not None:
                wait_longer(session, self.organisation_id, self.clock() - row.sending_held_at)
                row.sending_held_at, row.sending_held_why = None, ""
                session.add(row)
                note(session, "sending.went_on", NOBODY, at=self.clock())

    def come_home(self) -> bool:
        """Whether the store is where it was last; in another place all sending is held until a person decides.

        What the environment says is written down, so that the time does not count against what waits.
        """
        if not self.is_on:
            self.hold(BY_ENVIRONMENT)
        elif (held := self.held()) is not None and held.why == BY_ENVIRONMENT:
            self.go_on()
        mark = self._mark()
        with self.store.read() as session:
            last = get_organisation(session, self.organisation_id).home
        if last and last != mark:
            self.hold(COPIED)
        if last != mark:
            with self.store.write() as session:
                row = get_organisation(session, self.organisation_id)
                row.home = mark
                session.add(row)
        return last in ("", mark)

    def _mark(self) -> str:
        """Names this very file: a copy of it has the same content and another number in its file system."""
        if not self.home.exists():
            self.home.write_text(new_id())
        return f"{self.home.read_text().strip()}:{self.home.stat().st_ino}"
