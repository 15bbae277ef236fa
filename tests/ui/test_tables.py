"""How grids write amounts."""

from __future__ import annotations

import polars as pl
import pytest

from core.ui.tables import amount_format


@pytest.mark.parametrize(
    ("amounts", "written"),
    [
        ([66401.057, -418200.996, None], "%+,.0f"),
        ([-12.3456, 3.0], "%+,.2f"),
        ([0.00012], "localized"),
        ([None], "localized"),
        ([], "localized"),
    ],
)
def test_amounts_have_no_more_places_than_the_largest_needs(amounts: list[float | None], written: str) -> None:
    assert amount_format(pl.Series(amounts, dtype=pl.Float64)) == written


def test_sizes_have_no_sign() -> None:
    assert [amount_format(pl.Series([size]), sign="") for size in (143_000.5, 1.5)] == ["%,.0f", "%,.2f"]
