"""Messages in the app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, func, or_, select, update

from core.model.runs import InboxCard


def add_cards(session: Session, cards: Sequence[InboxCard]) -> None:
    """Keep the cards of one delivery, unless they were kept before."""
    known = select(InboxCard.person_id).where(InboxCard.delivery_id == cards[0].delivery_id)
    served = set(session.exec(known))
    session.add_all([card for card in cards if card.person_id not in served])
    session.flush()


def cards_of(
    session: Session,
    person_id: str,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
    only_unread: bool = False,
) -> list[InboxCard]:
    """Somebody's cards, the newest first. before: creation and id of the card behind which to go on."""
    query = select(InboxCard).where(InboxCard.person_id == person_id)
    if only_unread:
        query = query.where(col(InboxCard.read_at).is_(None))
    if before is not None:
        at, card_id = before
        same = (col(InboxCard.created_at) == at) & (col(InboxCard.id) < card_id)
        query = query.where(or_(col(InboxCard.created_at) < at, same))
    return list(session.exec(query.order_by(col(InboxCard.created_at).desc(), col(InboxCard.id).desc()).limit(limit)))


def get_card(session: Session, card_id: str) -> InboxCard | None:
    """One card, whoever it is for."""
    return session.get(InboxCard, card_id)


def count_unread(session: Session, person_id: str, kind: str) -> int:
    """How many of somebody's cards of one kind were not opened."""
    query = select(func.count()).where(InboxCard.person_id == person_id, col(InboxCard.read_at).is_(None))
    return int(session.exec(query.where(InboxCard.kind == kind)).one())


def forget_cards(session: Session, organisation_id: str, *, before: datetime) -> int:
    """Forget cards that are older."""
    old = delete(InboxCard).where(col(InboxCard.organisation_id) == organisation_id, col(InboxCard.created_at) < before)
    return int(session.exec(old).rowcount)


def read_all(session: Session, person_id: str, *, now: datetime) -> None:
    """Mark all of somebody's cards."""
    own = (col(InboxCard.person_id) == person_id, col(InboxCard.read_at).is_(None))
    session.exec(update(InboxCard).where(*own).values(read_at=now))
