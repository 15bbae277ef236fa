from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import AlreadyExists, NotFound, Stale
from core.model.analysis import AnalysisSpec
from core.model.delivery import Export, ExportSpec
from core.store import Store
from core.store.analyses import add_analysis
from core.store.exports import (
    add_export,
    add_views,
    change_export,
    delete_export,
    export_spec,
    find_link,
    get_export,
    list_links,
    revoke_link,
    rotate_link,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def export(store: Store, organisation: str, revenue: AnalysisSpec, morning: ExportSpec) -> Export:
    with store.write() as session:
        add_analysis(session, organisation, revenue, person_id="p", now=NOW)
        return add_export(session, organisation, morning, person_id="p", now=NOW)


def with_slugs(spec: ExportSpec, *slugs: str) -> ExportSpec:
    links = [{"kind": "link", "settings": {"slug": slug}} for slug in slugs]
    return ExportSpec.model_validate(spec.model_dump(mode="json") | {"destinations": links})


def test_it_gives_back_what_was_kept(store: Store, organisation: str, export: Export, morning: ExportSpec) -> None:
    with store.read() as session:
        assert export_spec(get_export(session, organisation, export.id)) == morning


def test_a_link_destination_makes_a_link(store: Store, export: Export) -> None:
    with store.read() as session:
        found = find_link(session, "morning")
    assert found is not None
    link, shown, analysis = found
    assert (link.is_public, shown.id, analysis.slug) == (True, export.id, "revenue")


def test_an_export_of_an_unknown_analysis_is_refused(store: Store, organisation: str, morning: ExportSpec) -> None:
    with pytest.raises(NotFound, match="no analysis 'revenue'"), store.write() as session:
        add_export(session, organisation, morning, person_id="p", now=NOW)


def test_a_link_s_slug_can_be_taken_once(store: Store, organisation: str, export: Export, morning: ExportSpec) -> None:
    with pytest.raises(AlreadyExists, match="'morning' is taken"), store.write() as session:
        add_export(session, organisation, morning, person_id="p", now=NOW)


def test_a_change_keeps_the_links_it_names_and_drops_the_others(
    store: Store, organisation: str, export: Export, morning: ExportSpec
) -> None:
    with store.write() as session:
        before = list_links(session, organisation, export.id)[0].id
        change_export(session, organisation, export.id, with_slugs(morning, "morning", "evening"), now=NOW)
        both = {link.slug: link.id for link in list_links(session, organisation, export.id)}
        change_export(session, organisation, export.id, with_slugs(morning, "evening"), now=NOW)
        rest = [link.slug for link in list_links(session, organisation, export.id)]
    assert (both["morning"], sorted(both), rest) == (before, ["evening", "morning"], ["evening"])


def test_a_change_made_from_an_old_revision_is_refused(
    store: Store, organisation: str, export: Export, morning: ExportSpec
) -> None:
    with pytest.raises(Stale), store.write() as session:
        change_export(session, organisation, export.id, morning, now=NOW, if_revision=7)


def test_a_deleted_export_takes_its_links_along(store: Store, organisation: str, export: Export) -> None:
    with store.write() as session:
        delete_export(session, organisation, export.id)
    with store.read() as session:
        assert find_link(session, "morning") is None


def test_a_revoked_link_opens_again_only_at_a_new_address(store: Store, organisation: str, export: Export) -> None:
    with store.write() as session:
        link = list_links(session, organisation, export.id)[0]
        closed = revoke_link(session, organisation, export.id, link.id).is_active
        reopened = rotate_link(session, organisation, export.id, link.id)
    assert (closed, reopened.is_active, reopened.token_version) == (False, True, 2)


def test_a_link_of_another_export_is_not_found(store: Store, organisation: str, export: Export) -> None:
    with store.read() as session:
        link = list_links(session, organisation, export.id)[0]
    with pytest.raises(NotFound), store.write() as session:
        rotate_link(session, organisation, "another", link.id)


def test_views_are_added_up(store: Store, organisation: str, export: Export) -> None:
    with store.write() as session:
        link = list_links(session, organisation, export.id)[0]
        add_views(session, {link.id: 3, "gone": 1}, now=NOW)
        add_views(session, {link.id: 2}, now=NOW)
    with store.read() as session:
        seen = list_links(session, organisation, export.id)[0]
    assert (seen.view_count, seen.last_seen_at) == (5, NOW)
