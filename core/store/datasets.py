"""Datasets' definitions. Their versions (the rows) stand in the warehouse."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from core.errors import AlreadyExists, Conflict, NotFound
from core.model.analysis import Analysis
from core.model.data import Dataset, DatasetSpec
from core.store.dataset_rights import forget_access
from core.store.rows import by_slug, first_values, require_revision


def dataset_spec(row: Dataset) -> DatasetSpec:
    """The definition that the row holds."""
    return DatasetSpec.model_validate(row.spec)


def add_dataset(session: Session, organisation_id: str, spec: DatasetSpec, *, person_id: str, now: datetime) -> Dataset:
    """Keep a new dataset. Raises AlreadyExists when its slug is taken."""
    if taken := by_slug(session, Dataset, organisation_id, spec.slug):
        raise AlreadyExists(f"Slug '{taken.slug}' is taken by another dataset. Choose another one.")
    row = Dataset(slug=spec.slug, **first_values(organisation_id, spec, person_id=person_id, now=now))
    session.add(row)
    session.flush()
    return row


def change_dataset(
    session: Session, organisation_id: str, spec: DatasetSpec, *, now: datetime, if_revision: int | None = None
) -> Dataset:
    """Replace the definition of the dataset with this slug.

    if_revision: the revision the change was made from. Raises Stale when it is no longer the newest.
    """
    row = get_dataset(session, organisation_id, spec.slug)
    require_revision(f"Dataset '{spec.slug}'", row.revision, if_revision)
    row.spec, row.modified_at, row.revision = spec.model_dump(mode="json"), now, row.revision + 1
    session.add(row)
    session.flush()
    return row


def get_dataset(session: Session, organisation_id: str, slug: str) -> Dataset:
    """The dataset with this slug. Raises NotFound."""
    if row := by_slug(session, Dataset, organisation_id, slug):
        return row
    raise NotFound(f"There is no dataset '{slug}'.")


def list_datasets(session: Session, organisation_id: str) -> list[Dataset]:
    """All datasets by slug."""
    query = select(Dataset).where(Dataset.organisation_id == organisation_id)
    return list(session.exec(query.order_by(Dataset.slug)))


def analyses_of(session: Session, organisation_id: str, slug: str) -> list[Analysis]:
    """The analyses that stand on a dataset, by slug."""
    query = select(Analysis).where(Analysis.organisation_id == organisation_id, Analysis.dataset == slug)
    return list(session.exec(query.order_by(Analysis.slug)))


def delete_dataset(session: Session, organisation_id: str, slug: str) -> None:
    """Forget a dataset. Raises Conflict, naming them, while analyses stand on it."""
    row = get_dataset(session, organisation_id, slug)
    if dependants := analyses_of(session, organisation_id, slug):
        names = ", ".join(f"'{a.slug}'" for a in dependants)
        raise Conflict(f"Dataset '{slug}' is needed by {names} (analyses). Delete them first.")
    forget_access(session, organisation_id, slug)
    session.delete(row)
    session.flush()
