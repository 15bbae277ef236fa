"""Moves of segments: what is drawn, what is left out, and that it is said."""

from __future__ import annotations

import pytest

from core.engine.bridge import Bridge
from core.model.document import plain
from core.report.images import inline_svg
from core.report.labelling import Labelling, ticks
from core.report.layout_moves import moves_picture
from core.report.moves import moves_left_out, moves_section
from core.report.printed import PrintedBridge, print_bridge
from core.report.printed_detail import print_detail
from core.report.printed_moves import Moves, moves_of
from tests.report.hard_bridges import HARD


def moves(bridge: Bridge, step: str, most: int = 12) -> Moves:
    return moves_of(print_detail(print_bridge(bridge, "en"), step, "device"), most)


def test_every_segment_is_an_arrow(shop: Bridge) -> None:
    picture = moves_picture(moves(shop, "Conversion"), 800)
    assert [mark.shape for mark in picture.marks] == ["head"] * 3


def test_its_figures_are_those_of_the_steps_detail(shop: Bridge) -> None:
    found = moves(shop, "Conversion")
    assert found.drawn == found.detail.segments


def test_a_new_segment_is_a_point_and_one_that_is_gone_a_ring() -> None:
    bridge = HARD["only new segments"]()
    marks = moves_picture(moves(bridge, "Conversion"), 800).marks
    assert {mark.key: (mark.shape, mark.is_hollow) for mark in marks} == {
        ("x",): ("circle", False),
        ("old",): ("circle", True),
    }


def test_what_is_not_drawn_is_counted_and_adds_up() -> None:
    found = moves(HARD["fifty segments"](), "Conversion")
    drawn = sum(segment.total for segment in found.drawn)
    assert (len(found.drawn), found.left_out) == (12, 38)
    assert drawn + found.left_out_units + found.no_place_units == found.detail.step.units


def test_what_is_not_drawn_is_said() -> None:
    (line,) = moves_left_out(moves(HARD["fifty segments"](), "Conversion"))
    assert plain(line).startswith("38 smaller ones are not drawn; together they contributed −€")


def test_segments_without_a_denominator_have_no_place() -> None:
    found = moves(HARD["orphans"](), "Conversion")
    assert [segment.name for segment in found.drawn] == ["a"]
    assert plain(moves_left_out(found)[0]).startswith("Not drawn, because there is no visits to weigh it by: shop (")


def test_a_volume_moves_over_its_amounts(shop: Bridge) -> None:
    printed: PrintedBridge = print_bridge(shop, "en")
    section = moves_section(printed, print_detail(printed, "Visits", "device"))
    assert section.subtitle.startswith("From October 2026 to November 2026: each device’s own Visits.")
    assert section.chart is not None
    assert "mobile: +€25.6k, Visits 740k → 820k" in section.chart.alt


def test_without_dimensions_it_is_a_sentence() -> None:
    section = moves_section(print_bridge(HARD["without dimensions"](), "en"))
    assert (section.chart, bool(section.comment)) == (None, True)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [(0, 1, 5, (0, 0.5, 1)), (0.12, 0.31, 5, (0.15, 0.2, 0.25, 0.3)), (-3, 4, 4, (-2, 0, 2, 4)), (7, 7, 5, (7,))],
)
def test_ticks_are_round(low: float, high: float, most: int, expected: tuple[float, ...]) -> None:
    assert ticks(low, high, most) == pytest.approx(expected)


def test_a_label_steps_aside_where_its_place_is_taken() -> None:
    labelling = Labelling((0, 0, 400, 200))
    first, second = (labelling.place(100, 100, "segment", 12) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first[0][0] > 100, second[0][2] < 100) == (True, True)


def test_a_label_without_any_room_is_left_out() -> None:
    assert Labelling((0, 0, 20, 10)).place(10, 5, "a long name", 12) is None


def test_an_arrow_has_a_tooltip_in_a_report(shop: Bridge) -> None:
    chart = moves_section(print_bridge(shop, "en")).chart
    assert chart is not None
    assert "<title>mobile: −€50.2k, share 61.2 → 66.1" in inline_svg(chart.spec, alt=chart.alt, css_class="wide")
