"""The organisation, its people and their API tokens (only the tokens' SHA-256)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select, update

from core.errors import AlreadyExists, NotFound
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
    return organisation, first_owner(session, organisation.id)


def first_owner(session: Session, organisation_id: str) -> Person:
    """The owner who has been here longest. There always is one."""
    query = select(Person).where(
        Person.organisation_id == organisation_id, Person.role == "owner", col(Person.left_at).is_(None)
    )
    return session.exec(query.order_by(col(Person.created_at), col(Person.id)).limit(1)).one()


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


def list_people(session: Session, organisation_id: str) -> list[Person]:
    """Everybody who has not left, by name."""
    query = select(Person).where(Person.organisation_id == organisation_id, col(Person.left_at).is_(None))
    return sorted(session.exec(query), key=lambda person: (person.name.casefold(), person.email))


def find_person(session: Session, organisation_id: str, email: str) -> Person | None:
    """Somebody who has not left, by e-mail address in whatever case; None when there is nobody."""
    return next((p for p in list_people(session, organisation_id) if p.email == email_of(email)), None)


def has_left(session: Session, organisation_id: str, email: str) -> bool:
    """Whether somebody with that e-mail address was here and is no more."""
    query = select(Person.id).where(
        Person.organisation_id == organisation_id, Person.email == email_of(email), col(Person.left_at).is_not(None)
    )
    return session.exec(query).first() is not None


def add_person(session: Session, organisation_id: str, email: str, name: str, role: str, *, now: datetime) -> Person:
    """A new person, or one who comes back after leaving. Raises AlreadyExists."""
    query = select(Person).where(Person.organisation_id == organisation_id, Person.email == email_of(email))
    person = session.exec(query).first()
    if person is not None and person.left_at is None:
        raise AlreadyExists(f"'{person.email}' is here already, as {person.role}.")
    if person is None:
        person = Person(organisation_id=organisation_id, email=email_of(email), name=name, role=role, created_at=now)
    person.name, person.role, person.password_hash, person.left_at = name, role, None, None
    session.add(person)
    session.flush()
    return person


def has_password(session: Session, organisation_id: str) -> bool:
    """Whether anybody can sign in by a password."""
    query = select(Person.id).where(
        Person.organisation_id == organisation_id, col(Person.password_hash).is_not(None), col(Person.left_at).is_(None)
    )
    return session.exec(query.limit(1)).first() is not None


def email_of(text: str) -> str:
    """An address as it is kept and compared."""
    return text.strip().lower()


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
    """Keep the hash of a token under a name; older ones of that name or hash stop working, whoever they belonged to."""
    older = list(session.exec(select(ApiToken).where(or_(ApiToken.name == name, ApiToken.sha256 == sha256))))
    wanted = (person_id, name, sha256, " ".join(scopes), None)
    if [(row.person_id, row.name, row.sha256, row.scopes, row.revoked_at) for row in older] == [wanted]:
        return older[0]
    for row in older:
        session.delete(row)
    session.flush()
    return add_token(session, person_id, name, sha256, scopes, now=now, expires_at=expires_at)


def add_token(
    session: Session,
    person_id: str,
    name: str,
    sha256: str,
    scopes: tuple[str, ...],
    *,
    now: datetime,
    expires_at: datetime | None,
) -> ApiToken:
    """Keep the hash of a new token."""
    row = ApiToken(
        person_id=person_id, name=name, sha256=sha256, scopes=" ".join(scopes), created_at=now, expires_at=expires_at
    )
    session.add(row)
    session.flush()
    return row


def list_tokens(session: Session, person_ids: list[str]) -> list[ApiToken]:
    """The tokens of these people that were not revoked, the newest first."""
    query = select(ApiToken).where(col(ApiToken.person_id).in_(person_ids), col(ApiToken.revoked_at).is_(None))
    return list(session.exec(query.order_by(col(ApiToken.created_at).desc(), ApiToken.id)))


def get_token(session: Session, token_id: str) -> ApiToken:
    """One token. Raises NotFound."""
    if row := session.get(ApiToken, token_id):
        return row
    raise NotFound(f"There is no token '{token_id}'.")


def revoke_tokens(session: Session, token_ids: list[str], *, now: datetime) -> None:
    """These tokens no longer work."""
    session.exec(update(ApiToken).where(col(ApiToken.id).in_(token_ids)).values(revoked_at=now))


def find_token(session: Session, sha256: str) -> tuple[ApiToken, Person] | None:
    """The token with this hash and whose it is, or None. Whether it has expired is not decided here."""
    query = select(ApiToken, Person).where(ApiToken.sha256 == sha256, ApiToken.person_id == Person.id)
    return session.exec(query).first()


def touch_token(session: Session, token_id: str, *, now: datetime) -> None:
    """Remember the last use; callers do so once a LAST_USE_GRAIN."""
    session.exec(update(ApiToken).where(col(ApiToken.id) == token_id).values(last_used_at=now))


def _owner(organisation_id: str, email: str, now: datetime) -> Person:
    return Person(organisation_id=organisation_id, email=email_of(email), name="Owner", role="owner", created_at=now)
