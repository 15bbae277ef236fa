"""Found segments as bars, sentences and a table: figures add up, pieces are called by their columns' labels."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import polars as pl
import pytest

from core.engine.notes import Note
from core.engine.segments import EVERYTHING_ELSE, Found, Piece
from core.model.document import plain
from core.report.chart import draw
from core.report.messages import CATALOGUES
from core.report.printed import print_bridge
from core.report.segments import segments_bars, segments_section
from tests.report.conftest import COUNTRIES, shop_bridge

LABELS = {"device": "Device", "country": "Country", "channel": "Channel"}
DE, FR = ("country", "DE"), ("country", "FR")
MOBILE = ("device", "mobile")


def found_of(*rows, rest, step=None, notes=()) -> Found:
    """rows: conditions, base, current, contribution of each piece; rest: those of everything else."""
    pieces = tuple(Piece(conditions, base, current, change, 9.0) for conditions, base, current, change in rows)
    lines = [(piece.segment, piece.base, piece.current, piece.contribution) for piece in pieces]
    schema = {"segment": pl.String, "base": pl.Float64, "current": pl.Float64, "contribution": pl.Float64}
    return Found(step, pl.DataFrame([*lines, (EVERYTHING_ELSE, *rest)], schema, orient="row"), pieces, notes)


@pytest.fixture
def revenue():
    """412.6k to 371.3k, most of it from phones in two countries."""
    return found_of(
        ((DE, MOBILE), 120_000, 95_000, -25_000),
        ((FR, MOBILE), 70_000, 60_000, -10_000),
        ((("channel", "Email"),), 0, 4_000, 4_000),
        rest=(222_600, 212_300, -10_300),
    )


@pytest.fixture
def conversion(shop):
    """The step's contribution, about half of it from tablets, whose rate fell from 3.1 % to 2.0 %."""
    whole = shop.steps.filter(step="Conversion")["contribution"][0]
    return found_of(
        ((("device", "tablet"),), 0.031, 0.02, -20_000), rest=(0.034, 0.033, whole + 20_000), step="Conversion"
    )


def section(bridge, found, locale="en"):
    return segments_section(print_bridge(bridge, locale, LABELS), found)


def test_bars_lead_from_base_to_current(shop, revenue):
    bars = segments_bars(print_bridge(shop, "en", LABELS), revenue).bars

    assert [bar.label for bar in bars[1:-1]] == ["DE · mobile", "FR · mobile", "Email", "Everything else"]
    assert bars[0].end == bars[1].start == 412_600
    assert bars[-2].end == pytest.approx(bars[-1].end)
    assert [bar.tone for bar in bars[1:-1]] == ["bad", "bad", "good", "rest"]


def test_a_bar_gives_back_its_segment_and_everything_else_none(shop, revenue):
    keys = [bar.key for bar in segments_bars(print_bridge(shop, "en"), revenue).bars[1:-1]]

    assert keys == [*revenue.frame["segment"][:-1], ""]


def test_printed_pieces_add_up_to_the_printed_change(shop, revenue):
    printed = print_bridge(shop, "en")
    table = section(shop, revenue).table

    amounts = [row[3].text for row in table.rows]
    assert amounts == ["−€25.0k", "−€10.0k", "+€4.0k", "−€10.3k", "−€41.3k"]
    assert amounts[-1] == printed.change_text
    assert [cell.text for cell in table.rows[-1]][:3] == ["Revenue", "€412.6k", "€371.3k"]


def test_pieces_that_share_a_cause_are_named_together(shop, revenue):
    assert (
        plain(section(shop, revenue).title)
        == "Revenue: device mobile, country DE and FR (−€35.0k) and channel Email (+€4.0k)"
    )


def test_the_comment_says_what_each_piece_did(shop, revenue):
    assert [plain(line) for line in section(shop, revenue).comment] == [
        "Country DE, device mobile fell from €120k to €95k (−€25.0k).",
        "Country FR, device mobile fell from €70.0k to €60.0k (−€10.0k).",
        "Channel Email is new (+€4.0k).",
        "Everything else: −€10.3k.",
    ]


def test_a_step_is_told_by_its_own_values_and_has_no_totals(shop, conversion):
    shown = section(shop, conversion)

    assert plain(shown.comment[0]) == "Device tablet fell from 3.10\u202f% to 2.00\u202f% (−€20.0k)."
    bars = segments_bars(print_bridge(shop, "en"), conversion).bars
    assert [bar.is_total for bar in bars] == [False, False]
    assert "in all" in shown.subtitle


def test_groups_are_compared_without_rise_or_fall(revenue):
    bridge = shop_bridge(COUNTRIES)

    assert plain(section(bridge, revenue).comment[0]).startswith("Country DE, device mobile, €120k against €95k")


def test_nothing_found_is_said(shop):
    none = found_of(rest=(412_600, 371_300, -41_300), notes=(Note("segments_none", "No segment stands out."),))

    shown = section(shop, none)

    assert plain(shown.title) == "Revenue: no segment stands out"
    assert shown.comment == ()
    assert shown.notes == ("No segment stands out.",)


def test_pieces_that_overlap_are_said_to_be_read_in_order(shop, revenue):
    apart = found_of(
        *[(p.conditions, p.base, p.current, p.contribution) for p in revenue.pieces[:2]], rest=(0, 0, -6300)
    )

    assert len(section(shop, revenue).notes) == 1
    assert section(shop, apart).notes == ()


def test_the_alternative_text_carries_the_numbers(shop, revenue):
    alt_text = section(shop, revenue).chart.alt

    assert "€412.6k" in alt_text
    assert all(number in alt_text for number in ("−€25.0k", "−€10.0k", "+€4.0k", "−€10.3k"))


@pytest.mark.parametrize("locale", CATALOGUES)
def test_every_language_says_it_in_its_own_words(shop, revenue, locale):
    shown = section(shop, replace(revenue, notes=(Note("segments_none", "english"),)), locale)

    said = " ".join(plain(line) for line in (shown.title, *shown.comment)) + " ".join(shown.notes) + shown.chart.alt
    assert "{" not in said
    assert ("english" in said) == (locale == "en")


def test_the_chart_is_valid(shop, revenue):
    bars = segments_bars(print_bridge(shop, "en"), revenue)

    alt.LayerChart.from_dict(draw(bars).to_dict())
