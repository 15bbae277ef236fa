"""Segments over several dimensions, from a specification and a data version: chosen, counted in one scan, searched.

Answers are kept by specification, data version, step and number of pieces.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import comb, prod

import numpy as np

from core.analyses import compute, dimensions_for
from core.comparisons import comparison_for
from core.engine.bridge import Bridge, whole_columns
from core.engine.notes import Note
from core.engine.pair import counterparts
from core.engine.search_candidates import LEAST_SHARE, MOST_CONDITIONS
from core.engine.search_subject import Subject, subject_of
from core.engine.segments import NOT_ADDITIVE, Found, everything, search
from core.errors import Cancelled, DataError
from core.model.analysis import AnalysisSpec
from core.model.cells import Cells
from core.model.comparison import DateSide
from core.model.sums import BASE
from core.warehouse import Version, Warehouse
from core.warehouse.cells import MOST_CLUSTERS, clusters_of

MOST_DIMENSIONS, PLENTY_OF_DIMENSIONS, LEAST_DIMENSIONS = 8, 5, 3
MOST_ROWS = 2_500_000
MOST_VALUES = 20_000
KEPT_ANSWERS = 32
MOST_PIECES = 20
COUNTED, SEARCHED = 0.1, 0.6
Progress = Callable[[str, float], None]

_answers: OrderedDict[tuple[object, ...], Found] = OrderedDict()
_lock = threading.Lock()


def find_segments(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    *,
    step: str | None = None,
    k: int = 5,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Found:
    """At most k disjoint segments of the KPI's change, or of a step's contribution, and everything else.

    progress: is told what is being done, and the share that is done.
    Raises as `compute`; DataError for an unknown step, one without segments, and a k that is not 1 to 20; Cancelled.
    """
    if not 1 <= k <= MOST_PIECES:
        raise DataError(f"{k} segments cannot be searched. Choose 1 to {MOST_PIECES}.", field="k")
    key = (spec.model_dump_json(), version.dataset, version.number, str(version.facts), version.as_of, step, k)
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    found = _find(warehouse, spec, version, step, k, progress or (lambda text, share: None), cancel)
    with _lock:
        _answers[key] = found
        while len(_answers) > KEPT_ANSWERS:
            _answers.popitem(last=False)
    return found


def _find(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    step: str | None,
    k: int,
    progress: Progress,
    cancel: threading.Event | None,
) -> Found:
    progress("Looking which values are frequent", 0.0)
    asked = dimensions_for(spec, version)
    known = tuple(d for d in asked if version.cardinalities.get(d, 0) <= MOST_VALUES)
    bridge = compute(warehouse, spec, version, dimensions=known, cancel=cancel)
    subject = subject_of(bridge, step)
    if subject.measure is None:
        return everything(subject, notes=(NOT_ADDITIVE,))
    chosen = _chosen(bridge, subject)
    single = {d for d, segments in bridge.sums.dimensions.items() if len(segments.names) < 2}
    notes = _left_out([d for d in asked if d not in {*chosen.kept, *subject.excluded, *single}], chosen.share)
    if not chosen.kept:
        return everything(subject, notes=(*notes, Note("segments_no_dimensions", "There is no dimension to search.")))
    _look(cancel)
    progress(f"Adding up {int(bridge.sums.rows.sum()):,} rows by {' × '.join(chosen.kept)}", COUNTED)
    cells = _cells(warehouse, spec, version, subject, chosen.kept, cancel)

    def tick(share: float) -> None:
        _look(cancel)
        progress("Searching segments", SEARCHED + (1 - SEARCHED) * share)

    return search(cells, subject, k=k, notes=notes, tick=tick)


def _look(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("Cancelled. Nothing was changed.")


@dataclass(frozen=True)
class _Chosen:
    """Values that are told apart by dimension, in the dimensions' order, and the share of the volume they have."""

    kept: dict[str, tuple[str, ...]]
    share: float


def _chosen(bridge: Bridge, subject: Subject) -> _Chosen:
    """As many dimensions as can be counted at once, the most interesting ones; fewer values when three are too many."""
    dimensions = [d for d in bridge.dimensions if d not in subject.excluded]
    values = {d: frequent for d in dimensions if (frequent := _frequent(bridge, subject, d, LEAST_SHARE))}
    bound = _Bound.of(bridge)
    if len(values) > MOST_DIMENSIONS or not bound.holds(values):
        ranked = _by_interest(bridge, subject, list(values))[:MOST_DIMENSIONS]
        while len(ranked) > LEAST_DIMENSIONS and not bound.holds({d: values[d] for d in ranked}):
            ranked.pop()
        values = {d: values[d] for d in dimensions if d in ranked}
    share = LEAST_SHARE
    while not bound.holds(values) and share < 1:
        share *= 2
        values = {d: frequent for d in values if (frequent := _frequent(bridge, subject, d, share))}
    return _Chosen(values, share)


@dataclass(frozen=True)
class _Bound:
    """What limits a count: clusters of days on both sides, the rows and each dimension's values that there are."""

    clusters: int
    rows: int
    counts: dict[str, int]

    @classmethod
    def of(cls, bridge: Bridge) -> _Bound:
        """Of the sides that are compared."""
        comparison, rows = bridge.comparison, int(bridge.sums.rows.sum())
        counts = {dimension: len(segments.names) for dimension, segments in bridge.sums.dimensions.items()}
        if comparison is None or not comparison.is_dates:
            return cls(2 * MOST_CLUSTERS, rows, counts)
        sides = (comparison.base, comparison.current)
        return cls(sum(clusters_of(side.days) for side in sides if isinstance(side, DateSide)), rows, counts)

    def holds(self, values: dict[str, tuple[str, ...]]) -> bool:
        """Whether the combinations of these values, one more for all others each, can be counted and searched."""
        folded = (len(names) + (len(names) < self.counts[d]) for d, names in values.items())
        rows = min(prod(folded) * self.clusters, self.rows)
        work = rows * max(_combinations(len(values)), _combinations(PLENTY_OF_DIMENSIONS))
        return work <= MOST_ROWS * _combinations(PLENTY_OF_DIMENSIONS)


def _combinations(dimensions: int) -> int:
    """Of up to three dimensions: how often each row is added up in a round of the search."""
    return sum(comb(dimensions, depth) for depth in range(1, MOST_CONDITIONS + 1))


def _frequent(bridge: Bridge, subject: Subject, dimension: str, share: float) -> tuple[str, ...]:
    """Values with at least `share` of the volume on a side; none where there is but one value."""
    segments = bridge.sums.dimensions[dimension]
    volumes = subject.volumes(segments, whole_columns(bridge.sums))
    least = share * np.maximum(volumes.sum(axis=1), np.finfo(float).tiny)[:, None]
    places = np.flatnonzero((volumes >= least).any(axis=0))
    return tuple(segments.names[place] for place in places) if len(segments.names) > 1 else ()


def _by_interest(bridge: Bridge, subject: Subject, dimensions: list[str]) -> list[str]:
    """The dimensions, those first that say most about the step, or about all steps by what these contribute."""
    sizes = {row["step"]: abs(row["contribution"] or 0.0) for row in bridge.steps.iter_rows(named=True)}
    interest = dict.fromkeys(dimensions, 0.0)
    for row in bridge.ranking().iter_rows(named=True):
        if row["dimension"] in interest and subject.step in (None, row["step"]):
            interest[row["dimension"]] += row["interest"] * (sizes[row["step"]] if subject.step is None else 1.0)
    return sorted(dimensions, key=lambda dimension: (-interest[dimension], dimension))


def _cells(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    subject: Subject,
    kept: dict[str, tuple[str, ...]],
    cancel: threading.Event | None,
) -> Cells:
    comparison, metrics = comparison_for(spec.comparison, version), subject.metrics
    if not comparison.metrics:
        return warehouse.cells(version, comparison, metrics, kept, spec.where, cancel)
    both = (*metrics, *counterparts(comparison.metrics, metrics))
    cells = warehouse.cells(version, comparison, tuple(dict.fromkeys(both)), kept, spec.where, cancel)
    actual, plan = (
        cells.values[:, [cells.metrics.index(metric) for metric in names]]
        for names in (both[: len(metrics)], both[len(metrics) :])
    )
    values = np.where((cells.sides == BASE)[:, None], plan, actual)
    return replace(cells, metrics=metrics, values=values, is_paired=cells.sizes is not None, days=None)


def _left_out(dimensions: list[str], share: float) -> tuple[Note, ...]:
    notes = []
    if dimensions:
        names = ", ".join(dimensions)
        text = f"Not searched, as they say least or have no value with 1 % of the volume: {names}."
        notes.append(Note("segments_left_out", text, {"dimensions": names}))
    if share > LEAST_SHARE:
        text = f"Only values with at least {share:.0%} of the volume are told apart."
        notes.append(Note("segments_share", text, {"share": share}))
    return tuple(notes)
