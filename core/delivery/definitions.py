"""What an organisation defined, as one text: its analyses and exports, without secrets, with connections by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal

import yaml

from core.analyses import Analyses
from core.connections import Connections
from core.delivery.exports import Exports, SavedExport
from core.errors import DataError
from core.model.analysis import AnalysisSpec
from core.model.as_code import WIDTH, from_yaml
from core.model.base import Spec
from core.model.delivery import ExportSpec
from core.store import Store

Act = Literal["made", "changed", "same"]


class DefinedExport(ExportSpec):
    """An export with the id by which it is known again; without one, the export of that name is meant."""

    id: str | None = None


class Definitions(Spec):
    """The whole document. What it does not name stays as it is."""

    version: Literal[1] = 1
    analyses: tuple[AnalysisSpec, ...] = ()
    exports: tuple[DefinedExport, ...] = ()


@dataclass(frozen=True)
class Change:
    """What becomes of one definition. diff: unified, "" for nothing."""

    kind: Literal["analysis", "export"]
    name: str
    act: Act
    diff: str


@dataclass(frozen=True)
class Definer:
    """Writes and takes definitions, with the analyses and exports that somebody may see."""

    store: Store
    analyses: Analyses
    exports: Exports
    connections: Connections

    def text(self) -> str:
        """Everything, as YAML."""
        analyses = [_short(saved.spec) for saved in self.analyses.all()]
        saved = sorted(self.exports.all(), key=lambda one: (one.spec.name.casefold(), one.id))
        return _yaml({"version": 1, "analyses": analyses, "exports": [self._written(one) for one in saved]})

    def text_of(self, export: SavedExport) -> str:
        """One export, as YAML."""
        return _yaml(self._written(export))

    def take(self, text: str, *, by: str, is_dry_run: bool) -> list[Change]:
        """Make and change what the document names, all of it or nothing; a dry run only says what would become of it.

        Raises DataError naming the place in the document, AlreadyExists, Stale, and what the checks of each raise.
        """
        given = from_yaml(Definitions, text)
        with self.store.together(is_kept=not is_dry_run):
            found = [self._take_analysis(spec, place, by) for place, spec in enumerate(given.analyses)]
            found += [self._take_export(one, f"exports.{place}", by) for place, one in enumerate(given.exports)]
        return found

    def take_export(self, text: str, export_id: str, *, by: str, is_dry_run: bool) -> Change:
        """Change one export to what its YAML says. Raises as `take`."""
        given = from_yaml(DefinedExport, text)
        if given.id not in (None, export_id):
            raise DataError("This YAML belongs to another export: its id differs. Take the id out to use it here.")
        with self.store.together(is_kept=not is_dry_run):
            return self._take_export(given.model_copy(update={"id": export_id}), "", by)

    def _take_analysis(self, spec: AnalysisSpec, place: int, by: str) -> Change:
        before = next((saved.spec for saved in self.analyses.all() if saved.spec.slug == spec.slug), None)
        with _at(f"analyses.{place}"):
            if before is None:
                self.analyses.create(spec, by=by)
            elif before != spec:
                self.analyses.revise(spec, by=by)
        return _change("analysis", spec.name, _yaml(_short(before)) if before else None, _yaml(_short(spec)))

    def _take_export(self, given: DefinedExport, place: str, by: str) -> Change:
        with _at(place):
            before = self._meant(given)
            spec = self._named(given)
            was = _yaml(self._written(before)) if before else None
            if before is None:
                after = self.exports.create(spec, by=by)
            elif before.spec != spec:
                after = self.exports.change(before.id, spec, if_revision=before.revision)
            else:
                after = before
            return _change("export", spec.name, was, _yaml(self._written(after)))

    def _meant(self, given: DefinedExport) -> SavedExport | None:
        """The export of that id, else the only one of that name."""
        every = self.exports.all()
        if by_id := next((one for one in every if one.id == given.id), None):
            return by_id
        named = [one for one in every if one.spec.name == given.name]
        if len(named) > 1:
            raise DataError(
                f"There are {len(named)} exports named '{given.name}'. Say which one by its id.", field="id"
            )
        return named[0] if named else None

    def _named(self, given: DefinedExport) -> ExportSpec:
        """The specification with ids in place of the connections' names."""
        by_name = {name: key for key, name in self.connections.names().items()}
        values = given.model_dump(mode="json", exclude={"id"})
        known = {*by_name.values()}
        for one in _with_connection(values):
            called = one["connection"]
            if called not in known and called not in by_name:
                raise DataError(f"There is no connection '{called}'. Make it first, under Connections.")
            one["connection"] = by_name.get(called, called)
        return ExportSpec.model_validate(values)

    def _written(self, export: SavedExport) -> dict[str, Any]:
        names, values = self.connections.names(), _short(export.spec)
        for one in _with_connection(values):
            one["connection"] = names.get(one["connection"], one["connection"])
        for field in ("triggers", "destinations"):
            # Each is told from the others by its kind, which is a default of its own.
            kinds = [one.kind for one in getattr(export.spec, field)]
            values |= {field: [{"kind": kind, **one} for kind, one in zip(kinds, values.get(field, ()), strict=True)]}
        return {"id": export.id, **values}


def _with_connection(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a dumped export that name a connection."""
    told = [one for alert in values.get("alerts", ()) for one in alert["to"]]
    for one in (*values.get("destinations", ()), *told):
        if one.get("connection"):
            yield one


def _short(spec: Spec) -> dict[str, Any]:
    """Its fields without those at their default."""
    return spec.model_dump(mode="json", exclude_defaults=True)


def _yaml(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=WIDTH)


def _change(kind: Literal["analysis", "export"], name: str, was: str | None, now: str) -> Change:
    lines = unified_diff((was or "").splitlines(), now.splitlines(), "before", "after", lineterm="")
    act: Act = "made" if was is None else "same" if was == now else "changed"
    return Change(kind, name, act, "\n".join(lines))


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say where in the document something is wrong."""
    try:
        yield
    except DataError as error:
        inner = ".".join(filter(None, (place, error.field)))
        raise DataError(f"{place}: {error}" if place else str(error), field=inner or None) from None
