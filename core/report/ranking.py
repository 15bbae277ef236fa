"""Why a dimension is where it is in a step's ranking: its figure or a mark, and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any

import polars as pl

from core.engine.ranking import LEAST_RECURRING
from core.model.document import Line
from core.report.numbers import digits, percent
from core.report.printed import PrintedBridge
from core.report.words import Words

TELLING_SIGNAL = 0.1
"""A smaller share of signal is not worth a word: then it is the mix that moved."""


def why_dimension(printed: PrintedBridge, step: str, dimension: str) -> Line:
    """What makes a dimension interesting for a step, or not; empty where no dimension explains the step.

    Its figures are those of `Bridge.ranking_parts`, printed as the bridge's.
    """
    rows = printed.bridge.ranking_parts(step).filter(pl.col("dimension") == dimension).to_dicts()
    if not rows:
        return ()
    row = rows[0]
    values = {"dimension": printed.label(dimension), "count": digits(row["segments"], 0, printed.locale)}
    beyond = printed.numbers.rounded(row["excess"] - row["noise"])
    key = _key(row, beyond)
    if key.startswith("why_apart"):
        values["amount"] = printed.numbers.amount(beyond)
    if key == "why_apart_signal":
        values["signal"] = percent(floor(row["signal"] * 100), printed.locale, decimals=0, sign=False)
    return printed.words.phrase(key, **values)


def interest_said(row: Mapping[str, Any], words: Words) -> str:
    """A row's interest with two places; a word in its stead where the figure is not what counts."""
    key = mark_of(row)
    return digits(row["interest"], 2, words.language) if key is None else words.text(key)


def mark_of(row: Mapping[str, Any]) -> str | None:
    """The message that says why a dimension's figure does not count; None where it does."""
    if row["is_excluded"]:
        return "mark_excluded"
    if row["segments"] < 2:
        return "mark_single"
    if row["recurring"] < LEAST_RECURRING:
        return "mark_one_sided"
    return "mark_noise" if row["is_noise"] else None


def _key(row: dict[str, Any], beyond: int) -> str:
    if row["is_focus"]:
        return "why_focus"
    if row["is_excluded"]:
        return "why_excluded"
    if row["segments"] < 2:
        return "why_single"
    if row["recurring"] < LEAST_RECURRING:
        return "why_strangers"
    if row["is_noise"]:
        return "why_noise"
    if beyond == 0:
        return "why_alike"
    if row["signal"] is None:
        return "why_apart_untested"
    return "why_apart_signal" if row["signal"] >= TELLING_SIGNAL else "why_apart"
