"""Messages in own words: what may be kept, and how they are printed."""

from __future__ import annotations

import pytest

from core.app import App
from core.errors import DataError, NotFound
from core.report.editable import EDITABLE, EXAMPLES, PLACEHOLDERS
from core.report.messages import CATALOGUES
from core.report.printed import print_bridge
from core.wording import checked_template, say
from tests.conftest import NOW
from tests.report.conftest import shop_bridge


@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("key", sorted(EDITABLE))
def test_every_default_could_be_kept(language: str, key: str) -> None:
    default = EDITABLE[key].default(language)
    assert checked_template(language, key, default) == default


def test_every_placeholder_is_explained() -> None:
    assert {name for message in EDITABLE.values() for name in message.placeholders} == set(PLACEHOLDERS)
    assert set(PLACEHOLDERS) == set(EXAMPLES)


def test_descriptions_are_told_apart() -> None:
    assert len({message.description for message in EDITABLE.values()}) == len(EDITABLE)


def test_every_message_of_headline_comment_and_alert_is_editable() -> None:
    subjects = ("headline_", "total_", "step_rose", "listed_", "segment_rose", "share_", "alert_")
    not_sentences = {"alert_band"}
    wanted = {key for key in CATALOGUES["en"] if key.startswith(subjects)} - not_sentences
    assert wanted <= set(EDITABLE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  ", "The text is empty. Write a sentence, or reset it to the default."),
        ("{kpi} {x}", "This message has no placeholder {x}. It has: {kpi}, {amount}."),
        ("{}", "This message has no placeholder {}."),
        ("{{kpi}}", "A '{' stands alone."),
        ("a" * 301, "one line of at most 300 characters"),
    ],
)
def test_a_text_that_cannot_be_printed_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        checked_template("en", "headline_rose", text)
    assert sentence in str(refused.value)


def test_the_default_s_own_text_is_no_change(empty_app: App) -> None:
    kept = empty_app.templates.keep("en", "headline_rose", "{kpi} rose by {amount}", by=empty_app.owner.id)
    assert kept.own is None


def test_who_and_when_are_kept(empty_app: App) -> None:
    kept = empty_app.templates.keep("de", "headline_rose", "{kpi}: plus {amount}", by=empty_app.owner.id)
    assert (kept.changed_by, kept.changed_at) == (empty_app.owner.id, NOW)


def test_words_of_a_locale_are_those_of_its_language(empty_app: App) -> None:
    empty_app.templates.keep("nb", "headline_fell", "{kpi}: ned {amount}", by=empty_app.owner.id)
    assert empty_app.templates.words("no").text("headline_fell", kpi="A", amount="2") == "A: ned 2"


def test_an_unknown_language_or_message_is_not_there(empty_app: App) -> None:
    with pytest.raises(NotFound, match="There is no language 'xx'"):
        empty_app.templates.all("xx")
    with pytest.raises(NotFound, match="Did you mean 'headline_rose'"):
        empty_app.templates.reset("en", "headline_rise")


def test_a_trial_speaks_without_being_kept(empty_app: App) -> None:
    words = empty_app.templates.trial("en", {"headline_fell": "Down goes {kpi}: {amount}"})
    spoken = say(print_bridge(shop_bridge(), "en", words=words))
    assert "".join(part.text for part in spoken.headline).startswith("Down goes Revenue: €41.3k")
    assert empty_app.templates.words("en").overrides == {}
