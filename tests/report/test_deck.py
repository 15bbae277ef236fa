from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pptx import Presentation

from core.engine.bridge import Bridge
from core.model.document import Chart, ChartBar, Report, Section, Text, plain
from core.report.deck import deck, slide_titles
from core.warehouse import Version
from tests.report.conftest import sum_bridge
from tests.report.test_document import report_of


def slides_of(report: Report) -> list[Any]:
    return list(Presentation(BytesIO(deck(report))).slides)


def texts(slide: Any) -> str:
    return "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def native(slide: Any) -> Any:
    return next(shape.chart for shape in slide.shapes if shape.has_chart)


def with_bars(report: Report, *bars: ChartBar) -> Report:
    chart = Chart(dict, "alt", bars=bars)
    return Report(**{**vars(report), "sections": (Section("waterfall", (Text("x"),), chart=chart),), "alert": ()})


def heights(chart: Any) -> list[tuple[float | None, ...]]:
    """All series but the room for figures, value by value."""
    return [tuple(series.values) for series in list(chart.plots[0].series)[:-1]]


def test_each_view_has_a_slide_with_its_title_and_comment(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    slides = slides_of(report)
    assert len(slides) == len(slide_titles(report)) == len(report.sections) + 1
    for section, slide in zip(report.sections, slides[1:], strict=True):
        assert plain(section.title) in texts(slide)
        assert all(plain(line) in texts(slide) for line in section.comment)


def test_the_alert_is_text_alone(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    first = slides_of(report)[0]
    assert plain(report.alert) in texts(first)
    assert not any(shape.has_chart for shape in first.shapes)


def test_a_long_alert_is_written_smaller(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    short, long = (
        slides_of(Report(**{**vars(report), "alert": report.alert * times}))[0].shapes[2] for times in (1, 40)
    )
    assert "of" in long.text_frame.text
    assert long.text_frame.paragraphs[0].runs[0].font.size < short.text_frame.paragraphs[0].runs[0].font.size


def test_the_native_chart_holds_base_each_step_and_current(shop: Bridge, version: Version) -> None:
    chart = native(slides_of(report_of(shop, version))[1])
    seen = [value for series in heights(chart)[1:] for value in series if value is not None]
    contributions = [abs(c) for c in shop.steps["contribution"]]
    assert sorted(seen) == pytest.approx(sorted([shop.total.base, shop.total.current, *contributions]))
    assert list(chart.plots[0].categories)[1:4] == ["Visits", "Conversion", "Basket"]


def test_its_figures_are_the_printed_ones(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    chart = native(slides_of(report)[1])
    room = list(chart.plots[0].series)[-1]
    shown = [room.points[i].data_label.text_frame.text for i in range(5)]
    assert report.sections[0].chart is not None
    assert shown == [bar.printed for bar in report.sections[0].chart.bars]


@pytest.mark.parametrize(
    ("start", "end", "unseen", "seen"),
    [(10, 30, 10, [20]), (30, 10, 10, [20]), (-10, -30, -10, [-20]), (-10, 30, 0, [30, -10]), (5, 5, 5, [0])],
)
def test_a_bar_floats_from_its_start_to_its_end_on_either_side_of_0(
    shop: Bridge, version: Version, start: float, end: float, unseen: float, seen: list[float]
) -> None:
    bar = ChartBar("step", start, end, "±", "good")
    stacked = heights(native(slides_of(with_bars(report_of(shop, version), bar))[0]))
    assert stacked[0] == (unseen,)
    assert [values[0] for values in stacked[1:]] == seen


def test_segments_stand_under_their_headings(shop: Bridge, version: Version) -> None:
    detail = native(slides_of(report_of(shop, version))[2])
    categories = detail.plots[0].categories
    assert categories.depth == 2
    assert len(categories.levels[1]) == 2


def test_its_alternative_text_carries_the_numbers(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    shape = next(shape for shape in slides_of(report)[1].shapes if shape.has_chart)
    assert report.sections[0].chart is not None
    assert shape._element.xpath(".//p:cNvPr")[0].get("descr") == report.sections[0].chart.alt


def test_every_view_and_strange_names_make_a_deck_that_opens(version: Version) -> None:
    bridge = sum_bridge((1.0, -2.0, 0.0), (5.0, -9.0, 0.0), names=("<b>&amp;", "a\x0bb\nc", "é" * 300))
    report = report_of(bridge, version, views=("waterfall", "funnel", "tree", "step_detail"))
    assert len(slides_of(report)) == len(slide_titles(report))


@pytest.mark.parametrize(("width", "is_beside"), [(500, True), (1500, False)])
def test_a_tall_chart_stands_beside_its_comment(shop: Bridge, version: Version, width: int, is_beside: bool) -> None:
    """Above it, the many rows of a comparison of dimensions would be too small to read."""
    chart = Chart(lambda: {"width": width, "height": 500, "mark": "point", "data": {"values": [{}]}}, "alt")
    section = Section("dimensions", (Text("x"),), chart=chart, comment=((Text("Mobile fell."),),))
    (slide,) = slides_of(replace(report_of(shop, version), sections=(section,), alert=()))
    picture = next(shape for shape in slide.shapes if not shape.has_text_frame)
    told = next(s for s in slide.shapes if s.has_text_frame and s.text_frame.text == "Mobile fell.")
    assert (told.left >= picture.left + picture.width) == is_beside
    assert (told.top >= picture.top + picture.height) != is_beside
