"""What can be said of whole numbers without days: counts and shares of counts (docs/formulas.md, F3.8)."""

from __future__ import annotations

import numpy as np

from core.model.sums import BASE, CURRENT, FloatArray


def are_counts(values: FloatArray) -> bool:
    """Whether all are whole numbers from 0 on."""
    return bool((values == np.round(values)).all() and (values >= 0).all())


def are_shares(numerators: FloatArray, denominators: FloatArray) -> bool:
    """Whether numerators are counts of parts of the denominators."""
    return are_counts(numerators) and are_counts(denominators) and bool((numerators <= denominators).all())


def pooled_z(numerators: FloatArray, denominators: FloatArray) -> FloatArray:
    """z of the change of shares, each of shape (2, s) → (s,); NaN without a denominator, or where all are alike."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = numerators / denominators
        pooled = numerators.sum(axis=0) / denominators.sum(axis=0)
        variance = pooled * (1 - pooled) * (1 / denominators).sum(axis=0)
        return np.asarray(np.where(variance > 0, (rates[CURRENT] - rates[BASE]) / np.sqrt(variance), np.nan))
