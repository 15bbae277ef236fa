"""Connections to outside systems: kept with their secrets sealed, changed, checked, used to send mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from types import MappingProxyType

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.secrets import Secrets
from core.connectors import CHANNELS, CONNECTORS
from core.connectors.base import (
    Account,
    Channel,
    Check,
    Connector,
    LooksUp,
    Outside,
    Value,
    checked_secrets,
    checked_settings,
)
from core.connectors.email import Email
from core.errors import DataError, DeliveryError, NotFound, SecretsLost
from core.model.base import is_one_line
from core.model.connections import Connection
from core.store import Store
from core.store.connections import (
    add_connection,
    change_connection,
    delete_connection,
    get_connection,
    keep_check,
    keep_only_default,
    keep_secrets,
    list_connections,
)

LONGEST_NAME = 100
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class SavedConnection:
    """A connection as people see it: which secrets are set, never what they are.

    problem: why its secrets cannot be used. last_check: with its moment, None until the first.
    """

    id: str
    kind: str
    name: str
    settings: Mapping[str, Value]
    secrets: frozenset[str]
    revision: int
    created_by: str
    created_at: datetime
    modified_at: datetime
    checked_at: datetime | None = None
    last_check: Check | None = None
    problem: str = ""

    @property
    def connector(self) -> Connector:
        """The service that it speaks to."""
        return CONNECTORS[self.kind]


@dataclass(frozen=True)
class Connections:
    """The connections of one organisation. Who may call what is asked of `core.access.rights` before."""

    store: Store
    secrets: Secrets = field(repr=False)
    outside: Outside
    organisation_id: str
    clock: Callable[[], datetime]

    def all(self) -> list[SavedConnection]:
        """Every connection, the oldest first."""
        with self.store.read() as session:
            return [self._saved(row) for row in list_connections(session, self.organisation_id)]

    def kinds(self) -> dict[str, str]:
        """The kind of each connection, by id."""
        with self.store.read() as session:
            return {row.id: row.kind for row in list_connections(session, self.organisation_id)}

    def names(self) -> dict[str, str]:
        """What each is called, by id."""
        with self.store.read() as session:
            return {row.id: row.name for row in list_connections(session, self.organisation_id)}

    def get(self, connection_id: str) -> SavedConnection:
        """One connection. Raises NotFound."""
        with self.store.read() as session:
            return self._saved(get_connection(session, self.organisation_id, connection_id))

    def create(
        self,
        kind: str,
        name: str,
        settings: Mapping[str, object],
        secrets: Mapping[str, object] = NOTHING,
        *,
        by: str,
    ) -> SavedConnection:
        """Keep a new connection. Raises DataError naming the field, AlreadyExists."""
        fields = connector_of(kind).fields
        kept = checked_settings(fields, settings)
        given = {name: secret for name, secret in checked_secrets(fields, secrets).items() if secret is not None}
        sealed, now = self.secrets.seal(given), self.clock()
        with self.store.write() as session:
            row = add_connection(
                session, self.organisation_id, kind, checked_name(name), kept, sealed, person_id=by, now=now
            )
            _settle(session, row)
            note(session, "connection.made", _subject(row), at=now)
            return self._saved(row)

    def change(
        self,
        connection_id: str,
        *,
        name: str | None = None,
        settings: Mapping[str, object] = NOTHING,
        secrets: Mapping[str, object] = NOTHING,
        if_revision: int | None = None,
    ) -> SavedConnection:
        """Change what is given: a setting that is None falls back to its default, a secret that is None is forgotten.

        Raises NotFound, Stale, AlreadyExists, and DataError naming the field, also when secrets would go to another
        host than the one they were given for.
        """
        with self.store.write() as session:
            row = get_connection(session, self.organisation_id, connection_id)
            fields = connector_of(row.kind).fields
            kept = checked_settings(fields, {**row.settings, **settings})
            sealed = self._resealed(row, kept, checked_secrets(fields, secrets))
            called = row.name if name is None else checked_name(name)
            change_connection(session, row, called, kept, sealed, now=self.clock(), if_revision=if_revision)
            _settle(session, row)
            changed = {"settings": sorted(settings), "secrets": sorted(secrets)}
            note(session, "connection.changed", _subject(row), at=self.clock(), detail=changed)
            return self._saved(row)

    def delete(self, connection_id: str) -> None:
        """Forget a connection with its secrets. Raises NotFound."""
        with self.store.write() as session:
            subject = _subject(get_connection(session, self.organisation_id, connection_id))
            delete_connection(session, self.organisation_id, connection_id)
            note(session, "connection.deleted", subject, at=self.clock())

    def check(self, connection_id: str) -> Check:
        """Try a connection and keep what was found. Raises NotFound."""
        with self.store.read() as session:
            row = get_connection(session, self.organisation_id, connection_id)
        try:
            check = connector_of(row.kind).check(self._account(row), self.outside)
        except SecretsLost as error:
            check = Check(ok=False, text=str(error))
        with self.store.write() as session:
            keep_check(session, row, is_ok=check.ok, text=check.text, now=self.clock())
        return check

    def mailer(self) -> SavedConnection | None:
        """What invitations and resets are sent with: the default mail connection, else the oldest; None without one."""
        found = [saved for saved in self.all() if saved.kind == Email.kind]
        return next((saved for saved in found if saved.settings["is_default"]), next(iter(found), None))

    def send_mail(self, message: EmailMessage) -> Mapping[str, str]:
        """Send one message with the `mailer`; recipients that were refused beside others, with the server's words.

        Raises DeliveryError.
        """
        mailer = self.mailer()
        if mailer is None:
            raise DeliveryError("There is no mail connection. Add one under Connections.", permanent=True)
        with self.store.read() as session:
            row = get_connection(session, self.organisation_id, mailer.id)
        return Email().post(self._account(row), self.outside, message)

    def channel(self, kind: str, connection_id: str | None) -> tuple[Channel, Account]:
        """What sends to a destination of this kind. Mails without a connection go by the `mailer`.

        Raises NotFound, SecretsLost, and DataError for a connection of another kind, or none.
        """
        mailer = self.mailer() if kind == Email.kind and connection_id is None else None
        wanted = connection_id or (mailer.id if mailer else None)
        if wanted is None:
            raise DataError(f"The destination has no {kind} connection. Choose one, or add it under Connections.")
        with self.store.read() as session:
            row = get_connection(session, self.organisation_id, wanted)
        if row.kind != kind:
            raise DataError(f"Connection '{row.name}' is of kind {row.kind}, the destination of kind {kind}.")
        return CHANNELS[kind], self._account(row)

    def lookup(self, connection_id: str, name: str, settings: Mapping[str, object]) -> Mapping[str, str]:
        """What a field of a destination may hold, value to label, asked of the service now; empty where it has no list.

        Raises NotFound, SecretsLost, DeliveryError.
        """
        with self.store.read() as session:
            row = get_connection(session, self.organisation_id, connection_id)
        channel = CHANNELS.get(row.kind)
        if not isinstance(channel, LooksUp):
            return {}
        return channel.lookup(self._account(row), self.outside, name, settings)

    def _account(self, row: Connection) -> Account:
        """Raises SecretsLost."""
        settings = checked_settings(connector_of(row.kind).fields, row.settings)
        opened = self.secrets.open(row.secrets)
        return Account(settings, opened, partial(self._renew, row.id, opened))

    def _renew(self, connection_id: str, before: Mapping[str, str], renewed: Mapping[str, str]) -> None:
        """Keep what a service gave for secrets of before, unless somebody changed or deleted the connection since."""
        with suppress(NotFound, SecretsLost), self.store.write() as session:
            row = get_connection(session, self.organisation_id, connection_id)
            now = self.secrets.open(row.secrets)
            if all(now.get(name) == before.get(name) for name in renewed):
                keep_secrets(session, row, self.secrets.seal({**now, **renewed}))

    def _resealed(self, row: Connection, kept: Mapping[str, Value], given: Mapping[str, str | None]) -> str:
        """The row's secrets with those that were given. What is lost may be typed again, all of it."""
        if not given and not _moved(row, kept):
            return row.secrets
        try:
            before = self.secrets.open(row.secrets)
        except SecretsLost:
            before = {}
        untold = before.keys() - given.keys()
        if untold and (moved := _moved(row, kept)):
            secret = sorted(untold)[0]
            raise DataError(
                f"'{moved}' was changed. Type the {secret.replace('_', ' ')} again: it was given for another one.",
                field=f"secrets.{secret}",
            )
        return self.secrets.seal({name: value for name, value in {**before, **given}.items() if value is not None})

    def _saved(self, row: Connection) -> SavedConnection:
        try:
            secrets, problem = frozenset(self.secrets.open(row.secrets)), ""
        except SecretsLost as error:
            secrets, problem = frozenset(), str(error)
        return SavedConnection(
            id=row.id,
            kind=row.kind,
            name=row.name,
            settings=checked_settings(connector_of(row.kind).fields, row.settings),
            secrets=secrets,
            revision=row.revision,
            created_by=row.created_by,
            created_at=row.created_at,
            modified_at=row.modified_at,
            checked_at=row.checked_at,
            last_check=None if row.check_ok is None else Check(row.check_ok, row.check_text),
            problem=problem,
        )


def connector_of(kind: str) -> Connector:
    """The connector of a kind. Raises DataError with those there are."""
    if kind not in CONNECTORS:
        raise DataError(f"There is no kind of connection '{kind}'. There are: {', '.join(CONNECTORS)}.", field="kind")
    return CONNECTORS[kind]


def checked_name(name: str) -> str:
    """A connection's name as it is kept. Raises DataError."""
    bare = name.strip()
    if not bare or len(bare) > LONGEST_NAME or not is_one_line(bare):
        raise DataError(f"A connection's name is one line of 1 to {LONGEST_NAME} characters.", field="name")
    return bare


def _moved(row: Connection, kept: Mapping[str, Value]) -> str | None:
    """The label of the setting that would take the secrets elsewhere."""
    for one in connector_of(row.kind).fields:
        if one.binds_secrets and row.settings.get(one.name) != kept[one.name]:
            return one.label
    return None


def _settle(session: Session, row: Connection) -> None:
    if row.settings.get("is_default"):
        keep_only_default(session, row)


def _subject(row: Connection) -> Subject:
    return Subject("connection", row.id, row.name)
