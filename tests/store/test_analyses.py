from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from core.errors import AlreadyExists, Conflict, DataError, NotFound, Stale
from core.model.analysis import AnalysisRevision, AnalysisSpec
from core.model.delivery import ExportSpec
from core.store import Store
from core.store.analyses import (
    add_analysis,
    analysis_spec,
    delete_analysis,
    get_analysis,
    list_revisions,
    restore_analysis,
    revise_analysis,
)
from core.store.exports import add_export

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def kept(store: Store, organisation: str, revenue: AnalysisSpec) -> AnalysisSpec:
    with store.write() as session:
        add_analysis(session, organisation, revenue, person_id="p", now=NOW)
    return revenue


def rename(store: Store, organisation: str, spec: AnalysisSpec, name: str, if_revision: int | None = None) -> int:
    with store.write() as session:
        renamed = spec.model_copy(update={"name": name})
        row = revise_analysis(
            session, organisation, spec.slug, renamed, person_id="p", now=NOW, if_revision=if_revision
        )
    return row.revision


def test_it_gives_back_what_was_kept(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    with store.read() as session:
        assert analysis_spec(get_analysis(session, organisation, "revenue")) == kept


def test_a_taken_slug_is_refused(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    with pytest.raises(AlreadyExists, match="taken by another analysis"), store.write() as session:
        add_analysis(session, organisation, kept, person_id="p", now=NOW)


def test_every_change_is_kept_as_a_revision(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    rename(store, organisation, kept, "Net revenue")
    with store.read() as session:
        names = [(r.revision, r.spec["name"]) for r in list_revisions(session, organisation, "revenue")]
    assert names == [(2, "Net revenue"), (1, "Revenue")]


def test_a_change_that_changes_nothing_makes_no_revision(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    assert rename(store, organisation, kept, "Revenue") == 1


def test_a_change_made_from_an_old_revision_is_refused(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    rename(store, organisation, kept, "Net revenue", if_revision=1)
    with pytest.raises(Stale, match="Load revision 2"):
        rename(store, organisation, kept, "Gross revenue", if_revision=1)


def test_an_address_stays(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    moved = kept.model_copy(update={"slug": "income"})
    with pytest.raises(DataError, match="cannot become 'income'"), store.write() as session:
        revise_analysis(session, organisation, "revenue", moved, person_id="p", now=NOW)


def test_restoring_makes_the_old_state_the_newest_revision(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    rename(store, organisation, kept, "Net revenue")
    with store.write() as session:
        row = restore_analysis(session, organisation, "revenue", 1, person_id="p", now=NOW)
    assert (row.revision, analysis_spec(row)) == (3, kept)


def test_an_unknown_revision_is_told_the_newest(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    with pytest.raises(NotFound, match=r"no revision 7\. The newest is 1"), store.write() as session:
        restore_analysis(session, organisation, "revenue", 7, person_id="p", now=NOW)


def test_an_analysis_that_is_exported_is_not_deleted(
    store: Store, organisation: str, kept: AnalysisSpec, morning: ExportSpec
) -> None:
    with store.write() as session:
        add_export(session, organisation, morning, person_id="p", now=NOW)
    with pytest.raises(Conflict, match=r"'Morning' \(exports\)"), store.write() as session:
        delete_analysis(session, organisation, "revenue")


def test_a_deleted_analysis_takes_its_revisions_along(store: Store, organisation: str, kept: AnalysisSpec) -> None:
    with store.write() as session:
        delete_analysis(session, organisation, "revenue")
    with store.read() as session:
        assert session.exec(select(AnalysisRevision)).all() == []
