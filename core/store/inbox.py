"""Messages in the app."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from core.model.runs import InboxCard


def add_cards(session: Session, cards: Sequence[InboxCard]) -> None:
    """Keep the cards of one delivery, unless they were kept before."""
    known = select(InboxCard.person_id).where(InboxCard.delivery_id == cards[0].delivery_id)
    served = set(session.exec(known))
    session.add_all([card for card in cards if card.person_id not in served])
    session.flush()


def cards_of(session: Session, person_id: str, *, limit: int) -> list[InboxCard]:
    """Somebody's cards, the newest first."""
    query = select(InboxCard).where(InboxCard.person_id == person_id)
    return list(session.exec(query.order_by(col(InboxCard.created_at).desc(), InboxCard.id).limit(limit)))


def get_card(session: Session, card_id: str) -> InboxCard | None:
    """One card, whoever it is for."""
    return session.get(InboxCard, card_id)


def count_unread(session: Session, person_id: str) -> int:
    """How many of somebody's cards were not opened."""
    query = select(func.count()).where(InboxCard.person_id == person_id, col(InboxCard.read_at).is_(None))
    return int(session.exec(query).one())
