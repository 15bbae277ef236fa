"""From a specification and a data version to a `Bridge`: the one way for page, report, API and notebook.

`Analyses` keeps specifications with their revisions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from core.access import audit
from core.catalogue import Catalogue
from core.comparisons import check_comparison, comparison_for, of_second, read_moments, read_sums, second_for
from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import Equation, parse
from core.engine.notes import Note
from core.errors import DataError, EmptyComparison, EquationError, NotFound, UnknownColumn, UnknownDataset
from core.model.analysis import Analysis, AnalysisSpec, EquationSpec
from core.model.comparison import Comparison
from core.store import Store
from core.store.analyses import (
    add_analysis,
    analysis_spec,
    delete_analysis,
    get_analysis,
    get_revision,
    list_analyses,
    list_revisions,
    restore_analysis,
    revise_analysis,
)
from core.warehouse import Version, Warehouse

LONGEST_NAME = 200


def compute(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    *,
    dimensions: Iterable[str] | None = None,
    cancel: threading.Event | None = None,
) -> Bridge:
    """The bridge of `spec` on `version`.

    dimensions: those to load for details and ranking; default: those of the specification, else every dimension.
    Raises EquationError, UnknownColumn, EmptyComparison and other DataErrors with a sentence for the reader;
        Cancelled when `cancel` was set.
    """
    equation = equation_for(spec.equation, version)
    comparison = comparison_for(spec.comparison, version)
    wanted = dimensions_for(spec, version) if dimensions is None else tuple(dict.fromkeys(dimensions))
    return _compared(warehouse, spec, version, equation, comparison, wanted, cancel)


def compute_second(
    warehouse: Warehouse, spec: AnalysisSpec, version: Version, *, cancel: threading.Event | None = None
) -> Bridge | None:
    """The bridge of the second comparison, without dimensions; None where there is none.

    Raises as `compute`, fields beginning with "second", and DataError for a second comparison that does not fit.
    """
    comparison = second_for(spec, version)
    if comparison is None:
        return None
    with of_second():
        return _compared(warehouse, spec, version, equation_for(spec.equation, version), comparison, (), cancel)


def compute_both(
    warehouse: Warehouse, spec: AnalysisSpec, version: Version, *, cancel: threading.Event | None = None
) -> tuple[Bridge, Bridge | None]:
    """The bridge and the second one. A second comparison without rows is left out, and the first one's notes say so.

    Raises as `compute` and `compute_second` for everything else.
    """
    first = compute(warehouse, spec, version, cancel=cancel)
    try:
        return first, compute_second(warehouse, spec, version, cancel=cancel)
    except EmptyComparison as error:
        note = Note("second_empty", f"The second comparison is not shown. {error}")
        return replace(first, notes=(*first.notes, note)), None


def _compared(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    equation: Equation,
    comparison: Comparison,
    dimensions: tuple[str, ...],
    cancel: threading.Event | None,
) -> Bridge:
    check_comparison(comparison, equation, version, spec.where)
    asked = (dimensions, spec.where, cancel)
    return build_bridge(
        equation,
        read_sums(warehouse, version, comparison, equation, *asked),
        comparison=comparison,
        method=spec.method,
        per_day=spec.per_day,
        moments=lambda: read_moments(warehouse, version, comparison, _pairs(equation), *asked),
        other_below_pct=spec.other_below_pct,
        max_segments=spec.max_segments,
        covers=_covered(version),
    )


def equation_for(equation: EquationSpec, version: Version) -> Equation:
    """The equation, parsed and checked against the columns of `version`."""
    names = [c.name for c in version.columns]
    parsed = parse(equation, names, summable=[c.name for c in version.metrics], dataset=version.dataset)
    for position, step in enumerate(equation.steps):
        for named, dimensions in (("focus", (step.focus,) if step.focus else ()), ("exclude", step.exclude)):
            for dimension in dimensions:
                if dimension not in version.dimensions:
                    raise _unknown_dimension(dimension, version, field=f"equation.steps.{position}.{named}")
    return parsed


def dimensions_for(spec: AnalysisSpec, version: Version) -> tuple[str, ...]:
    """The dimensions that may explain a step: those named, each once, else all; never that of the groups."""
    compared = None if spec.comparison.metrics else spec.comparison.by
    if spec.dimensions is None:
        return tuple(d for d in version.dimensions if d != compared)
    for dimension in spec.dimensions:
        if dimension not in version.dimensions:
            raise _unknown_dimension(dimension, version, field="dimensions")
    return tuple(d for d in dict.fromkeys(spec.dimensions) if d != compared)


def _covered(version: Version) -> tuple[date, date] | None:
    return (version.oldest, version.newest) if version.oldest and version.newest else None


def _pairs(equation: Equation) -> tuple[tuple[str, str], ...]:
    """The products of metrics that the noise of every step needs, each once."""
    pairs: dict[tuple[str, str], None] = {}
    for step in equation.steps:
        pairs[step.numerator, step.numerator] = None
        if step.denominator is not None:
            pairs[step.numerator, step.denominator] = None
            pairs[step.denominator, step.denominator] = None
    return tuple(pairs)


def _unknown_dimension(name: str, version: Version, *, field: str) -> DataError:
    if any(c.name == name for c in version.columns):
        return EquationError(
            f"Column '{name}' of '{version.dataset}' is no dimension. Give it that role on the Data page, "
            f"or choose one of: {', '.join(version.dimensions)}.",
            field=field,
        )
    return UnknownColumn.named(name, version.dataset, version.dimensions, field=field)


@dataclass(frozen=True)
class SavedAnalysis:
    """An analysis as it stands in the store."""

    id: str
    spec: AnalysisSpec
    revision: int
    created_by: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True)
class SavedRevision:
    """One state of an analysis that was saved."""

    revision: int
    spec: AnalysisSpec
    note: str
    created_by: str
    created_at: datetime


class Analyses:
    """The saved analyses of one organisation: those on datasets that its catalogue shows."""

    def __init__(
        self,
        store: Store,
        warehouse: Warehouse,
        catalogue: Catalogue,
        organisation_id: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._warehouse, self._catalogue = store, warehouse, catalogue
        self._organisation_id, self._clock = organisation_id, clock

    def on(self, catalogue: Catalogue) -> Analyses:
        """The same analyses, of which those on datasets that the catalogue does not show are unknown."""
        narrowed = copy(self)
        narrowed._catalogue = catalogue
        return narrowed

    def all(self) -> list[SavedAnalysis]:
        """Every analysis, the one changed last first."""
        with self._store.read() as session:
            rows = list_analyses(session, self._organisation_id)
        seen = self._catalogue.seen({row.dataset for row in rows})
        found = [_saved(row) for row in rows if row.dataset in seen]
        return sorted(found, key=lambda saved: saved.modified_at, reverse=True)

    def get(self, slug: str) -> SavedAnalysis:
        """One analysis. Raises NotFound."""
        with self._store.read() as session:
            saved = _saved(get_analysis(session, self._organisation_id, slug))
        if not self._catalogue.seen([saved.spec.dataset]):
            raise NotFound(f"There is no analysis '{slug}'.")
        return saved

    def bridge(self, spec: AnalysisSpec, version: Version | None = None) -> Bridge:
        """The bridge of `spec`, on the newest version unless another one is given. Raises as `compute`."""
        return compute(self._warehouse, spec, version or self._catalogue.latest(spec.dataset))

    def check(self, spec: AnalysisSpec) -> None:
        """Raises what `compute` would raise before it reads any row: unknown columns, a wrong equation, no periods.

        Also DataError for an analysis without a name, or with one that is too long.
        """
        if not 0 < len(spec.name.strip()) <= LONGEST_NAME:
            raise DataError(f"An analysis needs a name, of at most {LONGEST_NAME} characters.", field="name")
        version = self._newest(spec.dataset)
        equation = equation_for(spec.equation, version)
        check_comparison(comparison_for(spec.comparison, version), equation, version, spec.where)
        dimensions_for(spec, version)
        if (second := second_for(spec, version)) is not None:
            with of_second():
                check_comparison(second, equation, version, spec.where)

    def create(self, spec: AnalysisSpec, *, by: str, note: str = "") -> SavedAnalysis:
        """Keep a new analysis as revision 1. Raises AlreadyExists, and what `check` raises."""
        self.check(spec)
        with self._store.write() as session:
            row = add_analysis(session, self._organisation_id, spec, person_id=by, now=self._clock(), note=note)
            return self._noted(session, "analysis.made", row)

    def revise(self, spec: AnalysisSpec, *, by: str, if_revision: int | None = None, note: str = "") -> SavedAnalysis:
        """Make `spec` the newest revision of the analysis with its slug. Raises NotFound, Stale, and as `check`."""
        self.get(spec.slug)
        self.check(spec)
        with self._store.write() as session:
            row = revise_analysis(
                session,
                self._organisation_id,
                spec.slug,
                spec,
                person_id=by,
                now=self._clock(),
                note=note,
                if_revision=if_revision,
            )
            return self._noted(session, "analysis.changed", row)

    def rename(self, slug: str, name: str, *, by: str) -> SavedAnalysis:
        """Change the name; the slug, and with it every address, stays."""
        saved = self.get(slug)
        named = saved.spec.model_copy(update={"name": name})
        return self.revise(named, by=by, if_revision=saved.revision, note=f"Renamed from {saved.spec.name}")

    def duplicate(self, slug: str, new_slug: str, name: str, *, by: str) -> SavedAnalysis:
        """Keep a copy under another slug and name. Raises NotFound, AlreadyExists."""
        spec = self.get(slug).spec.model_copy(update={"slug": new_slug, "name": name})
        return self.create(AnalysisSpec.model_validate(spec.model_dump()), by=by, note=f"Copied from {slug}")

    def revisions(self, slug: str) -> list[SavedRevision]:
        """All revisions, the newest first."""
        self.get(slug)
        with self._store.read() as session:
            rows = list_revisions(session, self._organisation_id, slug)
        found = [SavedRevision(r.revision, analysis_spec(r), r.note, r.created_by, r.created_at) for r in rows]
        seen = self._catalogue.seen({kept.spec.dataset for kept in found})
        return [kept for kept in found if kept.spec.dataset in seen]

    def restore(self, slug: str, revision: int, *, by: str) -> SavedAnalysis:
        """Make an old revision the newest one, as a revision of its own. Raises NotFound, and as `check`."""
        self.get(slug)
        with self._store.read() as session:
            old = analysis_spec(get_revision(session, self._organisation_id, slug, revision))
        self.check(old)
        with self._store.write() as session:
            row = restore_analysis(session, self._organisation_id, slug, revision, person_id=by, now=self._clock())
            return self._noted(session, "analysis.restored", row)

    def delete(self, slug: str) -> None:
        """Delete an analysis with its revisions. Raises Conflict naming the exports that show it."""
        self.get(slug)
        with self._store.write() as session:
            self._noted(session, "analysis.deleted", get_analysis(session, self._organisation_id, slug))
            delete_analysis(session, self._organisation_id, slug)

    def _noted(self, session: Session, act: str, row: Analysis) -> SavedAnalysis:
        audit.note(session, act, audit.Subject("analysis", row.id, analysis_spec(row).name), at=self._clock())
        return _saved(row)

    def _newest(self, dataset: str) -> Version:
        """The newest version. Raises UnknownDataset at the field of a specification."""
        try:
            return self._catalogue.latest(dataset)
        except UnknownDataset as error:
            raise UnknownDataset(str(error), field="dataset") from None


def _saved(row: Analysis) -> SavedAnalysis:
    return SavedAnalysis(row.id, analysis_spec(row), row.revision, row.created_by, row.created_at, row.modified_at)
