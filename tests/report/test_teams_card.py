from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.connectors.teams import DELIVERY, DELIVERY_ELEMENT, MOST_BYTES, PICTURE, size_of
from core.errors import DataError
from core.model.document import Report, Section, Table, Text, plain
from core.report.card_schema import require_card
from core.report.digest import merged
from core.report.teams_card import CardOptions, card_pictures, teams_message
from core.report.words import Words
from core.warehouse import Version
from tests.connectors.teams_rules import of_type, parts
from tests.report.test_mail import long_report, shop_report

LINK = "https://reports.example.org/r/revenue/token"
OPTIONS = CardOptions(export="Monday card", link=LINK)


def cards(report: Report, **options: Any) -> dict[str, Any]:
    drawn: dict[str, Any] = teams_message(report, card_pictures(report), replace(OPTIONS, **options))["cards"]
    return drawn


def views(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in card["body"] if part.get("id", "").startswith("view-")]


def said(card: dict[str, Any]) -> str:
    return "\n".join(part["text"] for part in parts(card) if "text" in part)


@pytest.fixture
def slides(version: Version) -> Report:
    return shop_report(version)


def test_slides_are_a_container_each_with_title_picture_and_comment(slides: Report) -> None:
    first, second = views(cards(slides)["pictured"])
    assert [part["type"] for part in first["items"][:3]] == ["TextBlock", "TextBlock", "Image"]
    assert first["items"][0]["text"].startswith("Revenue fell by €41.3k")
    assert of_type(second, "RichTextBlock")
    assert not of_type(first, "FactSet")


def test_a_picture_s_words_carry_the_numbers(slides: Report) -> None:
    image, _ = of_type(cards(slides)["pictured"], "Image")
    assert image["url"] == f"{PICTURE}chart-1"
    assert "October 2026 €412.6k" in image["altText"]


def test_the_pictures_that_are_named_are_told_with_their_files(slides: Report) -> None:
    message = teams_message(slides, card_pictures(slides), OPTIONS)
    assert [(one["content_id"], one["file"]) for one in message["pictures"]] == [
        ("chart-1", "card-chart-1.png"),
        ("chart-2", "card-chart-2.png"),
    ]


def test_without_pictures_figures_stand_for_them(slides: Report) -> None:
    card = cards(slides)["bare"]
    assert not of_type(card, "Image")
    facts = of_type(card, "FactSet")[0]["facts"]
    assert facts[0] == {"title": "Step", "value": "From · To · Impact · % of base"}
    assert facts[2]["title"] == "Conversion"
    assert "−€63.5k" in facts[2]["value"]
    assert facts[-1]["title"] == "Revenue"


def test_a_list_has_figures_and_text(version: Version) -> None:
    card = cards(shop_report(version, layout="list"))["pictured"]
    assert not of_type(card, "Image")
    assert len(of_type(card, "FactSet")) == len(views(card)) == 2


def test_a_list_of_charts_alone_shows_them(version: Version) -> None:
    chosen = ({"view": "waterfall", "part": "chart"},)
    card = cards(shop_report(version, layout="list", elements=chosen))
    assert len(of_type(card["pictured"], "Image")) == 1
    (facts,) = of_type(card["bare"], "FactSet")
    assert facts["facts"][0] == {"title": "October 2026", "value": "€412.6k"}


def test_of_a_dropdown_one_view_is_seen_and_a_button_shows_each(version: Version) -> None:
    card = cards(shop_report(version, layout="dropdown"))["pictured"]
    shown = views(card)
    assert [view.get("isVisible", True) for view in shown] == [True, False, False, False]
    (choices,) = of_type(card, "ActionSet")
    for place, action in enumerate(choices["actions"]):
        targets = action["targetElements"]
        assert [target["elementId"] for target in targets] == [view["id"] for view in shown]
        assert [at for at, target in enumerate(targets) if target["isVisible"]] == [place]


def test_the_seventh_button_and_those_behind_it_are_secondary(slides: Report) -> None:
    many = replace(
        slides, layout="dropdown", sections=tuple(Section(f"step:{n}", (Text(f"Step {n}"),)) for n in range(9))
    )
    (choices,) = of_type(cards(many)["pictured"], "ActionSet")
    assert [action["mode"] for action in choices["actions"]] == ["primary"] * 6 + ["secondary"] * 3


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_a_digest_names_its_parts(layout: str, version: Version) -> None:
    parts_of_it = [replace(shop_report(version, layout=layout), name=name) for name in ("Shop", "Stores")]
    card = cards(merged(parts_of_it, [], name="Both", words=Words("en")))["pictured"]
    names = [text for text in said(card).split("\n") if text.startswith(("Shop", "Stores"))]
    assert len(names) == (2 if layout == "list" else len(views(card)))
    assert "2 of 2 KPIs moved beyond their threshold" in said(card)
    labels = [action["title"] for row in of_type(card, "ActionSet") for action in row["actions"]]
    assert all(label.startswith(("Shop: ", "Stores: ")) for label in labels)


def test_it_leads_to_the_report_and_names_its_delivery(slides: Report) -> None:
    card = cards(slides)["pictured"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the report", "url": LINK}]
    (last,) = [part for part in card["body"] if part.get("id") == DELIVERY_ELEMENT]
    assert last["text"] == f"Delivery {DELIVERY}"
    assert card["msteams"] == {"width": "Full"}
    assert not cards(slides, link="")["pictured"]["actions"]


def test_a_test_says_so(slides: Report) -> None:
    assert "A test, sent by hand" in said(cards(slides, is_test=True)["pictured"])
    assert "A test" not in said(cards(slides)["pictured"])


def test_an_alert_that_crossed_stands_in_its_colour(slides: Report) -> None:
    bands = [part for part in cards(slides)["pictured"]["body"] if part.get("style") == "attention"]
    assert bands[0]["items"][0]["inlines"][0]["text"].startswith("Revenue fell 10.0")


@pytest.mark.parametrize(
    "name",
    ["[here](https://evil.example)", "*all* _of_ `it`", "- point", "1. point", "# big", "a\nb", "{{DATE(2026)}}"],
)
def test_what_comes_from_data_means_nothing_but_itself(name: str, slides: Report) -> None:
    table = Table(("Segment", "To"), ("left", "right"), ((Text(name), Text("5")),))
    section = Section("waterfall", (Text(name),), subtitle=name, comment=((Text(name),),), table=table)
    card = cards(replace(slides, name=name, sections=(section,), layout="list"))["pictured"]
    (view,) = views(card)
    blocks = [item["text"] for item in view["items"] if item["type"] == "TextBlock"]
    facts = [fact["title"] for part in of_type(view, "FactSet") for fact in part["facts"]]
    for shown in [*blocks, *facts[1:]]:
        for mark in "[*_`":
            assert mark not in shown.replace(f"\\{mark}", "")
        assert not shown.startswith(("- ", "# ", "1. "))
        assert "\n" not in shown
        assert "{{DATE" not in shown
    (comment,) = of_type(view, "RichTextBlock")
    assert comment["inlines"][0]["text"].replace("\u2060", "") == name.replace("\n", " ")


def test_own_words_keep_their_form_and_sound_links_alone(slides: Report) -> None:
    words = "# Monday\n\nSee **this** [page](https://a.example) or [that](javascript:x)\n\n2. two\n- one"
    runs = of_type(cards(slides, before=words)["pictured"], "TextRun")[:9]
    assert [run["text"] for run in runs if run["text"].strip()][:2] == ["Monday", "See "]
    assert [run["text"] for run in runs if run.get("weight") == "Bolder"] == ["Monday", "this"]
    led = [run["selectAction"]["url"] for run in runs if "selectAction" in run]
    assert led == ["https://a.example"]


def test_a_report_that_is_too_large_is_shortened_and_says_so(slides: Report) -> None:
    long = long_report(slides, rows=200, sections=3)
    for card in (cards(long)["pictured"], cards(long)["short"]):
        assert size_of(card) <= MOST_BYTES
        assert "Shortened to what Teams takes. The report has all of it." in said(card)
    assert "more rows in the report" in said(cards(long)["pictured"])


def test_a_report_of_very_many_views_keeps_the_first_ones(slides: Report) -> None:
    comment = ((Text("word " * 150),),)
    many = tuple(Section(f"step:{n}", (Text(f"Step {n}"),), comment=comment) for n in range(60))
    for layout in ("slides", "list", "dropdown"):
        card = cards(replace(slides, sections=many, layout=layout), before="x" * 4_000)["pictured"]
        assert size_of(card) <= MOST_BYTES
        assert 0 < len(views(card)) < 60
        assert "Shortened" in said(card)


def test_a_report_that_fits_says_nothing_of_shortening(slides: Report) -> None:
    assert "Shortened" not in said(cards(slides)["pictured"])


def test_every_card_fits_the_official_schema(slides: Report) -> None:
    with pytest.raises(DataError, match=r"does not fit the schema of Adaptive Cards at \$\.body\[0\]"):
        require_card({"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "Image", "altText": "no url"}]})


@pytest.mark.parametrize("locale", ["en", "fr", "de", "nb"])
def test_it_speaks_the_report_s_language(locale: str, version: Version) -> None:
    report = shop_report(version, locale=locale)
    card = cards(report, is_test=True)["pictured"]
    assert card["lang"] == locale
    assert plain(report.headline)[:10] in said(card)
