"""Units of columns: those given on the Data page, else what a header says: "Umsatz (€)", "Revenue USD". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.model.data import ColumnSpec

CURRENCIES = "€|\\$|£|¥|EUR|USD|GBP|CHF|JPY|NOK|SEK|DKK|PLN|CAD|AUD|kr"
IN_BRACKETS = re.compile(rf"\s*[(\[]\s*(?:in\s+)?({CURRENCIES})\s*[)\]]$")
BEHIND = re.compile(rf"[\s_](?:in[\s_])?({CURRENCIES})$")


def unit_in(header: str) -> str:
    """The currency that a header ends with, or nothing. A header's % is left alone: it is no rate between 0 and 1."""
    found = IN_BRACKETS.search(header) or BEHIND.search(header)
    return found[1] if found else ""


def without_unit(header: str) -> str:
    """The header without a currency in brackets: "Umsatz (€)" is "Umsatz"."""
    return IN_BRACKETS.sub("", header) or header


def units_of(columns: Iterable[ColumnSpec]) -> dict[str, str]:
    """The unit of each column by its name."""
    return {column.name: column.unit or unit_in(column.name) for column in columns}
