"""Trigger URLs: whoever calls one asks for a run. The same call twice is one run; what is asked is never trusted more
than the token that comes with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from itsdangerous import BadSignature, Signer
from sqlmodel import Session

from core.access.keys import Keys
from core.access.tokens import hash_token
from core.delivery.ledger import Ledger
from core.delivery.parameters import filters_of
from core.delivery.signatures import signing_secrets, verified_id
from core.delivery.subjects import started_export
from core.delivery.work import Asked
from core.errors import Busy, Conflict, DataError
from core.model.base import new_id
from core.model.delivery import Export
from core.model.runs import Run
from core.model.triggers import Trigger, UrlTrigger
from core.store import Store
from core.store.exports import get_export
from core.store.triggers import count_planned, find_trigger, newest_run, run_of, trigger_spec, was_used

JOINED_FOR = timedelta(seconds=60)
"""Calls within this time of the last accepted one are the same one."""
STATUS_FOR = timedelta(hours=24)
MOST_WAITING = 20
KEY = re.compile(r"[\x20-\x7e]{1,255}")
IDEMPOTENCY_KEY = "Idempotency-Key"
NOTHING: Mapping[str, Any] = {}
_NO_DIGEST = hash_token("")


@dataclass(frozen=True)
class KnownTrigger:
    """A trigger URL whose token is right. secrets: that its calls may be signed with."""

    id: str
    public_id: str
    export_id: str
    name: str
    spec: UrlTrigger
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Call:
    """How a URL was called. parameters: as they were sent, checked by `Triggers.fire`."""

    method: Literal["GET", "POST"]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class Fired:
    """The run that a call asked for. is_duplicate: an earlier call had asked for it."""

    run_id: str
    status_url: str
    is_duplicate: bool


@dataclass(frozen=True)
class RunStatus:
    """What whoever started a run may know of it."""

    run_id: str
    state: str
    reason: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Triggers:
    """The trigger URLs of one organisation."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        keys: Keys,
        organisation_id: str,
        base_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._ledger, self._clock = store, ledger, clock
        self._organisation_id, self._base_url, self._keys = organisation_id, base_url, keys
        self._signer = Signer(keys.oldest_first, salt="bridgecast run status", digest_method=hashlib.sha256)

    def find(self, public_id: str, token: str) -> KnownTrigger | None:
        """The trigger behind `/t/<public id>/<token>`; None for all that does not work, alike in what it does."""
        with self._store.read() as session:
            row = find_trigger(session, self._organisation_id, public_id)
            export = session.get(Export, row.subject_id) if row else None
        is_right = _is_right(row, token, self._clock())
        if row is None or export is None or not is_right:
            return None
        spec = trigger_spec(row)
        if not isinstance(spec, UrlTrigger):
            return None
        secrets = signing_secrets(self._keys, row.id, hash_token(token)) if spec.is_signed else ()
        return KnownTrigger(row.id, public_id, export.id, export.name, spec, secrets)

    def verified(self, known: KnownTrigger, headers: Mapping[str, str], body: bytes) -> str | None:
        """The id of a signed call; None where none is asked for. Raises AccessDenied for another call."""
        return verified_id(known.secrets, headers, body, self._clock()) if known.spec.is_signed else None

    def fire(self, known: KnownTrigger, call: Call) -> Fired:
        """Ask for a run, or name the one that an equal call asked for.

        Raises DataError (a parameter, a key with another body), Conflict (switched off, paused) and Busy (too many
        wait already).
        """
        where = filters_of(known.spec, call.parameters)
        with self._store.write() as session:
            now = self._clock()
            row = session.get(Trigger, known.id)
            export = session.get(Export, known.export_id)
            if row is None or export is None or not row.is_active:
                raise Conflict(f"Export '{known.name}' is switched off. Switch it on, then call this address again.")
            was_used(session, row.id, at=now)
            fired = None if row.rule["is_paused"] else self._accept(session, row, export, call, where, now)
            if fired is None:
                self._write_down_pause(session, row, export, now)
        if fired is None:
            raise Conflict(f"This trigger of export '{known.name}' is paused. Resume it, then call again.")
        return fired

    def start(self, export_id: str, *, by: str, how: Literal["hand", "api"], key: str | None = None) -> Fired:
        """A run that a person asks for, by id. Raises NotFound, Conflict for an export that is off, DataError (key)."""
        if key is not None:
            _require_key(key)
        now = self._clock()
        with self._store.write() as session:
            started = started_export(get_export(session, self._organisation_id, export_id))
            if not started.is_active:
                raise Conflict(f"Export '{started.name}' is switched off. Switch it on, then start it.")
            asked = self._ledger.ask(
                subject_id=started.id,
                name=started.name,
                definition=started.definition,
                trigger_kind=how,
                occurrence_key=f"{started.id}:{how}:{key or new_id()}",
                planned_at=now,
                by=by,
                session=session,
            )
            return self._fired(asked.run_id, not asked.is_new)

    def status(self, signed: str) -> RunStatus | None:
        """What became of a run, for a day; None for what was not signed here, and later."""
        try:
            run_id = self._signer.unsign(signed).decode("ascii")
        except (BadSignature, ValueError):
            return None
        with self._store.read() as session:
            run = session.get(Run, run_id)
        if run is None or self._clock() - run.created_at > STATUS_FOR:
            return None
        return RunStatus(run.id, run.state, run.reason, run.created_at, run.started_at, run.finished_at)

    def status_url(self, run_id: str) -> str:
        """Where `status` is asked without a login."""
        return f"{self._base_url}/t/status/{self._signer.sign(run_id).decode('ascii')}"

    def _joined(
        self, session: Session, row: Trigger, call: Call, where: Mapping[str, Any], now: datetime
    ) -> Run | None:
        """The run that this call is a repeat of."""
        if call.key is not None:
            return _of_key(session, row, call.key, where)
        run = newest_run(session, f"{_prefix(row, call)}:", now=now)
        if run is None or not _is_near(run, now):
            return None
        # What calls by GET says that data is ready: a run that has begun may have read the data before.
        return None if call.method == "GET" and run.started_at is not None else run

    def _accept(
        self, session: Session, row: Trigger, export: Export, call: Call, where: Mapping[str, Any], now: datetime
    ) -> Fired:
        if run := self._joined(session, row, call, where, now):
            return self._fired(run.id, True)
        _require_room(session, row)
        key = _keyed(row, call.key) if call.key else _stamped(_prefix(row, call), now)
        asked = self._ask(session, row, export, key, now, where)
        return self._fired(asked.run_id, not asked.is_new)

    def _write_down_pause(self, session: Session, row: Trigger, export: Export, now: datetime) -> None:
        """Calls of a paused trigger are no secret: one row for those that come together."""
        prefix = f"{row.id}:paused"
        before = newest_run(session, f"{prefix}:", now=now)
        if before is None or not _is_near(before, now):
            self._ask(session, row, export, _stamped(prefix, now), now, state="ignored", reason="paused")

    def _ask(
        self,
        session: Session,
        row: Trigger,
        export: Export,
        key: str,
        now: datetime,
        where: Mapping[str, Any] = NOTHING,
        *,
        state: Literal["planned", "ignored"] = "planned",
        reason: str = "",
    ) -> Asked:
        started = started_export(export)
        return self._ledger.ask(
            subject_id=started.id,
            name=started.name,
            definition=started.definition,
            trigger_id=row.id,
            trigger_kind="url",
            occurrence_key=key,
            planned_at=now,
            where=where,
            state=state,
            reason=reason,
            session=session,
        )

    def _fired(self, run_id: str, is_duplicate: bool) -> Fired:
        return Fired(run_id, self.status_url(run_id), is_duplicate)


def _is_right(row: Trigger | None, token: str, now: datetime) -> bool:
    """Whether it is one of the two tokens. Compared in constant time, with something whatever there is."""
    digest = hash_token(token)
    is_newest = hmac.compare_digest((row.sha256 if row else None) or _NO_DIGEST, digest)
    is_old = hmac.compare_digest((row.old_sha256 if row else None) or _NO_DIGEST, digest)
    if row is None or not token:
        return False
    return is_newest or (is_old and row.old_until is not None and now < row.old_until)


def _require_key(key: str) -> None:
    if not KEY.fullmatch(key):
        raise DataError(f"{IDEMPOTENCY_KEY} is 1 to 255 printable ASCII characters.", field=IDEMPOTENCY_KEY)


def _of_key(session: Session, row: Trigger, key: str, where: Mapping[str, Any]) -> Run | None:
    _require_key(key)
    run = run_of(session, _keyed(row, key))
    if run is not None and run.where != where:
        raise DataError(
            f"{IDEMPOTENCY_KEY} '{key}' was sent before with other parameters. Use a new key for another run.",
            field=IDEMPOTENCY_KEY,
        )
    return run


def _require_room(session: Session, row: Trigger) -> None:
    if count_planned(session, row.id) >= MOST_WAITING:
        raise Busy(f"{MOST_WAITING} runs of this trigger wait already. Call again when one of them has begun.")


def _is_near(run: Run, now: datetime) -> bool:
    return timedelta(0) <= now - run.created_at < JOINED_FOR


def _stamped(prefix: str, now: datetime) -> str:
    """A key of its own, that comes after earlier ones in the order of texts."""
    return f"{prefix}:{now:%Y%m%dT%H%M%S.%f}:{new_id()[:8]}"


def _keyed(row: Trigger, key: str) -> str:
    return f"{row.id}:key:{key}"


def _prefix(row: Trigger, call: Call) -> str:
    """What equal calls share. A GET takes no parameters."""
    if call.method == "GET":
        return f"{row.id}:get"
    said = json.dumps(call.parameters, sort_keys=True)
    return f"{row.id}:body:{hashlib.sha256(said.encode()).hexdigest()[:32]}"
