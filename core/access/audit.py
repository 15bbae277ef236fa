"""The audit: who did what, when and from where. Entries are only added; those past their retention are pruned.

Who acts is an argument of `record`. Deep inside, where only the change is known, `note` takes it from the request or
page that runs: its edge says so once by `acting`. Nobody acting means Bridgecast itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.access.tokens import Caller
from core.model.access import AuditEntry
from core.store.audit import add_entry, only_organisation


@dataclass(frozen=True)
class Subject:
    """What an act was about: a kind (export, link, person …), its id, and its name at that time."""

    kind: str
    id: str = ""
    name: str = ""


@dataclass
class Actor:
    """Who acts in the running request or page; the caller is filled in as soon as it is known."""

    caller: Caller | None = None
    address: str = ""


NOBODY = Subject("")
_actor: ContextVar[Actor | None] = ContextVar("bridgecast_actor", default=None)


@contextmanager
def acting(caller: Caller | None = None, address: str = "") -> Iterator[Actor]:
    """Within the block, this caller acts, from that network address."""
    actor = Actor(caller, address)
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def now_acts(caller: Caller, address: str = "") -> None:
    """From here on, to the end of the running request or page, this caller acts."""
    running = _actor.get()
    if running is None:
        _actor.set(Actor(caller, address))
    else:
        running.caller, running.address = caller, address or running.address


def actor() -> Actor:
    """Whoever acts now."""
    return _actor.get() or Actor()


def record(
    session: Session,
    caller: Caller | None,
    act: str,
    subject: Subject = NOBODY,
    *,
    at: datetime,
    address: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry in the transaction of what it tells of. `act` is subject and verb: "export.changed".

    caller: None for Bridgecast itself, and for somebody unknown. detail: small JSON, never a secret.
    """
    organisation_id = caller.organisation_id if caller else only_organisation(session)
    entry = AuditEntry(
        organisation_id=organisation_id,
        at=at,
        person_id=caller.person_id if caller else None,
        person=(caller.name or caller.email) if caller else "",
        act=act,
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject=subject.name,
        address=address,
        detail=dict(detail or {}),
    )
    return add_entry(session, entry)


def note(
    session: Session, act: str, subject: Subject, *, at: datetime, detail: Mapping[str, Any] | None = None
) -> AuditEntry:
    """`record` for whoever acts now."""
    who = actor()
    return record(session, who.caller, act, subject, at=at, address=who.address, detail=detail)
