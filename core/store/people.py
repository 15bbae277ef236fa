"""The organisation, its people and their API tokens (only the tokens' SHA-256)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from core.errors import NotFound
from core.model.access import ApiToken, Organisation, Person

OWNER_EMAIL = "owner@localhost"
# Keeping the last use to the second would write at every request.
LAST_USE_GRAIN = timedelta(minutes=1)


def open_organisation(session: Session, *, owner_email: str | None, now: datetime) -> tuple[Organisation, Person]:
    """The organisation and its owner, made at the first start. Needs a session of `Store.write()`."""
    organisation = session.exec(select(Organisation)).first()
    if organisation is None:
        organisation = Organisation(name="Bridgecast", created_at=now)
        session.add(organisation)
        session.flush()
        session.add(_owner(organisation.id, owner_email or OWNER_EMAIL, now))
        session.flush()
    query = select(Person).where(Person.organisation_id == organisation.id, Person.role == "owner")
    return organisation, session.exec(query.order_by(col(Person.created_at))).one()


def get_organisation(session: Session, organisation_id: str) -> Organisation:
    """The organisation. Raises NotFound."""
    if row := session.get(Organisation, organisation_id):
        return row
    raise NotFound(f"There is no organisation '{organisation_id}'.")


def mark_samples_loaded(session: Session, organisation_id: str) -> None:
    """Remember that the samples were loaded once: they are never loaded again."""
    row = get_organisation(session, organisation_id)
    row.samples_loaded = True
    session.add(row)
    session.flush()


def get_person(session: Session, person_id: str) -> Person:
    """A person. Raises NotFound."""
    if row := session.get(Person, person_id):
        return row
    raise NotFound(f"There is no person '{person_id}'.")


def keep_token(
    session: Session,
    person_id: str,
    name: str,
    sha256: str,
    scopes: tuple[str, ...],
    *,
    now: datetime,
    expires_at: datetime | None = None,
) -> ApiToken:
    """Keep the hash of a token under a name; an older token of that person and name stops working."""
    known = session.exec(select(ApiToken).where(ApiToken.person_id == person_id, ApiToken.name == name)).first()
    if known is not None and known.sha256 == sha256 and known.scopes == " ".join(scopes):
        return known
    if known is not None:
        session.delete(known)
        session.flush()
    row = ApiToken(
        person_id=person_id, name=name, sha256=sha256, scopes=" ".join(scopes), created_at=now, expires_at=expires_at
    )
    session.add(row)
    session.flush()
    return row


def find_token(session: Session, sha256: str) -> tuple[ApiToken, Person] | None:
    """The token with this hash and whose it is, or None. Whether it has expired is not decided here."""
    query = select(ApiToken, Person).where(ApiToken.sha256 == sha256, ApiToken.person_id == Person.id)
    return session.exec(query).first()


def touch_token(session: Session, token_id: str, *, now: datetime) -> None:
    """Remember the last use; callers do so once a LAST_USE_GRAIN."""
    session.exec(update(ApiToken).where(col(ApiToken.id) == token_id).values(last_used_at=now))


def _owner(organisation_id: str, email: str, now: datetime) -> Person:
    return Person(organisation_id=organisation_id, email=email, name="Owner", role="owner", created_at=now)
