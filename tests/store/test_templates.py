from __future__ import annotations

from datetime import timedelta

from core.store import Store
from core.store.templates import drop_template, drop_templates, keep_template, list_templates
from tests.store.conftest import NOW


def keep(store: Store, organisation: str, text: str, *, language: str = "en", key: str = "headline_rose") -> None:
    with store.write() as session:
        keep_template(session, organisation, language, key, text, person_id="somebody", now=NOW)


def test_the_newest_text_stands_with_who_and_when(store: Store, organisation: str) -> None:
    keep(store, organisation, "first")
    with store.write() as session:
        later = NOW + timedelta(hours=1)
        keep_template(session, organisation, "en", "headline_rose", "second", person_id="other", now=later)
    with store.read() as session:
        (row,) = list_templates(session, organisation)
    assert (row.text, row.changed_by, row.changed_at) == ("second", "other", later)


def test_languages_are_apart(store: Store, organisation: str) -> None:
    keep(store, organisation, "rose")
    keep(store, organisation, "stieg", language="de")
    with store.read() as session:
        assert [row.text for row in list_templates(session, organisation, "de")] == ["stieg"]


def test_another_organisation_s_words_are_not_seen(store: Store, organisation: str) -> None:
    keep(store, organisation, "rose")
    with store.read() as session:
        assert list_templates(session, "somebody-else") == []


def test_one_message_is_forgotten(store: Store, organisation: str) -> None:
    keep(store, organisation, "rose")
    keep(store, organisation, "fell", key="headline_fell")
    with store.write() as session:
        drop_template(session, organisation, "en", "headline_rose")
        drop_template(session, organisation, "en", "never_kept")
    with store.read() as session:
        assert [row.key for row in list_templates(session, organisation)] == ["headline_fell"]


def test_all_messages_of_a_language_are_forgotten(store: Store, organisation: str) -> None:
    keep(store, organisation, "rose")
    keep(store, organisation, "stieg", language="de")
    with store.write() as session:
        assert drop_templates(session, organisation, "en") == 1
    with store.read() as session:
        assert [row.language for row in list_templates(session, organisation)] == ["de"]
