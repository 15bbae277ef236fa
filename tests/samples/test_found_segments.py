"""The search finds the causes planted in the shop (data/samples/README.md), and names no others for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.analyses import compute
from core.engine.segments import EVERYTHING_ELSE
from core.model.analysis import AnalysisSpec
from core.segment_search import find_segments
from core.warehouse import Warehouse
from core.warehouse.adhoc import open_data

SHOP = Path(__file__).resolve().parents[2] / "data" / "samples" / "shop.parquet"
BROKEN = {"country=DE & device=mobile", "country=FR & device=mobile"}
SPEC = AnalysisSpec.model_validate(
    {
        "slug": "shop",
        "name": "Shop",
        "dataset": "shop",
        "equation": {
            "total": "revenue",
            "steps": [{"formula": step} for step in ("visits", "orders / visits", "revenue / orders")],
        },
        "comparison": {"by": "day", "base": ["2026-09-01", "2026-09-30"], "current": ["2026-10-01", "2026-10-31"]},
    }
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    warehouse = Warehouse(tmp_path_factory.mktemp("shop"), threads=2, memory_limit="1GB")
    yield warehouse, open_data(warehouse, SHOP, by="day")
    warehouse.close()


def pieces(shop, step=None):
    """Contribution by segment, in the order in which they were found."""
    warehouse, version = shop
    found = find_segments(warehouse, SPEC, version, step=step)
    return dict(zip(found.frame["segment"], found.frame["contribution"], strict=True))


def test_conversion_broke_on_phones_in_two_countries(shop):
    found = pieces(shop, "orders / visits")

    assert set(list(found)[:2]) == BROKEN
    assert abs(found[EVERYTHING_ELSE]) < 0.01 * sum(abs(found[segment]) for segment in BROKEN)


def test_ads_lost_most_visits_and_poland_is_new(shop):
    assert list(pieces(shop, "visits"))[:2] == ["channel=Ads", "country=PL"]


def test_baskets_grew_in_home(shop):
    assert next(iter(pieces(shop, "revenue / orders"))) == "category=Home"


def test_revenue_moved_by_the_planted_causes_alone(shop):
    assert set(pieces(shop)) == {*BROKEN, "channel=Ads", "country=PL", EVERYTHING_ELSE}


@pytest.mark.parametrize("step", [None, "visits", "orders / visits", "revenue / orders"])
def test_the_pieces_add_up(shop, step):
    warehouse, version = shop
    bridge = compute(warehouse, SPEC, version)
    whole = bridge.total.change if step is None else bridge.steps.filter(step=step)["contribution"][0]

    assert sum(pieces(shop, step).values()) == pytest.approx(whole, rel=1e-12)
