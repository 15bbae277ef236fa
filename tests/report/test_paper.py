from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from core.engine.bridge import Bridge
from core.model.document import Report, plain
from core.report.messages import joined
from core.report.paper import HEIGHT, MARGIN, TITLE, paper
from core.warehouse import Version
from tests.report.conftest import sum_bridge
from tests.report.test_document import report_of


def pages_of(report: Report) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(paper(report))).pages]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_slides_are_a_page_each_with_title_comment_and_figures_as_text(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    pages = pages_of(report)
    assert len(pages) == len(report.sections) + 1
    assert squeezed(plain(report.alert)) in squeezed(pages[0])
    for section, page in zip(report.sections, pages[1:], strict=True):
        assert squeezed(plain(section.title)) in squeezed(page)
        assert all(squeezed(plain(line)) in squeezed(page) for line in section.comment)
    assert report.sections[0].chart is not None
    assert all(squeezed(bar.printed) in squeezed(pages[1]) for bar in report.sections[0].chart.bars)


def test_a_list_is_one_page_as_long_as_it_takes(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version, layout="list", views=("alert", "waterfall", "step_detail", "funnel", "tree"))
    reader = PdfReader(BytesIO(paper(report)))
    assert len(reader.pages) == 1
    page = reader.pages[0].mediabox
    assert page.height > 2 * page.width * 0.5
    assert all(
        squeezed(plain(section.title)) in squeezed(reader.pages[0].extract_text()) for section in report.sections
    )


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_each_page_says_of_when_its_data_are(shop: Bridge, version: Version, layout: str) -> None:
    report = report_of(shop, version, layout=layout)
    assert all(squeezed("Data as of 1 Dec 2026") in squeezed(page) for page in pages_of(report))


@pytest.mark.parametrize("moved", [1, 20])
def test_an_alert_of_many_analyses_stays_on_its_page(shop: Bridge, version: Version, moved: int) -> None:
    report = report_of(shop, version)
    whole = replace(report, alert=joined(report.alert * moved))
    stands: list[float] = []
    page = PdfReader(BytesIO(paper(whole))).pages[0]
    page.extract_text(visitor_text=lambda said, _cm, matrix, _font, _size: stands.append(matrix[5]) if said else None)
    assert len(stands) > moved
    footing = HEIGHT - MARGIN / 2
    assert max(stands) == footing
    assert max(y for y in stands if y < footing) <= HEIGHT - 2 * MARGIN - TITLE


def test_strange_names_make_a_file_that_opens(version: Version) -> None:
    bridge = sum_bridge((1.0, -2.0, 0.0), (5.0, -9.0, 0.0), names=("<b>&amp;", "a\x0bb\nc", "é" * 300))
    assert len(pages_of(report_of(bridge, version, views=("waterfall", "funnel")))) >= 2
