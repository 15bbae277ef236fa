"""Where a change happened: disjoint segments over up to three dimensions, and everything else.

Source: docs/formulas.md, F3.7. Greedy: the best segment is taken, its rows leave, the rest is searched again; so a
piece holds what earlier pieces left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from core.engine.exact import settle
from core.engine.mix import Inside, inside_ratio, inside_volume
from core.engine.notes import Note
from core.engine.search_candidates import Candidates, candidates
from core.engine.search_choice import LEAST_OF_FIRST, LEAST_T, Choice, choose, whole_of
from core.engine.search_excess import excess
from core.engine.search_rows import LEAST_CLUSTERS, Rows, rows_of
from core.engine.search_subject import Subject
from core.model.cells import Cells, IntArray
from core.model.sums import BASE, CURRENT, FloatArray

EVERYTHING_ELSE = "everything else"
NOT_ADDITIVE = Note(
    "segments_not_additive", "This does not add up over segments, so none are searched. Choose one of the steps."
)
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Piece:
    """One segment: (dimension, value) of its conditions; base and current are None where they are undefined.

    Values are the KPI's or the step's, contribution is in KPI units. t: of its excess against the rest.
    """

    conditions: tuple[tuple[str, str], ...]
    base: float | None
    current: float | None
    contribution: float
    t: float

    @property
    def segment(self) -> str:
        """As one text: "country=FR & device=mobile"."""
        return " & ".join(f"{dimension}={value}" for dimension, value in self.conditions)


@dataclass(frozen=True, eq=False)
class Found:
    """Pieces in the order of the search; frame: segment, base, current, contribution, last row "everything else"."""

    step: str | None
    frame: pl.DataFrame
    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...]


def search(
    cells: Cells, subject: Subject, *, k: int = 5, notes: tuple[Note, ...] = (), tick: Tick = lambda share: None
) -> Found:
    """At most k disjoint pieces of the subject's contribution, and everything else; they add up exactly.

    notes: what to say besides, for example which dimensions were left out.
    tick: is told the share that is done, 0 to 1, before each round; may raise to stop the search.
    """
    if subject.measure is None:
        return everything(subject, notes=(*notes, NOT_ADDITIVE))
    rows = rows_of(cells, subject.measure)
    said = [*notes, *_on_noise(rows, cells)]
    if rows.clock.is_counted and not rows.are_counts:
        said.append(Note("segments_untestable", "Without five days on each side only counts can be searched."))
        return everything(subject, notes=tuple(said))
    known = candidates(rows, cells.names)
    chosen = _confirmed(_greedy(rows, known, k, tick), rows, known)
    if not chosen:
        said.append(Note("segments_none", "No segment moves otherwise than the rest by more than chance."))
    return _found(cells, subject, rows, known, chosen, tuple(said))


def everything(subject: Subject, *, notes: tuple[Note, ...] = ()) -> Found:
    """Nothing but everything else."""
    bottoms = None if subject.bottoms is None else subject.bottoms[:, None]
    return Found(subject.step, _frame([EVERYTHING_ELSE], *_effects(subject, subject.tops[:, None], bottoms)), (), notes)


def _on_noise(rows: Rows, cells: Cells) -> Iterator[Note]:
    if rows.clock.is_counted:
        reason = "The rows have no day" if cells.sizes is None else f"A side has less than {LEAST_CLUSTERS} days"
        yield Note(
            "segments_no_days" if cells.sizes is None else "segments_few_days",
            f"{reason}, so chance is judged by the counts alone, which takes too much for a cause.",
            {"least": LEAST_CLUSTERS},
        )


def _greedy(rows: Rows, known: Candidates, k: int, tick: Tick) -> list[int]:
    """Candidates in the order in which they are taken."""
    chosen: list[int] = []
    left, least = rows, 0.0
    while len(chosen) < k and len(known.conditions):
        tick(len(chosen) / k)
        found: Choice | None = choose(known, left, least)
        if found is None:
            break
        least = least or LEAST_OF_FIRST * abs(found.excess)
        chosen.append(found.number)
        left = left.only(~known.cells(found.number)[left.cell])
    return chosen


def _confirmed(chosen: list[int], rows: Rows, known: Candidates) -> list[int]:
    """Without pieces that moved only against others found later: the last are looked at first."""
    for number in reversed(chosen):
        label = _labels(rows, known, chosen)
        place = chosen.index(number)
        if abs(_t(rows, label, place, len(chosen))) < LEAST_T:
            return _confirmed([other for other in chosen if other != number], rows, known)
    return chosen


def _t(rows: Rows, label: IntArray, place: int, rest: int) -> float:
    """t of a piece's excess against everything else alone."""
    own, others = whole_of(rows.only(label == place)), whole_of(rows.only(label == rest))
    return float(excess(own, own.plus(others), rows.clock).t[0])


def _labels(rows: Rows, known: Candidates, chosen: list[int]) -> IntArray:
    """The piece of every row, the first that matches; len(chosen) for everything else."""
    of_cell = np.full(len(rows.codes), len(chosen), dtype=np.int64)
    for place in reversed(range(len(chosen))):
        of_cell[known.cells(chosen[place])] = place
    return of_cell[rows.cell]


def _found(
    cells: Cells, subject: Subject, rows: Rows, known: Candidates, chosen: list[int], notes: tuple[Note, ...]
) -> Found:
    label, count = _labels(rows, known, chosen), len(chosen) + 1
    tops = _by_piece(label, rows, rows.tops, count, subject.tops)
    bottoms = None
    if rows.bottoms is not None and subject.bottoms is not None:
        bottoms = _by_piece(label, rows, rows.bottoms, count, subject.bottoms)
    values, contributions = _effects(subject, tops, bottoms)
    pieces = tuple(
        Piece(
            tuple((cells.dimensions[d], cells.names[d][code]) for d, code in known.conditions[number]),
            _number(values[BASE, place]),
            _number(values[CURRENT, place]),
            float(contributions[place]),
            _t(rows, label, place, len(chosen)),
        )
        for place, number in enumerate(chosen)
    )
    names = [*(piece.segment for piece in pieces), EVERYTHING_ELSE]
    return Found(subject.step, _frame(names, values, contributions), pieces, notes)


def _by_piece(label: IntArray, rows: Rows, values: FloatArray, count: int, whole: FloatArray) -> FloatArray:
    """Sums by side and piece, shape (2, count); the last bits of rounding made to fit the whole."""
    sums = np.bincount(label * 2 + ~rows.is_base, values, count * 2).astype(np.float64).reshape(count, 2)
    return settle(sums, whole, scale=float(np.abs(values).sum())).T


def _effects(subject: Subject, tops: FloatArray, bottoms: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Values (2, s) and contributions (s,) of all pieces; contributions sum to the subject's, checked (F3.9)."""
    inside = _inside(subject, tops, bottoms)
    values = tops if bottoms is None else inside.rates
    whole = subject.tops if subject.bottoms is None else subject.tops / subject.bottoms
    scale = max(subject.size, abs(subject.weight) * float(max(np.abs(whole).max(), np.abs(inside.total).max())))
    parts = (subject.weight * inside.total)[:, None]
    return values, settle(parts, np.array([subject.contribution]), scale=scale)[:, 0]


def _inside(subject: Subject, tops: FloatArray, bottoms: FloatArray | None) -> Inside:
    if bottoms is None or subject.bottoms is None:
        return inside_volume(tops, subject.tops)
    return inside_ratio(tops, bottoms, subject.tops, subject.bottoms, subject.method)


def _frame(names: list[str], values: FloatArray, contributions: FloatArray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "segment": pl.Series(names, dtype=pl.String),
            "base": pl.Series(values[BASE].tolist(), dtype=pl.Float64).fill_nan(None),
            "current": pl.Series(values[CURRENT].tolist(), dtype=pl.Float64).fill_nan(None),
            "contribution": pl.Series((contributions + 0.0).tolist(), dtype=pl.Float64),
        }
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
