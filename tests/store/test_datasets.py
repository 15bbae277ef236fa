from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import AlreadyExists, Conflict, NotFound, Stale
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from core.store import Store
from core.store.analyses import add_analysis
from core.store.datasets import (
    add_dataset,
    change_dataset,
    dataset_spec,
    delete_dataset,
    get_dataset,
    list_datasets,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def kept(store: Store, organisation: str, sales: DatasetSpec) -> DatasetSpec:
    with store.write() as session:
        add_dataset(session, organisation, sales, person_id="p", now=NOW)
    return sales


def test_it_gives_back_what_was_kept(store: Store, organisation: str, kept: DatasetSpec) -> None:
    with store.read() as session:
        row = get_dataset(session, organisation, "sales")
    assert dataset_spec(row) == kept


def test_a_taken_slug_names_who_has_it(store: Store, organisation: str, kept: DatasetSpec) -> None:
    with pytest.raises(AlreadyExists, match="taken by another dataset"), store.write() as session:
        add_dataset(session, organisation, kept, person_id="p", now=NOW)


def test_another_organisation_does_not_see_it(store: Store, kept: DatasetSpec) -> None:
    with pytest.raises(NotFound), store.read() as session:
        get_dataset(session, "another", "sales")


def test_a_change_counts_the_revision_up(store: Store, organisation: str, kept: DatasetSpec) -> None:
    with store.write() as session:
        renamed = kept.model_copy(update={"name": "All sales"})
        row = change_dataset(session, organisation, renamed, now=NOW, if_revision=1)
    assert (row.revision, row.spec["name"]) == (2, "All sales")


def test_a_change_made_from_an_old_revision_is_refused(store: Store, organisation: str, kept: DatasetSpec) -> None:
    with store.write() as session:
        change_dataset(session, organisation, kept, now=NOW)
    with pytest.raises(Stale, match="changed meanwhile"), store.write() as session:
        change_dataset(session, organisation, kept, now=NOW, if_revision=1)


def test_a_dataset_that_analyses_stand_on_is_not_deleted(
    store: Store, organisation: str, kept: DatasetSpec, revenue: AnalysisSpec
) -> None:
    with store.write() as session:
        add_analysis(session, organisation, revenue, person_id="p", now=NOW)
    with pytest.raises(Conflict, match=r"'revenue' \(analyses\)"), store.write() as session:
        delete_dataset(session, organisation, "sales")


def test_a_deleted_dataset_is_gone(store: Store, organisation: str, kept: DatasetSpec) -> None:
    with store.write() as session:
        delete_dataset(session, organisation, "sales")
    with store.read() as session:
        assert list_datasets(session, organisation) == []


def test_datasets_are_listed_by_slug(store: Store, organisation: str, sales: DatasetSpec) -> None:
    with store.write() as session:
        for slug in ("c", "a", "b"):
            add_dataset(session, organisation, sales.model_copy(update={"slug": slug}), person_id="p", now=NOW)
    with store.read() as session:
        assert [d.slug for d in list_datasets(session, organisation)] == ["a", "b", "c"]
