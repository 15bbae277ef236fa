"""Funnel, dimensions, moves and tree: none fails on hard data, in any language or theme; pictures of all are kept."""

from __future__ import annotations

import json
from functools import cache

import pytest

from core.engine.bridge import Bridge
from core.model.document import Section, plain
from core.report.chart import specification
from core.report.dimensions import dimensions_chart, dimensions_section
from core.report.drawn import drawn
from core.report.funnel import funnel_chart, funnel_section
from core.report.images import inline_svg, png
from core.report.layout_dimensions import dimensions_picture
from core.report.layout_funnel import funnel_picture
from core.report.layout_move_rows import move_rows_picture
from core.report.layout_moves import moves_picture
from core.report.layout_tree import tree_picture
from core.report.moves import moves_chart, moves_section
from core.report.picture import Picture
from core.report.printed import PrintedBridge, print_bridge
from core.report.printed_dimensions import compared
from core.report.printed_funnel import levels
from core.report.printed_moves import moves_of
from core.report.printed_tree import tree_of
from core.report.sections import main_detail
from core.report.theme import ThemeName
from core.report.tree import tree_chart, tree_section
from core.report.widths import text_width
from core.settings import REPOSITORY
from tests.report.hard_bridges import HARD

SECTIONS = {
    "funnel": funnel_section,
    "dimensions": dimensions_section,
    "moves": moves_section,
    "tree": tree_section,
}
ARTEFACTS = REPOSITORY / "test-artefacts" / "views"
SIDES = ("October 2026", "November 2026")
CARDS: dict[ThemeName, str] = {"light": "#ffffff", "dark": "#18212f"}


@cache
def hard(name: str) -> Bridge:
    return HARD[name]()


def pictures(printed: PrintedBridge) -> dict[str, Picture]:
    """All pictures of a bridge, wide and narrow."""
    found, detail = {}, main_detail(printed)
    for name, width, is_narrow in (("wide", 800.0, False), ("narrow", 320.0, True)):
        found[f"funnel {name}"] = funnel_picture(levels(printed), SIDES, width, is_narrow=is_narrow)
        found[f"tree {name}"] = tree_picture(tree_of(printed), width, is_narrow=is_narrow)
        if groups := compared(printed):
            found[f"dimensions {name}"] = dimensions_picture(groups, printed.words, width, is_narrow=is_narrow)
        if detail:
            draw = moves_picture if detail.has_mix else move_rows_picture
            found[f"moves {name}"] = draw(moves_of(detail), width, is_narrow=is_narrow)
    return found


def boxes(picture: Picture) -> list[tuple[str, tuple[float, float, float, float]]]:
    found = []
    for label in picture.labels:
        width = text_width(label.text, label.size, bold=label.is_bold)
        left = {"left": label.x, "center": label.x - width / 2, "right": label.x - width}[label.align]
        found.append((label.text, (left, label.y - label.size / 2, left + width, label.y + label.size / 2)))
    return found


def collisions(picture: Picture) -> list[tuple[str, str]]:
    return [
        (a, b)
        for i, (a, p) in enumerate(boxes(picture))
        for b, q in boxes(picture)[i + 1 :]
        if min(p[2], q[2]) - max(p[0], q[0]) > 1 and min(p[3], q[3]) - max(p[1], q[1]) > 1
    ]


@pytest.mark.parametrize("name", HARD)
def test_labels_never_collide(name: str) -> None:
    found = {view: collisions(picture) for view, picture in pictures(print_bridge(hard(name), "en")).items()}
    assert {view: pairs for view, pairs in found.items() if pairs} == {}


@pytest.mark.parametrize("name", HARD)
def test_nothing_is_drawn_outside(name: str) -> None:
    for view, picture in pictures(print_bridge(hard(name), "de")).items():
        places = [place for _, place in boxes(picture)]
        places += [(box.x, box.y, box.x2, box.y2) for box in picture.boxes]
        places += [(min(s.x, s.x2), min(s.y, s.y2), max(s.x, s.x2), max(s.y, s.y2)) for s in picture.strokes]
        edges = (-5, -5, picture.width + 5, picture.height + 5)
        outside = [p for p in places if p[0] < edges[0] or p[1] < edges[1] or p[2] > edges[2] or p[3] > edges[3]]
        assert (view, outside) == (view, [])


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("view", SECTIONS)
def test_every_view_tells_something_of_every_bridge(view: str, name: str) -> None:
    section = SECTIONS[view](print_bridge(hard(name), "fr"))
    assert section.title
    assert section.chart or section.comment
    texts = json.dumps(section.chart.spec if section.chart else {}) + said(section)
    assert not any(word in texts for word in ("NaN", "nan%", "Infinity", "None"))


@pytest.mark.parametrize("name", ["plain", "long names", "only new segments", "undefined", "negative"])
@pytest.mark.parametrize("view", SECTIONS)
def test_every_view_can_be_drawn(view: str, name: str) -> None:
    chart = SECTIONS[view](print_bridge(hard(name), "en")).chart
    assert chart is None or "<svg" in inline_svg(chart.spec, alt=chart.alt, css_class="wide")


@pytest.mark.parametrize("view", SECTIONS)
def test_a_table_has_a_cell_for_every_column(view: str) -> None:
    for name in HARD:
        table = SECTIONS[view](print_bridge(hard(name), "nb")).table
        assert table is None or {len(row) for row in (*table.rows, *table.values)} <= {len(table.columns)}
        assert table is None or not table.values or len(table.values) == len(table.rows)


@pytest.mark.parametrize("view", SECTIONS)
def test_every_chart_is_valid_vega_lite(view: str) -> None:
    for picture in pictures(print_bridge(hard("plain"), "en")).values():
        assert drawn(picture, selectable=True).to_dict()["layer"]


@pytest.mark.parametrize(
    ("chart", "fields"),
    [(funnel_chart, ["step"]), (dimensions_chart, ["step", "dimension"]), (tree_chart, ["step", "segment"])],
)
def test_a_selectable_chart_names_its_selection_and_fields(chart: object, fields: list[str]) -> None:
    spec = specification(chart(print_bridge(hard("plain"), "en"), selectable=True))  # type: ignore[operator]
    assert [(param["name"], param["select"]["fields"]) for param in spec["params"]] == [("pick", fields)]


def test_moves_are_selected_by_segment() -> None:
    detail = main_detail(print_bridge(hard("plain"), "en"))
    assert detail is not None
    spec = specification(moves_chart(detail, selectable=True))
    assert spec["params"][0]["select"]["fields"] == ["segment"]


def said(section: Section) -> str:
    rows = [cell.text for row in (section.table.rows if section.table else ()) for cell in row]
    alt = section.chart.alt if section.chart else ""
    return "\n".join([plain(section.title), section.subtitle, alt, *map(plain, section.comment), *rows])


@pytest.mark.parametrize("locale", ["en", "fr", "de", "nb"])
def test_every_view_is_kept_as_a_picture_in_every_language_and_theme(locale: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    printed = print_bridge(hard("plain"), locale)
    for view, picture in pictures(printed).items():
        for theme, card in CARDS.items():
            content = png(specification(drawn(picture, theme=theme)), scale=1, background=card)
            (ARTEFACTS / f"{view.replace(' ', '-')}-{locale}-{theme}.png").write_bytes(content)
            assert content.startswith(b"\x89PNG")
