"""The inbox: reports that are shown in the app, to people by name or by role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.connectors.base import Parcel, Receipt, SendError
from core.errors import NotFound
from core.model.access import Person
from core.model.runs import InboxCard
from core.store import Store
from core.store.inbox import add_cards, cards_of, count_unread, get_card, read_all
from core.store.people import email_of, list_people


@dataclass(frozen=True)
class Inbox:
    """The cards of one organisation."""

    store: Store
    organisation_id: str
    clock: Callable[[], datetime]

    def deliver(self, parcel: Parcel) -> Receipt:
        """A card for everybody named; a second try adds none. Raises SendError when nobody named is here any more."""
        with self.store.write() as session:
            people = self._readers(list_people(session, self.organisation_id), parcel.settings)
            if not people:
                raise SendError(
                    "Nobody of those named for the inbox is here any more. Name people or roles in the export.",
                    permanent=True,
                    error_class="nobody",
                )
            message = dict(parcel.message)
            cards = [
                InboxCard(
                    organisation_id=self.organisation_id,
                    person_id=person.id,
                    run_id=parcel.run_id,
                    delivery_id=parcel.delivery_id,
                    title=str(message["title"]),
                    body=message,
                    link=str(message.get("link", "")),
                    created_at=self.clock(),
                )
                for person in people
            ]
            add_cards(session, cards)
        return Receipt(request=f"a card for {', '.join(person.name for person in people)}")

    def of(
        self,
        person_id: str,
        *,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        only_unread: bool = False,
    ) -> list[InboxCard]:
        """Somebody's cards, the newest first. before: creation and id of the card behind which to go on."""
        with self.store.read() as session:
            return cards_of(session, person_id, limit=limit, before=before, only_unread=only_unread)

    def unread(self, person_id: str, kind: str) -> int:
        """How many cards of one kind ("report", "alert") somebody has not opened."""
        with self.store.read() as session:
            return count_unread(session, person_id, kind)

    def read_all(self, person_id: str) -> None:
        """Mark all of somebody's cards as read."""
        with self.store.write() as session:
            read_all(session, person_id, now=self.clock())

    def read(self, card_id: str, person_id: str, *, is_read: bool = True) -> InboxCard:
        """Mark one of somebody's cards. Raises NotFound."""
        with self.store.write() as session:
            card = get_card(session, card_id)
            if card is None or card.person_id != person_id:
                raise NotFound(f"There is no card '{card_id}'.")
            card.read_at = (card.read_at or self.clock()) if is_read else None
            session.add(card)
            return card

    def _readers(self, people: list[Person], settings: Mapping[str, Any]) -> list[Person]:
        named = {email_of(str(name)) for name in settings.get("people", ())} | {*settings.get("people", ())}
        roles = set(settings.get("roles", ()))
        return [p for p in people if p.role in roles or p.id in named or p.email in named]
