"""Messages in an organisation's own words."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from core.model.wording import MessageTemplate


def list_templates(session: Session, organisation_id: str, language: str | None = None) -> list[MessageTemplate]:
    """The own templates, of all languages or of one, by language and key."""
    query = select(MessageTemplate).where(MessageTemplate.organisation_id == organisation_id)
    if language is not None:
        query = query.where(MessageTemplate.language == language)
    return list(session.exec(query.order_by(MessageTemplate.language, MessageTemplate.key)))


def keep_template(
    session: Session, organisation_id: str, language: str, key: str, text: str, *, person_id: str, now: datetime
) -> MessageTemplate:
    """Keep a message's own text in place of the one before."""
    row = _find(session, organisation_id, language, key)
    if row is None:
        row = MessageTemplate(
            organisation_id=organisation_id, language=language, key=key, text=text, changed_by=person_id, changed_at=now
        )
    row.text, row.changed_by, row.changed_at = text, person_id, now
    session.add(row)
    session.flush()
    return row


def drop_template(session: Session, organisation_id: str, language: str, key: str) -> None:
    """Forget a message's own text, where it has one."""
    row = _find(session, organisation_id, language, key)
    if row is not None:
        session.delete(row)
        session.flush()


def drop_templates(session: Session, organisation_id: str, language: str) -> int:
    """Forget all own texts of a language; answers how many there were."""
    rows = list_templates(session, organisation_id, language)
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _find(session: Session, organisation_id: str, language: str, key: str) -> MessageTemplate | None:
    query = select(MessageTemplate).where(
        MessageTemplate.organisation_id == organisation_id,
        MessageTemplate.language == language,
        MessageTemplate.key == key,
    )
    return session.exec(query).first()
