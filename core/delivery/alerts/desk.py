"""Alerts as the sidecar works on them: look what happened, tell what is to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from core.connectors.webhook import told_event
from core.delivery.alerts.mailer import MailTrouble, mail_trouble
from core.delivery.alerts.news import LATE_AFTER, Gathering
from core.delivery.alerts.outbox import Draw, Outbox
from core.delivery.artefacts import Artefacts
from core.report.alert_chats import slack_alert, teams_alert
from core.report.alert_mail import News, Told
from core.store import Store
from core.store.alerts import (
    forget_notices,
    forget_troubles,
    late_runs,
    mark_of,
    newest_event,
    off_circuits,
    open_troubles,
    stopped_triggers,
)

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Alerts:
    """The alerts of one organisation. pages: what the addresses of pages begin with."""

    store: Store
    artefacts: Artefacts
    organisation_id: str
    pages: str
    clock: Callable[[], datetime]

    def beat(self) -> int:
        """Look at what happened since the last beat and tell it; how many messages there are to be sent now."""
        now = self.clock()
        with self.store.read() as session:
            is_news = self._is_news(session, now)
        if is_news:
            with self.store.write() as session:
                Gathering(session, self.organisation_id, self.pages, self._outbox(), now).look()
        return self._outbox().send(now)

    def mail_trouble(self) -> MailTrouble | None:
        """What is wrong with mail, if anything is."""
        with self.store.read() as session:
            return mail_trouble(session, self.organisation_id)

    def prune(self) -> int:
        """Forget what was told, and what was over, long ago; how much."""
        before = self.clock() - KEPT_FOR
        with self.store.write() as session:
            of = (session, self.organisation_id)
            return forget_notices(*of, before=before) + forget_troubles(*of, before=before)

    def _is_news(self, session: Session, now: datetime) -> bool:
        """Whether a look can find anything: most beats write nothing."""
        of = (session, self.organisation_id)
        if newest_event(session) != mark_of(*of).event_id:
            return True
        return any(find(*of) for find in (open_troubles, off_circuits, stopped_triggers)) or bool(
            late_runs(*of, before=now - LATE_AFTER)
        )

    def _outbox(self) -> Outbox:
        return Outbox(self.store, self.artefacts, self.organisation_id, DRAWN)


def _webhook(words: Sequence[Told], news: Sequence[News], locale: str) -> Mapping[str, Any]:
    return told_event([{**each.as_json(), "title": said.title} for each, said in zip(news, words, strict=True)])


def _slack(words: Sequence[Told], news: Sequence[News], locale: str) -> Mapping[str, Any]:
    return slack_alert(words, locale)


def _teams(words: Sequence[Told], news: Sequence[News], locale: str) -> Mapping[str, Any]:
    return teams_alert(words, locale)


DRAWN: Mapping[str, Draw] = {"slack": _slack, "teams": _teams, "webhook": _webhook}
"""How news is told other than by mail, by kind of connection."""
