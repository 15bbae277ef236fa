"""The editable table of columns: type, role, aggregation, names, unit, format, beside values of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import polars as pl
import streamlit as st

from core.model.data import Aggregation, ColumnSpec, ColumnType, Role

ROLE_HELP = (
    "date: the day of a row. dimension: splits the KPI. metric: is added up. ignored: is not loaded into bridges."
)
AGGREGATION_HELP = "sum: parts add up to the whole. distinct: they overlap (users, customers), so they are not added."
FORMAT_HELP = "How figures are written, for example 0.00 or 0,0."
SAMPLES_SHOWN = 3
LONG_NAME = 28
SEPARATOR = " · "
TEXTS = ("display_name", "description", "unit", "format")


def edit(columns: Sequence[ColumnSpec], samples: Mapping[str, Sequence[str]], *, key: str) -> tuple[ColumnSpec, ...]:
    """The columns as somebody left them in the table."""
    table = pl.DataFrame([_row(column, samples.get(column.name, ())) for column in columns])
    is_wide = any(len(column.name) > LONG_NAME for column in columns)
    edited = st.data_editor(
        table, column_config=_configuration(is_wide=is_wide), hide_index=True, width="stretch", key=key
    )
    return tuple(_column(row) for row in pl.DataFrame(edited).to_dicts())


def samples_of(head: pl.DataFrame) -> dict[str, list[str]]:
    """A few different values of each column of the first rows."""
    return {
        series.name: [str(value) for value in series.drop_nulls().unique(maintain_order=True).head(SAMPLES_SHOWN)]
        for series in head.get_columns()
    }


def _row(column: ColumnSpec, samples: Sequence[str]) -> dict[str, Any]:
    return {
        "name": column.name,
        "samples": SEPARATOR.join(samples[:SAMPLES_SHOWN]),
        "type": column.type,
        "role": column.role,
        "aggregation": column.aggregation,
        "display_name": column.display_name or "",
        "description": column.description,
        "unit": column.unit,
        "format": column.format,
    }


def _column(row: dict[str, Any]) -> ColumnSpec:
    kept = {name: value for name, value in row.items() if name != "samples"}
    texts = {name: kept[name] or "" for name in TEXTS}
    return ColumnSpec.model_validate({**kept, **texts, "display_name": texts["display_name"] or None})


def _configuration(*, is_wide: bool) -> dict[str, Any]:
    """is_wide: a column's name is so long that the table would hold little else."""
    choice, text = st.column_config.SelectboxColumn, st.column_config.TextColumn
    return {
        "name": text("Column", disabled=True, pinned=True, width="medium" if is_wide else None),
        "samples": text("Values", disabled=True, width="medium"),
        "type": choice("Type", options=list(get_args(ColumnType)), required=True, width="small"),
        "role": choice("Role", options=list(get_args(Role)), required=True, width="small", help=ROLE_HELP),
        "aggregation": choice("Aggregation", options=list(get_args(Aggregation)), required=True, help=AGGREGATION_HELP),
        "display_name": text("Display name"),
        "description": text("Description"),
        "unit": text("Unit", width="small"),
        "format": text("Format", width="small", help=FORMAT_HELP),
    }
