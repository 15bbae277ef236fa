"""The causes planted in the shop (data/samples/README.md) are what the ranking puts first and the comment names."""

from __future__ import annotations

import pytest

from core.model.document import plain
from core.notebook import NotebookBridge, bridge
from core.report.comment import comment
from core.settings import REPOSITORY

STEPS = ["visits", "orders / visits", "revenue / orders"]
SEPTEMBER, OCTOBER = ("2026-09-01", "2026-09-30"), ("2026-10-01", "2026-10-31")


@pytest.fixture(scope="module")
def october() -> NotebookBridge:
    shop = str(REPOSITORY / "data" / "samples" / "shop.parquet")
    return bridge(shop, STEPS, "revenue", by="day", base=SEPTEMBER, current=OCTOBER)


@pytest.fixture(scope="module")
def said(october: NotebookBridge) -> list[str]:
    return [plain(line) for line in comment(october.bridge, "en", "high")]


@pytest.mark.parametrize(
    ("step", "dimensions"),
    [
        ("visits", ["channel", "country"]),
        ("orders / visits", ["device", "country"]),
        ("revenue / orders", ["category"]),
    ],
)
def test_the_ranking_puts_the_planted_dimensions_first(october: NotebookBridge, step, dimensions) -> None:
    ranked = [name for of, name, *_ in october.ranking().iter_rows() if of == step]
    assert ranked[: len(dimensions)] == dimensions


@pytest.mark.parametrize(
    ("step", "segment", "sign"),
    [("visits", "Ads", -1), ("orders / visits", "mobile", -1), ("revenue / orders", "Home", 1)],
)
def test_the_best_dimension_of_a_step_opens_on_the_planted_segment(
    october: NotebookBridge, step: str, segment: str, sign: int
) -> None:
    detail = october.detail(step, october.bridge.best_dimension(step) or "")
    assert detail["segment"][0] == segment
    assert detail["total"][0] * sign > 0


def test_dimensions_without_a_cause_are_told_as_noise(october: NotebookBridge) -> None:
    noise = {(step, name) for step, name, _, signal in october.ranking().iter_rows() if signal < 0.1}
    assert {("orders / visits", "channel"), ("orders / visits", "category"), ("revenue / orders", "device")} <= noise


@pytest.mark.parametrize("cause", ["mobile fell", "Ads fell", "Home rose"])
def test_the_comment_names_the_cause(said: list[str], cause: str) -> None:
    assert cause in "\n".join(said)


def test_the_step_that_broke_comes_first_in_the_comment(said: list[str]) -> None:
    assert said[1].startswith("orders / visits fell")
