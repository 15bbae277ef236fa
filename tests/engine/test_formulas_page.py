"""docs/formulas.md holds every formula that the code cites, and its example is what the engine says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.engine.bridge import build_bridge
from core.model.analysis import Method

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")


def test_every_formula_that_is_cited_is_there(page):
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "core").rglob("*.py")]
    cited = {number for source in sources for number in re.findall(r"\bF3\.\d\b", source)}
    assert cited <= set(re.findall(r"^## (F3\.\d) ", page, flags=re.MULTILINE))


@pytest.mark.parametrize("method", Method.__args__)
def test_the_example_is_what_the_engine_says(page, equation, table, method):
    sums = table(["visits", "orders", "revenue"], {"all": (1000, 50, 4000)}, {"all": (1200, 48, 4320)})
    bridge = build_bridge(equation("visits", "orders / visits", "revenue / orders"), sums, method=method)
    printed = ", ".join(f"{value:.2f}".replace("-", "−") for value in bridge.steps["contribution"])
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{method}`")]
    assert f"| {printed} |" in line
