"""Reports that are due in the same ten minutes, for the same people, in one mail.

A delivery waits for the others of its bundle by its `next_at` alone, so nothing is lost with a worker. What is claimed
together is sealed: a try after a lost one carries the same reports, whatever has become ready meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from hashlib import blake2b
from typing import Any

from sqlmodel import Session

from core.connectors.email import Email
from core.delivery.alerts.mailer import mail_connection
from core.delivery.artefacts import belongs
from core.delivery.recipients import addresses
from core.model.delivery import ChannelDestination, Export, ExportSpec
from core.model.runs import Artefact, Delivery, Run
from core.report.mail import MOST_ATTACHED, MOST_BYTES
from core.store.bundles import SEALED, due_between, first_made, held_back, leave_now, of_bundle, unmade_between
from core.store.exports import export_spec
from core.store.runs import artefacts_of
from core.store.unsubscribed import gone_from

SLOT = timedelta(minutes=10)
LATE = "late"
"""Under this name a delivery's cursor keeps what its mail calls late."""


@dataclass(frozen=True)
class Joined:
    """What goes with a delivery in its mail. changes: to be kept with the claim of each."""

    others: tuple[Delivery, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


def bundle_of(
    session: Session,
    run: Run,
    destination: Mapping[str, Any],
    recipients: Sequence[str],
    connection_id: str | None,
) -> str:
    """The bundle that a delivery belongs to, "" for none: the same for what may be told to the same people together.

    Tests and replays go by themselves, and so does one mail for all, which nobody can leave alone.
    """
    settings = destination.get("settings", {})
    is_asked = destination.get("kind") == Email.kind and settings.get("bundle") and settings.get("mode") != "all"
    export = session.get(Export, run.subject_id) if is_asked and run.subject_kind == "export" else None
    if export is None or not recipients or run.is_test or run.parent_id is not None:
        return ""
    same = {
        "organisation": run.organisation_id,
        "author": export.created_by,
        "recipients": sorted(map(_bare, recipients)),
        "slot": _slot(run.planned_at).isoformat(),
        "connection": connection_id,
        "locks": [run.where, destination.get("overrides", {}).get("where", {})],
        "on_unknown": destination.get("on_unknown"),
    }
    return blake2b(json.dumps(same, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def leaves_at(session: Session, bundle_id: str, *, now: datetime) -> datetime:
    """When a delivery goes at the latest that is ready now: ten minutes after the first of its bundle was."""
    return max(now, (first_made(session, bundle_id) or now) + SLOT) if bundle_id else now


def let_go(session: Session, organisation_id: str, *, now: datetime) -> None:
    """Hold back no longer what waits for nothing any more."""
    found: dict[str, list[tuple[Delivery, Run]]] = {}
    for row, run in held_back(session, organisation_id, now=now):
        found.setdefault(row.bundle_id, []).append((row, run))
    for bundle_id, members in found.items():
        if not still_to_come(session, bundle_id, members[0][1]):
            leave_now(session, [row.id for row, _ in members], now=now)


def still_to_come(session: Session, bundle_id: str, member: Run) -> list[str]:
    """The names of the reports that would join a bundle and are not made yet. member: a run of it."""
    since = _slot(member.planned_at)
    return [
        run.name
        for run in _expected(session, member.organisation_id, since, since + SLOT)
        if run.id != member.id and bundle_id in _bundles(session, run)
    ]


def companions(
    session: Session, row: Delivery, files: Sequence[Artefact], *, most_unknowns: int, now: datetime
) -> Joined:
    """What leaves in one mail with a delivery that is about to be claimed.

    What has cost workers goes alone, so that none falls with another one, and so does what somebody has left.
    """
    if not row.bundle_id or row.unknowns >= most_unknowns:
        return Joined()
    is_sealed, run = SEALED in row.bundle_id, session.get_one(Run, row.run_id)
    others = tuple(_fitting(session, row, files, most_unknowns, is_sealed=is_sealed, now=now))
    if is_sealed:
        return Joined(others)
    late = still_to_come(session, row.bundle_id, run)
    return Joined(others, {"bundle_id": f"{row.bundle_id}{SEALED}{row.id}", "cursor": {LATE: late} if late else {}})


def late_of(row: Delivery) -> tuple[str, ...]:
    """What the mail of a delivery calls late."""
    names = row.cursor.get(LATE)
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _fitting(
    session: Session, row: Delivery, files: Sequence[Artefact], most_unknowns: int, *, is_sealed: bool, now: datetime
) -> Iterator[Delivery]:
    """The others that there is room for, each to another destination; the rest goes with the next mail."""
    letters, attached = _sizes(row, files)
    taken = {row.destination_id}
    if _has_left(session, row):
        return
    for other, _ in of_bundle(session, row.bundle_id, now=now):
        is_due = is_sealed or (other.next_at is not None and other.next_at <= now)
        is_alike = (_state(other), other.tries) == (_state(row), row.tries) and other.unknowns < most_unknowns
        if other.destination_id in taken or not (is_due and is_alike) or _has_left(session, other):
            continue
        own = _sizes(other, artefacts_of(session, other.run_id))
        if letters + own[0] <= MOST_BYTES and attached + own[1] <= MOST_ATTACHED:
            letters, attached = letters + own[0], attached + own[1]
            taken.add(other.destination_id)
            yield other


def _sizes(row: Delivery, files: Sequence[Artefact]) -> tuple[int, int]:
    """Bytes of a delivery's message, and of what goes with it."""
    prefix = row.message.removesuffix(f"{row.kind}.json")
    message = sum(file.bytes for file in files if file.name == row.message)
    return message, sum(file.bytes for file in files if belongs(file, prefix))


def _state(row: Delivery) -> tuple[list[str], Mapping[str, Any]]:
    """Who is still to be served, and how far a try has come: alike in whatever is one mail."""
    return sorted(_bare(who) for who in _waiting(row)), row.cursor


def _waiting(row: Delivery) -> list[str]:
    return [who for who, told in row.recipients.items() if told["state"] in {"planned", "retry"}]


def _has_left(session: Session, row: Delivery) -> bool:
    gone = gone_from(session, session.get_one(Run, row.run_id).subject_id)
    return any(_bare(who) in gone for who in _waiting(row))


def _expected(session: Session, organisation_id: str, since: datetime, until: datetime) -> Iterator[Run]:
    """What is still to be made in a slot: runs, and occurrences of schedules as the runs that they will be."""
    yield from unmade_between(session, organisation_id, since, until)
    for trigger in due_between(session, organisation_id, since, until):
        export = session.get(Export, trigger.subject_id)
        if export is not None and export.is_active and trigger.next_fire_at is not None:
            yield Run(
                organisation_id=organisation_id,
                subject_id=export.id,
                name=export.name,
                trigger_kind=trigger.kind,
                occurrence_key="",
                definition={"spec": export_spec(export).model_dump(mode="json")},
                planned_at=trigger.next_fire_at,
                created_at=trigger.next_fire_at,
            )


def _bundles(session: Session, run: Run) -> set[str]:
    """The bundles that the deliveries of a run will belong to."""
    if run.subject_kind != "export" or "spec" not in run.definition:
        return set()
    gone, mail = gone_from(session, run.subject_id), mail_connection(session, run.organisation_id)
    found = set()
    for destination in ExportSpec.model_validate(run.definition["spec"]).destinations:
        if isinstance(destination, ChannelDestination):
            staying = [who for who in addresses(destination) if _bare(who) not in gone]
            connection_id = destination.connection or (mail.id if mail else None)
            found.add(bundle_of(session, run, destination.model_dump(mode="json"), staying, connection_id))
    return found


def _slot(moment: datetime) -> datetime:
    at = moment.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 10, second=0, microsecond=0)


def _bare(recipient: str) -> str:
    """The address alone; upper and lower case are one person in practice."""
    return parseaddr(recipient)[1].lower()
