"""People: who is here, as what, how they come, go and set their passwords."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.leaving import Thing, give, pause_all, require_nothing, told
from core.access.passwords import check_new_password, hash_password, is_password
from core.access.rights import ROLES
from core.access.tokens import Caller, hash_token
from core.errors import AccessDenied, AlreadyExists, Conflict, DataError, NotFound
from core.model.access import Person
from core.store import Store
from core.store.belongings import belongings_of
from core.store.dataset_rights import forget_reader
from core.store.people import (
    OWNER_EMAIL,
    add_person,
    email_of,
    find_person,
    get_person,
    has_left,
    list_people,
    list_tokens,
    revoke_tokens,
)
from core.store.sign_ins import add_link, end_sign_ins, find_link, void_links

LinkKind = Literal["invite", "reset"]
WORKS_FOR: dict[LinkKind, timedelta] = {"invite": timedelta(days=7), "reset": timedelta(hours=2)}
EMAIL = re.compile(r"[^@\s<>\"',;:()\\]{1,64}@[^@\s<>\"',;:()\\]{1,190}")
LONGEST_NAME = 100
NO_LONGER = "This link does not exist or no longer works. Ask for a new one."


class People:
    """The people of one organisation. Who may call what is asked of `core.access.rights` before."""

    def __init__(self, store: Store, organisation_id: str, clock: Callable[[], datetime]) -> None:
        self._store, self._organisation_id, self._clock = store, organisation_id, clock

    def make_link(self, person_id: str, kind: LinkKind) -> str:
        """The token of a link by which a person sets a password, once. Older ones no longer work."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._store.write() as session:
            person = self._person(session, person_id)
            add_link(session, person.id, kind, hash_token(token), now=now, expires_at=now + WORKS_FOR[kind])
            note(session, f"person.{kind}_link_made", _subject(person), at=now)
        return token

    def link_person(self, token: str) -> Person | None:
        """Whom a one-time link is for; None when it does not or no longer work."""
        with self._store.read() as session:
            found = find_link(session, hash_token(token), now=self._clock())
        return found[1] if found else None

    def use_link(self, token: str, password: str, email: str | None = None, name: str | None = None) -> Person:
        """Set the password of the person whom the link is for. All their sessions end.

        email, name: of the built-in owner, who says at last who they are; of others they stay as they were invited.
        Raises AccessDenied when the link no longer works, DataError and AlreadyExists when something will not do.
        """
        person = self.link_person(token)
        if person is None:
            raise AccessDenied(NO_LONGER)
        is_unnamed = person.email == OWNER_EMAIL
        address = _checked_email(email) if is_unnamed and email else person.email
        called = _checked_name(name) if is_unnamed and name else person.name
        check_new_password(password, address)
        password_hash, now = hash_password(password), self._clock()
        with self._store.write() as session:
            if find_link(session, hash_token(token), now=now) is None:
                raise AccessDenied(NO_LONGER)
            person = get_person(session, person.id)
            if address != person.email:
                self._free(session, address)
            person.password_hash, person.email, person.name = password_hash, address, called
            session.add(person)
            end_sign_ins(session, person.id, now=now)
            void_links(session, person.id, now=now)
            note(session, "person.password_set", _subject(person), at=now)
        return person

    def set_password(self, person_id: str, password: str, *, except_for: str | None = None) -> None:
        """Set a password; the person's sessions end, except for the one that asks. Raises DataError."""
        with self._store.read() as session:
            person = self._person(session, person_id)
        check_new_password(password, person.email)
        password_hash = hash_password(password)
        with self._store.write() as session:
            self._give(session, self._person(session, person_id), password_hash, except_for)

    def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Change the caller's own password. Raises AccessDenied when the old one is wrong, DataError."""
        with self._store.read() as session:
            person = self._person(session, caller.person_id)
        if not is_password(person.password_hash, old):
            raise AccessDenied("The present password is not right. Nothing was changed.")
        self.set_password(person.id, new, except_for=caller.session_id)

    def all(self) -> list[Person]:
        """Everybody who has not left, by name."""
        with self._store.read() as session:
            return list_people(session, self._organisation_id)

    def get(self, person_id: str) -> Person:
        """A person who has not left. Raises NotFound."""
        with self._store.read() as session:
            return self._person(session, person_id)

    def called(self, person_id: str | None) -> str:
        """The e-mail address of somebody who is or was here, for "changed by"; empty for nobody."""
        with self._store.read() as session:
            person = session.get(Person, person_id) if person_id else None
        return person.email if person else ""

    def find(self, email: str) -> Person | None:
        """Somebody by e-mail address, or None."""
        with self._store.read() as session:
            return find_person(session, self._organisation_id, email)

    def add(self, caller: Caller, email: str, name: str, role: str, password: str | None = None) -> Person:
        """A new person, without a password unless one is given. Raises DataError, AlreadyExists, AccessDenied."""
        _check_role(caller, role)
        address, called = _checked_email(email), _checked_name(name or email.partition("@")[0])
        if password is not None:
            check_new_password(password, address)
        password_hash = hash_password(password) if password is not None else None
        with self._store.write() as session:
            person = add_person(session, self._organisation_id, address, called, role, now=self._clock())
            person.password_hash = password_hash
            session.add(person)
            note(session, "person.added", _subject(person), at=self._clock(), detail={"role": role})
            return person

    def vouched(self, email: str, name: str, role: str | None, *, may_join: bool) -> Person:
        """Somebody whom a provider vouches for: who is here already, or who joins where that is allowed.

        role: as the provider says; it counts at every sign-in, but never makes or unmakes an owner.
        Raises AccessDenied.
        """
        address = _checked_email(email)
        with self._store.write() as session:
            person = find_person(session, self._organisation_id, address)
            if person is None and has_left(session, self._organisation_id, address):
                raise AccessDenied(f"'{address}' was removed here. Ask an administrator to invite you again.")
            if person is None and not may_join:
                raise AccessDenied(f"'{address}' is not known here. Ask an administrator to invite you.")
            if person is None:
                called = _checked_name(name)
                person = add_person(
                    session, self._organisation_id, address, called, role or "viewer", now=self._clock()
                )
                note(session, "person.added", _subject(person), at=self._clock(), detail={"role": person.role})
            elif role is not None and person.role not in {role, "owner"}:
                person.role = role
                session.add(person)
                session.flush()
                note(session, "person.changed", _subject(person), at=self._clock(), detail={"role": role})
            return person

    def require_over(self, caller: Caller, person: Person) -> None:
        """Raises AccessDenied for an owner, unless an owner asks: else administrators could become owners."""
        _check_role(caller, person.role)

    def change(
        self,
        caller: Caller,
        person_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        role: str | None = None,
        password: str | None = None,
    ) -> Person:
        """Change what is given, all of it or nothing. A new role counts at once, also in sessions that are open; a new
        password ends them.

        Raises NotFound, DataError, AlreadyExists, AccessDenied (owners are changed by owners), Conflict (the last one).
        """
        if password is not None:
            check_new_password(password, email or self.get(person_id).email)
        password_hash = hash_password(password) if password is not None else None
        with self._store.write() as session:
            person = self._person(session, person_id)
            _check_role(caller, person.role)
            if role is not None and role != person.role:
                _check_role(caller, role)
                self._keep_an_owner(session, person)
                person.role = role
            if email is not None and email_of(email) != person.email:
                person.email = self._free(session, _checked_email(email))
                # Those that were mailed went to the address before, which may be somebody else's.
                void_links(session, person_id, now=self._clock())
            person.name = _checked_name(name) if name is not None else person.name
            session.add(person)
            session.flush()
            note(session, "person.changed", _subject(person), at=self._clock(), detail={"role": person.role})
            if password_hash is not None:
                self._give(session, person, password_hash)
            return person

    def belongings(self, person_id: str) -> list[Thing]:
        """What a person made, and their tokens. Raises NotFound."""
        with self._store.read() as session:
            person = self._person(session, person_id)
            return told(belongings_of(session, self._organisation_id, person.id))

    def leave(
        self, caller: Caller, person_id: str, *, hand_over_to: str | None = None, pause: bool = False
    ) -> list[Thing]:
        """A person leaves, with all that hangs on them, or nothing of it happens; what belonged to them.

        Sessions, tokens and one-time links end, the address is free again, no dataset names them any more.
        hand_over_to: who is the maker of what they made from now on. pause: their exports are switched off instead.
        Raises NotFound, AccessDenied, DataError, Conflict (the only owner; something left behind; a successor who may
        not see it).
        """
        now = self._clock()
        with self._store.write() as session:
            person = self._person(session, person_id)
            _check_role(caller, person.role)
            self._keep_an_owner(session, person)
            belongings = belongings_of(session, self._organisation_id, person_id)
            things, to = told(belongings), self._successor(session, person, hand_over_to, pause)
            if to is not None:
                give(session, belongings, to, at=now)
            elif pause:
                pause_all(session, belongings, at=now)
            else:
                require_nothing(belongings, person)
            detail = {"handed_over_to": to.email} if to else {"exports": "paused"} if pause else {}
            note(session, "person.left", _subject(person), at=now, detail=detail)
            self._end(session, person, now)
            return things

    def _successor(self, session: Session, person: Person, successor_id: str | None, pause: bool) -> Person | None:
        if successor_id is None:
            return None
        if pause or successor_id == person.id:
            raise DataError("Hand over to somebody else, or pause: one of the two.", field="hand_over_to")
        try:
            return self._person(session, successor_id)
        except NotFound as error:
            raise DataError(str(error), field="hand_over_to") from None

    def _end(self, session: Session, person: Person, now: datetime) -> None:
        person.left_at, person.password_hash = now, None
        session.add(person)
        end_sign_ins(session, person.id, now=now)
        # Else they would work again as soon as the person is invited again.
        revoke_tokens(session, [row.id for row in list_tokens(session, [person.id])], now=now)
        void_links(session, person.id, now=now)
        forget_reader(session, self._organisation_id, person.id)

    def _person(self, session: Session, person_id: str) -> Person:
        person = get_person(session, person_id)
        if person.organisation_id != self._organisation_id or person.left_at is not None:
            raise NotFound(f"There is no person '{person_id}'.")
        return person

    def _free(self, session: Session, address: str) -> str:
        """An address that is nobody's. Raises AlreadyExists."""
        if find_person(session, self._organisation_id, address):
            raise AlreadyExists(f"'{address}' is somebody else's here. Choose another address.")
        if has_left(session, self._organisation_id, address):
            raise AlreadyExists(f"'{address}' was somebody's who left. Invite them again, or choose another address.")
        return address

    def _give(self, session: Session, person: Person, password_hash: str, except_for: str | None = None) -> None:
        """A new password: sessions end, except for one, and links no longer work."""
        person.password_hash = password_hash
        session.add(person)
        end_sign_ins(session, person.id, now=self._clock(), except_for=except_for)
        void_links(session, person.id, now=self._clock())
        note(session, "person.password_set", _subject(person), at=self._clock())

    def _keep_an_owner(self, session: Session, person: Person) -> None:
        owners = [p for p in list_people(session, self._organisation_id) if p.role == "owner"]
        if person.role == "owner" and len(owners) == 1:
            raise Conflict(f"{person.name} is the only owner. Make somebody else an owner first.")


def _check_role(caller: Caller, role: str) -> None:
    if role not in ROLES:
        raise DataError(f"There is no role '{role}'. Roles: {', '.join(ROLES)}.", field="role")
    if role == "owner" and caller.role != "owner":
        raise AccessDenied("Only an owner may make or change an owner.")


def _checked_email(text: str) -> str:
    if not EMAIL.fullmatch(text.strip()):
        raise DataError(f"'{text}' is no e-mail address. Write one such as ann@example.org.", field="email")
    return email_of(text)


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise DataError(f"A name has 1 to {LONGEST_NAME} characters on one line.", field="name")
    return name


def _subject(person: Person) -> Subject:
    return Subject("person", person.id, person.email)
