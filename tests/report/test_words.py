"""Own words in the place of the catalogue's."""

from __future__ import annotations

from core.engine.bridge import Bridge
from core.model.document import Text, plain
from core.report.alert import printed_alert
from core.report.comment import printed_comment, printed_headline
from core.report.printed import print_bridge
from core.report.words import Words

OWN = {
    "headline_fell": "Minus {amount}: {kpi}",
    "step_fell": "{step} lost ground ({change})",
    "segment_fell": "{segment}!",
    "alert_crossed_fell": "Look: {kpi} fell {size}.",
}


def test_own_words_are_said(shop: Bridge) -> None:
    printed = print_bridge(shop, "en", words=Words("en", OWN))
    assert plain(printed_headline(printed)) == "Minus €41.3k (−10.0\u202f%): Revenue, driven by conversion"
    said = plain(printed_comment(printed, "medium")[1])
    assert said.startswith("Conversion lost ground (−€63.5k). By device: mobile!; desktop!;")
    assert plain(printed_alert(printed)[0]).startswith("Look: Revenue fell 10.0\u202f%.")


def test_values_keep_their_tone_in_own_words(shop: Bridge) -> None:
    printed = print_bridge(shop, "en", words=Words("en", OWN))
    assert Text("€41.3k (−10.0\u202f%)", "bad") in printed_headline(printed)


def test_a_bridge_printed_without_words_has_the_catalogue_s_own(shop: Bridge) -> None:
    assert print_bridge(shop, "de-AT").words == Words("de")


def test_a_text_with_a_placeholder_that_is_gone_is_passed_over() -> None:
    assert Words("en", {"sentence": "{gone}"}).text("sentence", clause="It rains") == "It rains."


def test_values_are_never_read_as_templates() -> None:
    words = Words("en", {"headline_fell": "{kpi} {amount}"})
    assert words.text("headline_fell", kpi="{amount}", amount="{kpi}") == "{amount} {kpi}"


def test_french_elides_before_a_vowel() -> None:
    words = Words("fr")
    assert words.text("group_mix", weight="orders").endswith("parts d’orders")
    assert words.text("group_mix", weight="étapes").endswith("parts d’étapes")
    assert words.text("group_mix", weight="visites").endswith("parts de visites")
