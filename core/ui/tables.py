"""Tables of core/report on a page."""

from __future__ import annotations

import polars as pl
import streamlit as st

from core.model.document import Table
from core.ui.charts import is_phone
from core.ui.text import markdown_table

TO_READ_WHOLE, TO_READ_CENTS = 1000.0, 1.0
"""From here on no places, or two of them, are enough to read an amount."""


P_FORMAT = "%.2g"
"""How a grid writes p: with two figures however small, never as 0."""


def amount_format(amounts: pl.Series, *, sign: str = "+") -> str:
    """How a grid writes amounts that can be sorted by: with their sign, and no more places than the largest needs.

    sign: nothing for sizes, which have none.
    """
    largest = float(amounts.abs().max() or 0.0)  # type: ignore[arg-type]  # A number, since amounts are floats.
    if largest >= TO_READ_WHOLE:
        return f"%{sign},.0f"
    return f"%{sign},.2f" if largest >= TO_READ_CENTS else "localized"


def show_table(table: Table, *, key: str) -> None:
    """With its colours; on a phone as a grid that can be moved sideways."""
    if not is_phone():
        st.markdown(markdown_table(table))
        return
    rows = [[cell.text for cell in row] for row in table.rows]
    st.dataframe(
        pl.DataFrame(rows, schema=list(table.columns), orient="row"),
        hide_index=True,
        column_config={
            name: st.column_config.TextColumn(alignment=align)
            for name, align in zip(table.columns, table.aligns, strict=True)
        },
        key=key,
    )
