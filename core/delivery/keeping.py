"""What a specification leaves to us: ids of its triggers and destinations, and one row for each trigger."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from sqlmodel import Session

from core.access.keys import Keys
from core.access.tokens import hash_token
from core.delivery.rules import fingerprint, next_fires, occurrences
from core.delivery.signatures import signing_secrets
from core.errors import DataError
from core.model.base import new_id
from core.model.delivery import ChannelDestination, ExportSpec, LinkDestination
from core.model.triggers import DatasetTrigger, ScheduleTrigger, Trigger, TriggerSpec, UrlTrigger
from core.store.triggers import get_trigger, list_triggers, save_triggers, trigger_spec

Named = TypeVar("Named", ScheduleTrigger | UrlTrigger | DatasetTrigger, LinkDestination | ChannelDestination)
OLD_WORKS_FOR = timedelta(days=7)
"""How long the old address of a trigger works besides the new one, unless it is said otherwise."""
PUBLIC_BYTES, TOKEN_BYTES = 9, 32
NO_TOKENS: Mapping[str, str] = {}


@dataclass(frozen=True)
class SavedTrigger:
    """A trigger as its author sees it. problem: why a schedule was stopped.

    next_fires: of schedules that are on, holidays left out. url: with its token, once: when it was made or renewed.
    signing_secret: beside it, where calls are to be signed.
    state: "revoked" is a URL that nothing opens; while the export is off, every trigger is.
    """

    id: str
    kind: str
    spec: TriggerSpec
    state: Literal["on", "paused", "off", "revoked"]
    next_fires: tuple[datetime, ...]
    last_used_at: datetime | None
    old_until: datetime | None
    problem: str = ""
    url: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)


def saved_trigger(
    row: Trigger, now: datetime, url: str | None = None, signing_secret: str | None = None
) -> SavedTrigger:
    """What the row says."""
    spec = trigger_spec(row)
    return SavedTrigger(
        id=row.id,
        kind=row.kind,
        spec=spec,
        state=_state(row, spec),
        next_fires=_coming(spec, now) if row.is_active and not spec.is_paused else (),
        last_used_at=row.last_used_at,
        old_until=row.old_until if row.old_until and row.old_until > now else None,
        problem=row.problem,
        url=url,
        signing_secret=signing_secret,
    )


def told_once(row: Trigger, now: datetime, base_url: str, keys: Keys, token: str) -> SavedTrigger:
    """The same with its address, and with its secret where calls are to be signed."""
    is_signed = bool(row.rule.get("is_signed"))
    secret = signing_secrets(keys, row.id, hash_token(token))[0] if is_signed else None
    return saved_trigger(row, now, trigger_url(base_url, row, token), secret)


def with_ids(spec: ExportSpec, before: ExportSpec | None = None) -> ExportSpec:
    """The specification with an id at every trigger and destination.

    One that names an id of its kind from before keeps it; one without takes that of the earlier one of its kind, in
    order (of links: the one with its slug). All else is new.
    """
    triggers = _named(spec.triggers, before.triggers if before else (), lambda one: one.kind)
    destinations = _named(spec.destinations, before.destinations if before else (), _place)
    return spec.model_copy(update={"triggers": triggers, "destinations": destinations})


def keep_triggers(
    session: Session,
    organisation_id: str,
    subject: tuple[str, str],
    specs: Sequence[TriggerSpec],
    *,
    is_active: bool,
    now: datetime,
) -> dict[str, str]:
    """Bring the rows in step with the specification; the tokens of URLs that are new, by trigger.

    subject: kind and id of what they start. A schedule that is switched on, resumed or changed begins anew with the
    next occurrence; what it has planned already stays.
    """
    known = {row.id: row for row in list_triggers(session, organisation_id, subject[1])}
    tokens: dict[str, str] = {}
    kept = []
    for spec in specs:
        row = known.pop(str(spec.id), None)
        if row is None:
            row = Trigger(id=str(spec.id), organisation_id=organisation_id, subject_id=subject[1], kind=spec.kind)
            row.subject_kind, row.created_at, row.rule, row.is_active = subject[0], now, {}, False
            if isinstance(spec, UrlTrigger):
                row.public_id, tokens[row.id] = secrets.token_urlsafe(PUBLIC_BYTES), _new_token(row)
        _bring_in_step(row, spec, is_active=is_active, now=now)
        kept.append(row)
    save_triggers(session, kept, known.values())
    return tokens


def rotate_trigger(
    session: Session, organisation_id: str, subject_id: str, trigger_id: str, *, now: datetime, old_works_for: timedelta
) -> tuple[Trigger, str]:
    """Give a URL another token; the one before it works on for a while. Raises NotFound, also for other kinds."""
    row = get_trigger(session, organisation_id, subject_id, trigger_id, kind="url")
    row.old_sha256, row.old_until = row.sha256, now + old_works_for
    token = _new_token(row)
    save_triggers(session, [row])
    return row, token


def revoke_trigger(session: Session, organisation_id: str, subject_id: str, trigger_id: str) -> Trigger:
    """Close a URL at once, with every token it has."""
    row = get_trigger(session, organisation_id, subject_id, trigger_id, kind="url")
    row.sha256 = row.old_sha256 = row.old_until = None
    save_triggers(session, [row])
    return row


def trigger_url(base_url: str, row: Trigger, token: str) -> str:
    """The address that starts it."""
    return f"{base_url}/t/{row.public_id}/{token}"


def _coming(spec: TriggerSpec, now: datetime) -> tuple[datetime, ...]:
    """When it runs next; nothing of a rule that can no longer be reckoned."""
    try:
        return tuple(next_fires(spec, now)) if isinstance(spec, ScheduleTrigger) else ()
    except DataError:
        return ()


def _new_token(row: Trigger) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row.sha256 = hash_token(token)
    return token


def _state(row: Trigger, spec: TriggerSpec) -> Literal["on", "paused", "off", "revoked"]:
    if row.kind == "url" and row.sha256 is None:
        return "revoked"
    if not row.is_active:
        return "off"
    return "paused" if spec.is_paused or row.problem else "on"


def _bring_in_step(row: Trigger, spec: TriggerSpec, *, is_active: bool, now: datetime) -> None:
    said = spec.model_dump(mode="json")
    was_paused = bool(row.rule.get("is_paused"))
    if isinstance(spec, ScheduleTrigger):
        reckoned = fingerprint(spec)
        if not (row.is_active and is_active) or was_paused != spec.is_paused or row.next_rule != reckoned:
            row.next_fire_at = next(occurrences(spec, now), None) if is_active else None
            row.next_rule = reckoned
    elif (
        not (row.is_active and is_active)
        or was_paused != spec.is_paused
        or row.rule.get("dataset") != said.get("dataset")
    ):
        row.next_rule = ""
    if row.rule and row.rule != said:
        row.rule_revision += 1
    row.rule, row.is_active, row.problem = said, is_active, ""


def _named(wanted: Iterable[Named], before: Iterable[Named], place: Callable[[Named], object]) -> tuple[Named, ...]:
    """The same with ids: those that are known, then those of the places before, then new ones."""
    given = list(wanted)
    left = {one.id: place(one) for one in before if one.id}
    ids: list[str | None] = []
    for one in given:
        ids.append(one.id if one.id and left.get(one.id) == place(one) else None)
        if ids[-1]:
            left.pop(str(ids[-1]))
    for number, one in enumerate(given):
        if ids[number] is None:
            ids[number] = next((known for known, at in left.items() if at == place(one) and not one.id), None)
            left.pop(str(ids[number]), None)
    return tuple(one.model_copy(update={"id": id_ or new_id()}) for one, id_ in zip(given, ids, strict=True))


def _place(one: LinkDestination | ChannelDestination) -> object:
    return ("link", one.settings.slug) if isinstance(one, LinkDestination) else one.kind
