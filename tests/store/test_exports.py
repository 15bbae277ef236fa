from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import AlreadyExists, DataError, NotFound, Stale
from core.model.analysis import AnalysisSpec
from core.model.delivery import IS_SET, Export, ExportSpec
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


def with_settings(spec: ExportSpec, **settings: Any) -> ExportSpec:
    link = {"kind": "link", "settings": {"slug": "morning", **settings}}
    return ExportSpec.model_validate(spec.model_dump(mode="json") | {"destinations": [link]})


def test_it_gives_back_what_was_kept(store: Store, organisation: str, export: Export, morning: ExportSpec) -> None:
    with store.read() as session:
        assert export_spec(get_export(session, organisation, export.id)) == morning


def test_a_link_destination_makes_a_link(store: Store, export: Export) -> None:
    with store.read() as session:
        found = find_link(session, "morning")
    assert found is not None
    link, shown = found
    assert (link.is_public, shown.id) == (True, export.id)


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
        closed = revoke_link(session, organisation, export.id, link.id, now=NOW).revoked_at
        reopened = rotate_link(session, organisation, export.id, link.id, expires_at=None)
    assert (closed, reopened.revoked_at, reopened.token_version) == (NOW, None, 2)


def test_a_link_of_another_export_is_not_found(store: Store, organisation: str, export: Export) -> None:
    with store.read() as session:
        link = list_links(session, organisation, export.id)[0]
    with pytest.raises(NotFound), store.write() as session:
        rotate_link(session, organisation, "another", link.id, expires_at=None)


def test_views_are_added_up(store: Store, organisation: str, export: Export) -> None:
    with store.write() as session:
        link = list_links(session, organisation, export.id)[0]
        add_views(session, {link.id: 3, "gone": 1}, now=NOW)
        add_views(session, {link.id: 2}, now=NOW)
    with store.read() as session:
        seen = list_links(session, organisation, export.id)[0]
    assert (seen.view_count, seen.last_seen_at) == (5, NOW)


def test_a_public_link_ends_after_ninety_days_unless_it_is_said_otherwise(
    store: Store, organisation: str, export: Export
) -> None:
    with store.read() as session:
        assert list_links(session, organisation, export.id)[0].expires_at == NOW + timedelta(days=90)


def test_the_end_of_a_link_moves_only_when_it_is_changed(
    store: Store, organisation: str, export: Export, morning: ExportSpec
) -> None:
    later, ends = NOW + timedelta(days=5), []
    for change in ({}, {"expires_days": 7}, {"expires_days": None}):
        spec = with_settings(morning, public=True, **change)
        with store.write() as session:
            change_export(session, organisation, export.id, spec, now=later)
            ends.append(list_links(session, organisation, export.id)[0].expires_at)
    assert ends == [NOW + timedelta(days=90), later + timedelta(days=7), None]


def test_a_password_stays_until_it_is_left_out(
    store: Store, organisation: str, export: Export, morning: ExportSpec
) -> None:
    kept = with_settings(morning, password=IS_SET)
    hashes = []
    for spec, passwords in ((kept, {"morning": "a hash"}), (kept, {}), (with_settings(morning), {})):
        with store.write() as session:
            change_export(session, organisation, export.id, spec, now=NOW, passwords=passwords)
            hashes.append(list_links(session, organisation, export.id)[0].password_hash)
    assert hashes == ["a hash", "a hash", None]


def test_a_password_that_nobody_set_cannot_be_kept(
    store: Store, organisation: str, export: Export, morning: ExportSpec
) -> None:
    with pytest.raises(DataError, match="link 'morning' has none"), store.write() as session:
        change_export(session, organisation, export.id, with_settings(morning, password=IS_SET), now=NOW)
