"""What waits to be told, put into messages: runs of their own in the ledger, or cards in the inbox.

A message takes along all that waits for its recipient, and at most so many go to each in an hour; the rest waits for
the next one. News does not go by the connection that it is about, and not by mail while mail fails: whoever has the
app finds a card there instead.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, get_args

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from core.connectors.email import Email
from core.delivery.alerts.mailer import mail_connection, mail_trouble
from core.delivery.artefacts import Artefacts
from core.delivery.attempts import attempted
from core.delivery.domains import allowed_domains, is_allowed
from core.delivery.making import add_deliveries
from core.delivery.work import PlannedDelivery
from core.model.access import Person
from core.model.alerts import ALERTS_ID, AlertTarget, Notice
from core.model.base import new_id
from core.model.connections import Connection
from core.model.delivery import Export
from core.model.runs import InboxCard, Run
from core.report.alert_mail import News, Told, What, alert_card, alert_mail, alert_subject, told
from core.store import Store
from core.store.alerts import count_messages, mark_told, notices_of, waiting_notices
from core.store.inbox import add_cards
from core.store.people import OWNER_EMAIL, first_owner, get_organisation
from core.store.runs import add_all, add_event, insert_run

log = structlog.get_logger(__name__)

AN_HOUR = timedelta(hours=1)
MOST_MESSAGES = 20
"""So many go to one recipient in an hour."""
ALERT = "alert"
"""Kind under which the ledger keeps messages."""
WORST_FIRST: tuple[str, ...] = get_args(What)


Draw = Callable[[Sequence[Told], Sequence[News], str], Mapping[str, Any]]
"""The message of a channel: of the news in words, as facts, in a locale."""


@dataclass(frozen=True)
class Way:
    """How a recipient is told: by a connection of that kind, or by a card for a person; by neither: not at all."""

    target_key: str
    kind: str = ""
    connection_id: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    person_id: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whom a mail goes to."""
        named = [one for name in ("to", "cc", "bcc") for one in self.settings.get(name) or ()]
        return tuple(dict.fromkeys(map(str, named))) if self.kind == Email.kind else ()


@dataclass
class Letter:
    """What some recipients are told alike: what it is about once, and the notices that are done with it, way by way."""

    locale: str
    about: list[Mapping[str, Any]]
    ways: list[Way] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def news(self) -> list[News]:
        """What is told."""
        return [News.of(each) for each in self.about]

    def single(self) -> list[Letter]:
        """A letter for each piece of news and each recipient."""
        pieces = itertools.product(self.ways, self.about)
        return [
            Letter(self.locale, [about], [way], [notice])
            for (way, about), notice in zip(pieces, self.notices, strict=True)
        ]


@dataclass(frozen=True)
class Outbox:
    """Messages about exports. draw: how kinds other than mail are told, by kind."""

    store: Store
    artefacts: Artefacts
    organisation_id: str
    draw: Mapping[str, Draw]

    def send(self, now: datetime) -> int:
        """Put what waits into messages; how many."""
        with self.store.read() as session:
            waiting = waiting_notices(session, self.organisation_id)
            if not waiting:
                return 0
            zone = get_organisation(session, self.organisation_id).time_zone
            letters = self._letters(session, waiting, now)
        return sum(self._tell(letter, zone, now) for letter in letters)

    def _tell(self, letter: Letter, zone: str, now: datetime) -> int:
        """Post a letter; how many recipients get a message. What cannot be put into words keeps nothing else back:
        such a letter goes piece by piece, and the piece itself is left out and stands in the log."""
        match attempted(lambda: self._post(letter, zone, now)):
            case SQLAlchemyError() | OSError() as error:
                raise error
            case Exception() if len(letter.notices) > 1:
                return sum(self._tell(each, zone, now) for each in letter.single())
            case Exception() as error:
                log.error("news left out, it cannot be told", about=letter.about[0], exc_info=error)
                with self.store.write() as session:
                    mark_told(session, [notice.id for notice in letter.notices], "", now=now)
                return 0
            case count:
                return count

    def _letters(self, session: Session, waiting: Iterable[Notice], now: datetime) -> list[Letter]:
        """What is told together, and to whom; those who are told the same share it."""
        ways, found = _Ways(session, self.organisation_id), dict[tuple[str, str, bool], tuple[Way, list[Notice]]]()
        for notice in sorted(waiting, key=_rank):
            way = ways.of(notice)
            found.setdefault((notice.locale, way.target_key, bool(way.kind)), (way, []))[1].append(notice)
        letters: dict[tuple[str, ...], Letter] = {}
        for (locale, key, is_sent), (way, notices) in found.items():
            if is_sent and count_messages(session, key, since=now - AN_HOUR) >= MOST_MESSAGES:
                continue
            alike = (locale, *(notice.key for notice in notices))
            letter = letters.setdefault(alike, Letter(locale, [notice.about for notice in notices]))
            letter.ways.append(way)
            letter.notices += notices
        return list(letters.values())

    def _post(self, letter: Letter, zone: str, now: datetime) -> int:
        """Put a letter into the ledger and the inbox at once; how many recipients get a message."""
        news = letter.news
        words = [told(each, letter.locale, zone) for each in news]
        sent, cards = [way for way in letter.ways if way.kind], [way for way in letter.ways if way.person_id]
        run_id = new_id() if sent else ""
        messages = {way.kind: self._message(way.kind, words, news, letter.locale) for way in sent}
        files = [
            self.artefacts.write(run_id, f"{kind}.json", "application/json", message)
            for kind, message in messages.items()
        ]
        with self.store.write() as session:
            if sent:
                run = _run(self.organisation_id, run_id, alert_subject(words, letter.locale), news, now)
                row, _ = insert_run(session, run)
                add_event(session, row, row.state, at=now)
                add_all(session, files)
                add_deliveries(session, row, [_delivery(way) for way in sent], now=now)
            card = alert_card(words, letter.locale)
            session.add_all([_card(self.organisation_id, way.person_id, card, now) for way in cards])
            mark_told(session, [notice.id for notice in letter.notices], run_id, now=now)
        if len(sent) + len(cards) < len(letter.ways):
            log.warning("somebody could not be told", news=words[0].title)
        return len(sent)

    def _message(self, kind: str, words: Sequence[Told], news: Sequence[News], locale: str) -> bytes:
        drawn = alert_mail(words, locale) if kind == Email.kind else self.draw[kind](words, news, locale)
        return json.dumps(drawn, ensure_ascii=False, sort_keys=True).encode("utf-8")

    def put_into_inbox(self, session: Session, run: Run, delivery_id: str, destination_id: str, now: datetime) -> None:
        """A message did not arrive: what it told is a card for its recipient or, who has no app, for the authors."""
        notices = [one for one in notices_of(session, run.id) if _destination_id(one.target_key) == destination_id]
        if not notices:
            return
        locale, zone = notices[0].locale, get_organisation(session, self.organisation_id).time_zone
        card = alert_card([told(News.of(notice.about), locale, zone) for notice in notices], locale)
        readers = {str(one.target["person"] or _author(session, one, self.organisation_id)) for one in notices}
        cards = [_card(self.organisation_id, reader, card, now, delivery_id) for reader in sorted(readers)]
        add_cards(session, cards)


class _Ways:
    """How recipients are told now."""

    def __init__(self, session: Session, organisation_id: str) -> None:
        self._session, self._organisation_id = session, organisation_id
        mail = mail_connection(session, organisation_id)
        self._allowed = allowed_domains(session, organisation_id)
        self._mail_id = mail.id if mail and mail_trouble(session, organisation_id) is None else None

    def of(self, notice: Notice) -> Way:
        target = AlertTarget.model_validate(notice.target)
        if target.connection is not None:
            return self._by_connection(target, notice)
        person = self._session.get(Person, target.person) if target.person else None
        address = target.email or (person.email if person else "")
        # Whoever has the app is told there; an address that is refused stands as such among the runs.
        may_be_mailed = person is None or is_allowed(address, self._allowed)
        is_known = bool(address) and address != OWNER_EMAIL
        if self._mail_id and self._mail_id != notice.channel and is_known and may_be_mailed:
            settings = {"to": [address], "mode": "each"}
            return Way(notice.target_key, Email.kind, self._mail_id, settings)
        return Way(notice.target_key, person_id=person.id if person else "")

    def _by_connection(self, target: AlertTarget, notice: Notice) -> Way:
        row = self._session.get(Connection, target.connection)
        if row is None or row.id == notice.channel:
            return Way(notice.target_key)
        return Way(notice.target_key, row.kind, row.id, target.settings)


def _rank(notice: Notice) -> tuple[datetime, int, str]:
    """In the order in which it happened; what happened at once, the worst first."""
    return notice.created_at, WORST_FIRST.index(str(notice.about["what"])), notice.key


def _run(organisation_id: str, run_id: str, subject: str, news: Sequence[News], now: datetime) -> Run:
    """A message as a run that is made already."""
    return Run(
        id=run_id,
        organisation_id=organisation_id,
        subject_kind=ALERT,
        subject_id=ALERTS_ID,
        name=subject,
        trigger_kind=ALERT,
        occurrence_key=f"{ALERT}:{run_id}",
        definition={"revision": 1, "news": [each.as_json() for each in news]},
        where={},
        planned_at=now,
        created_at=now,
        built_at=now,
    )


def _delivery(way: Way) -> PlannedDelivery:
    return PlannedDelivery(
        destination_id=_destination_id(way.target_key),
        kind=way.kind,
        name=", ".join(way.addresses) or way.kind,
        destination={"kind": way.kind, "settings": dict(way.settings)},
        connection_id=way.connection_id,
        message=f"{way.kind}.json",
        recipients=way.addresses,
    )


def _destination_id(target_key: str) -> str:
    return f"{ALERT}:{blake2b(target_key.encode(), digest_size=12).hexdigest()}"


def _card(
    organisation_id: str, person_id: str, card: Mapping[str, Any], now: datetime, delivery_id: str | None = None
) -> InboxCard:
    return InboxCard(
        organisation_id=organisation_id,
        person_id=person_id,
        delivery_id=delivery_id,
        kind=ALERT,
        title=str(card["title"]),
        body=dict(card),
        link=str(card["link"]),
        created_at=now,
    )


def _author(session: Session, notice: Notice, organisation_id: str) -> str:
    """Who made the export that a notice is about; the owner where they are gone."""
    export = session.get(Export, notice.export_id)
    author = session.get(Person, export.created_by) if export else None
    return author.id if author and author.left_at is None else first_owner(session, organisation_id).id
