"""Who is named to see a dataset. What follows from it is decided in `core.access.rights`."""

from __future__ import annotations

from sqlmodel import Session, col, delete, select

from core.model.data import DatasetAccess, DatasetRight

CLOSED = DatasetAccess(roles=("admin",))
"""For nobody but owner and administrators."""


def list_rights(session: Session, organisation_id: str) -> dict[str, DatasetAccess]:
    """Who is named, people by id, by dataset; a dataset that names nobody is not among them."""
    query = select(DatasetRight).where(DatasetRight.organisation_id == organisation_id)
    found: dict[str, tuple[set[str], set[str]]] = {}
    for row in session.exec(query):
        people, roles = found.setdefault(row.dataset, (set(), set()))
        people.update([row.person_id] if row.person_id else [])
        roles.update([row.role] if row.role else [])
    return {slug: DatasetAccess(people=sorted(people), roles=sorted(roles)) for slug, (people, roles) in found.items()}


def set_access(session: Session, organisation_id: str, slug: str, access: DatasetAccess) -> None:
    """Name these people (by id) and roles in the place of those named before."""
    forget_access(session, organisation_id, slug)
    for person in dict.fromkeys(access.people):
        session.add(DatasetRight(organisation_id=organisation_id, dataset=slug, person_id=person))
    for role in dict.fromkeys(access.roles):
        session.add(DatasetRight(organisation_id=organisation_id, dataset=slug, role=role))
    session.flush()


def forget_access(session: Session, organisation_id: str, slug: str) -> None:
    """Name nobody."""
    session.exec(
        delete(DatasetRight).where(
            col(DatasetRight.organisation_id) == organisation_id, col(DatasetRight.dataset) == slug
        )
    )


def forget_reader(session: Session, organisation_id: str, person_id: str) -> None:
    """Name a person no longer. A dataset that named nobody else stays closed instead of opening to everybody."""
    for slug, access in list_rights(session, organisation_id).items():
        if person_id in access.people:
            left = access.model_copy(update={"people": tuple(p for p in access.people if p != person_id)})
            set_access(session, organisation_id, slug, left if left.people or left.roles else CLOSED)
