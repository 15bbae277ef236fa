"""The sidecar's heartbeat: one row, written at every beat, read by pages and health."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from core.model.delivery import Heartbeat

SIDECAR = "sidecar"
# A beat comes every second; three missed ones are a dead sidecar, one or two a busy machine.
ALIVE_FOR = timedelta(seconds=5)


def write_beat(session: Session, *, pid: int, now: datetime, started_at: datetime) -> None:
    """Say that the sidecar lives."""
    session.merge(Heartbeat(name=SIDECAR, pid=pid, started_at=started_at, beat_at=now))


def read_beat(session: Session) -> Heartbeat | None:
    """The last beat, or None when no sidecar ever ran."""
    return session.get(Heartbeat, SIDECAR)


def is_alive(beat: Heartbeat | None, *, now: datetime) -> bool:
    """Whether the last beat is fresh. One from the future counts too: a clock was set back."""
    return beat is not None and now - beat.beat_at <= ALIVE_FOR
