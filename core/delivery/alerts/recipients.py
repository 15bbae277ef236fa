"""Who hears what becomes of an export: whom its specification names, and its author of all that fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr

from sqlmodel import Session, select

from core.connectors import CHANNELS
from core.connectors.base import ADDRESS, MOST_LETTERS, checked_settings
from core.errors import DataError
from core.model.access import Person
from core.model.alerts import OF_FAILURES, AlertKind, AlertTarget
from core.model.base import is_one_line
from core.model.delivery import ExportSpec
from core.store.connections import list_connections
from core.store.people import email_of, first_owner

FEWEST = 2
"""So many should hear of failures, lest nobody does while one is away."""


def check_alerts(session: Session, organisation_id: str, spec: ExportSpec) -> None:
    """Raises DataError at `failure_recipients.<n>` or `alerts.<n>.to.<n>` for who or what is not there."""
    for place, address in enumerate(spec.failure_recipients):
        _check_address(address, f"failure_recipients.{place}")
    if not spec.alerts:
        return
    kinds = {row.id: row.kind for row in list_connections(session, organisation_id)}
    known = everybody(session, organisation_id)
    for number, alert in enumerate(spec.alerts):
        for place, target in enumerate(alert.to):
            _check_target(target, kinds, known, f"alerts.{number}.to.{place}")


@dataclass(frozen=True)
class Everybody:
    """All people of an organisation, looked up once for many exports. owner: stands in for who has left."""

    here: tuple[Person, ...]
    gone: frozenset[str]
    owner: Person

    def find(self, who: str) -> Person | None:
        """Somebody who is here, by id or address."""
        return next((one for one in self.here if one.id == who or one.email == email_of(_bare(who))), None)

    def has_left(self, who: str) -> bool:
        """Whether an address was somebody's who is here no more."""
        return email_of(_bare(who)) in self.gone


def everybody(session: Session, organisation_id: str) -> Everybody:
    """All people of an organisation, also those who have left."""
    rows = session.exec(select(Person).where(Person.organisation_id == organisation_id)).all()
    here = tuple(row for row in rows if row.left_at is None)
    gone = frozenset(row.email for row in rows if row.left_at is not None)
    return Everybody(here, gone, first_owner(session, organisation_id))


def alert_warnings(known: Everybody, spec: ExportSpec, author_id: str) -> tuple[str, ...]:
    """What is not wrong and yet not well: somebody named who has left, or too few who hear of failures."""
    found = [
        f"{address} has left and hears of nothing any more. Name somebody else for the alerts."
        for address in _addresses(spec)
        if known.has_left(address)
    ]
    found += [
        "A person named for the alerts has left. Name somebody else."
        for target in _named(spec)
        if target.person and known.find(target.person) is None and not _is_address(target.person)
    ]
    if len(listeners(known, spec, "failed", author_id)) < FEWEST:
        found.append("Only one hears when this export fails. Name a second recipient for its alerts.")
    return tuple(dict.fromkeys(found))


def listeners(known: Everybody, spec: ExportSpec, kind: AlertKind, author_id: str | None) -> tuple[AlertTarget, ...]:
    """Who hears of one kind of news, each once; of failures the author too, or, once gone, the owner."""
    named = [target for alert in spec.alerts if kind in alert.on for target in alert.to]
    if kind in OF_FAILURES:
        named += [AlertTarget(email=address) for address in spec.failure_recipients]
        named.append(AlertTarget(person=((known.find(author_id) if author_id else None) or known.owner).id))
    return tuple({target_key(one): one for one in _present(known, named)}.values())


def target_key(target: AlertTarget) -> str:
    """A target as one text."""
    return target.model_dump_json(exclude_defaults=True)


def _present(known: Everybody, named: Iterable[AlertTarget]) -> Iterator[AlertTarget]:
    """Those who are here; an address of somebody here stands for the person. Who has left hears nothing."""
    for target in named:
        who = target.person or target.email
        person = known.find(who) if who else None
        if person is not None:
            yield AlertTarget(person=person.id)
        elif target.person is None and not (target.email and known.has_left(target.email)):
            yield target


def _named(spec: ExportSpec) -> list[AlertTarget]:
    return [target for alert in spec.alerts for target in alert.to]


def _addresses(spec: ExportSpec) -> list[str]:
    named = [target.email or target.person for target in _named(spec)]
    return [_bare(one) for one in (*spec.failure_recipients, *named) if one and _is_address(one)]


def _check_target(target: AlertTarget, kinds: dict[str, str], known: Everybody, place: str) -> None:
    if target.email is not None:
        _check_address(target.email, f"{place}.email")
    if target.person is not None and known.find(target.person) is None:
        raise DataError(f"There is no person '{target.person}'. Name somebody who is here.", field=f"{place}.person")
    if target.connection is not None:
        _check_connection(target, kinds, place)


def _check_connection(target: AlertTarget, kinds: dict[str, str], place: str) -> None:
    kind = kinds.get(str(target.connection))
    if kind is None:
        raise DataError(
            f"There is no connection '{target.connection}'. Choose one that is there.", field=f"{place}.connection"
        )
    if kind not in CHANNELS:
        raise DataError(f"Nothing is sent by a connection of kind {kind}.", field=f"{place}.connection")
    try:
        checked_settings(CHANNELS[kind].destination_fields, target.settings)
    except DataError as error:
        raise DataError(str(error), field=f"{place}.{error.field}") from None


def _check_address(address: str, place: str) -> None:
    if not ADDRESS.fullmatch(address) or len(address) > MOST_LETTERS or not is_one_line(address):
        raise DataError(f"'{address[:100]}' is no e-mail address. Write it like anna@example.org.", field=place)


def _is_address(text: str) -> bool:
    return "@" in text


def _bare(address: str) -> str:
    """The address alone, in lower case; of a text that is none, the text."""
    return (parseaddr(address)[1] or address).lower()
