"""Whether mail itself fails: then nobody can be told of it by mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col

from core.connectors.email import Email
from core.delivery.domains import OUTSIDE
from core.model.connections import Connection
from core.model.runs import Attempt, Circuit
from core.store.alerts import tries_by
from core.store.circuits import paused_connections
from core.store.connections import list_connections

TRIES = 2
"""So many tries in a row that never came to a recipient, and mail fails."""


@dataclass(frozen=True)
class MailTrouble:
    """Mail fails. connection: its name; since: the first moment that is known."""

    connection: str
    text: str
    since: datetime


def mail_connection(session: Session, organisation_id: str) -> Connection | None:
    """What alerts are mailed with: the default mail connection, else the oldest."""
    found = [row for row in list_connections(session, organisation_id) if row.kind == Email.kind]
    return next((row for row in found if row.settings.get("is_default")), next(iter(found), None))


def mail_trouble(session: Session, organisation_id: str) -> MailTrouble | None:
    """What is wrong with mail; None while it works, and where there is none."""
    row = mail_connection(session, organisation_id)
    if row is None:
        return None
    if session.exec(paused_connections().where(col(Circuit.id) == row.id)).first():
        circuit = session.get_one(Circuit, row.id)
        return MailTrouble(row.name, circuit.disabled_reason, circuit.disabled_at or row.modified_at)
    tries = tries_by(session, row.id, Email.kind, TRIES)
    if len(tries) < TRIES or not all(_never_came(attempt, row) for attempt in tries):
        return None
    return MailTrouble(row.name, tries[0].note, tries[-1].finished_at or tries[-1].started_at)


def _never_came(attempt: Attempt, row: Connection) -> bool:
    """Whether the server was not reached, or took nothing; what came before it was mended does not count."""
    at = attempt.finished_at or attempt.started_at
    is_mended = row.modified_at > at or (row.check_ok is True and row.checked_at is not None and row.checked_at > at)
    failed = attempt.outcome in {"failed", "unknown"} and attempt.error_class not in {"worker_lost", OUTSIDE}
    return failed and not attempt.response and not is_mended
