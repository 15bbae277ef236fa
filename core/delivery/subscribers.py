"""Recipients who leave an export's mails, and come back: by the link in each mail, without signing in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.keys import Keys
from core.access.leave_tokens import read_leave_token, sign_leave_token
from core.model.delivery import Export
from core.store import Store
from core.store.unsubscribed import gone_from, let_go, take_back

PATH = "/u/"


@dataclass(frozen=True)
class Subscription:
    """What a link in a mail is about. export: its name. has_left: whether nothing more is sent there."""

    export: str
    address: str
    has_left: bool


@dataclass(frozen=True)
class Subscribers:
    """Who leaves the mails of one organisation's exports."""

    store: Store
    keys: Keys
    organisation_id: str
    base_url: str
    clock: Callable[[], datetime]

    def link(self, export_id: str, recipient: str) -> str:
        """The address by which a recipient leaves."""
        return f"{self.base_url}{PATH}{sign_leave_token(self.keys, export_id, _bare(recipient))}"

    def staying(self, export_id: str, recipients: Iterable[str]) -> tuple[str, ...]:
        """The recipients without those who left."""
        with self.store.read() as session:
            gone = gone_from(session, export_id)
        return tuple(recipient for recipient in recipients if _bare(recipient) not in gone)

    def find(self, token: str) -> Subscription | None:
        """What a token stands for; None for one that is unknown, or whose export is gone."""
        with self.store.read() as session:
            return self._found(session, token)

    def leave(self, token: str) -> Subscription | None:
        """Send nothing more of the export to the address. A second time changes nothing."""
        return self._moved(token, is_leaving=True)

    def come_back(self, token: str) -> Subscription | None:
        """Send to the address again."""
        return self._moved(token, is_leaving=False)

    def _moved(self, token: str, *, is_leaving: bool) -> Subscription | None:
        read, now = read_leave_token(self.keys, token), self.clock()
        with self.store.write() as session:
            found = self._found(session, token)
            if found is None or read is None:
                return None
            export_id, address = read
            if is_leaving:
                has_changed = let_go(session, self.organisation_id, export_id, address, now=now)
            else:
                has_changed = take_back(session, export_id, address)
            if has_changed:
                act = "mail.left" if is_leaving else "mail.returned"
                about = Subject("export", export_id, found.export)
                note(session, act, about, at=now, detail={"address": address})
            return Subscription(found.export, address, is_leaving)

    def _found(self, session: Session, token: str) -> Subscription | None:
        read = read_leave_token(self.keys, token)
        export = session.get(Export, read[0]) if read else None
        if read is None or export is None or export.organisation_id != self.organisation_id:
            return None
        return Subscription(export.name, read[1], read[1] in gone_from(session, export.id))


def _bare(recipient: str) -> str:
    """The address alone; upper and lower case are one person in practice."""
    return parseaddr(recipient)[1].lower()
