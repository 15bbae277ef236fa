"""Tables of core/report on a page."""

from __future__ import annotations

import polars as pl
import streamlit as st

from core.model.document import Table
from core.ui.charts import is_phone
from core.ui.text import markdown_table


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
