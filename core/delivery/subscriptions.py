"""Reports by mail for whoever may look at them and asked for it themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from core.access.audit import Subject, note
from core.access.rights import may_see
from core.access.tokens import ALL_SCOPES, Caller, caller_for
from core.delivery.domains import RecipientDomains
from core.delivery.exports import Exports, SavedExport
from core.delivery.links import Link
from core.errors import NotFound
from core.model.delivery import ChannelDestination
from core.store import Store
from core.store.subscriptions import add_subscription, find_subscription, subscribed_to, subscribers_of
from core.store.unsubscribed import take_back

PREFIX = "subscribers:"
"""What the ids of their destinations begin with; the link that they may open follows."""


@dataclass(frozen=True)
class Readers:
    """Subscribers of one link: they see what it shows. hidden: columns whose filters they hear nothing of."""

    destination: ChannelDestination
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Subscriptions:
    """The subscriptions of one organisation."""

    store: Store
    exports: Exports
    domains: RecipientDomains
    organisation_id: str
    clock: Callable[[], datetime]

    def of(self, caller: Caller) -> frozenset[str]:
        """Ids of the exports that somebody gets by mail."""
        with self.store.read() as session:
            return subscribed_to(session, caller.person_id)

    def begin(self, caller: Caller, export_id: str) -> None:
        """Send the report to the caller's address from the next run on.

        Raises NotFound for one not shared with them, DataError where mails may not go to their address.
        Whoever left by the link in a mail comes back.
        """
        shared = {export.id: export for export, _ in self.exports.shared_with(caller)}
        if export_id not in shared:
            raise NotFound(f"There is no report '{export_id}' that is shared with you.")
        self.domains.require(caller.email)
        with self.store.write() as session:
            take_back(session, export_id, caller.email.lower())
            if find_subscription(session, export_id, caller.person_id) is None:
                add_subscription(session, self.organisation_id, export_id, caller.person_id, now=self.clock())
                about = Subject("export", export_id, shared[export_id].spec.name)
                note(session, "report.subscribed", about, at=self.clock())

    def end(self, caller: Caller, export_id: str) -> None:
        """Send it to them no more; without a subscription nothing changes."""
        with self.store.write() as session:
            row = find_subscription(session, export_id, caller.person_id)
            if row is not None:
                session.delete(row)
                note(session, "report.unsubscribed", Subject("export", export_id), at=self.clock())

    def readers(self, export_id: str) -> list[Readers]:
        """Whom a run is sent to besides its destinations: who may see it still, each by the first link for them."""
        try:
            export = self.exports.get(export_id)
        except NotFound:
            return []
        with self.store.read() as session:
            people = [p for p in subscribers_of(session, export_id) if p.email.lower() not in _written_to(export)]
        found: dict[str, list[str]] = {}
        for person in people:
            if link := _link_for(caller_for(person, frozenset(ALL_SCOPES)), export):
                found.setdefault(link.id, []).append(person.email)
        return [_readers(link, found[link.id]) for link in export.links if link.id in found]


def _link_for(caller: Caller, export: SavedExport) -> Link | None:
    return next((link for link in export.links if link.is_active and may_see(caller, link.settings)), None)


def _written_to(export: SavedExport) -> frozenset[str]:
    """Addresses that the export's author chose: they are written to once."""
    lists = [one.settings.get(kind, ()) for one in export.spec.channels for kind in ("to", "cc", "bcc")]
    return frozenset(parseaddr(str(address))[1].lower() for each in lists for address in each)


def _readers(link: Link, addresses: list[str]) -> Readers:
    settings = {"to": addresses, "mode": "each"}
    return Readers(
        ChannelDestination(kind="email", id=f"{PREFIX}{link.id}", settings=settings), link.settings.hidden_filters
    )
