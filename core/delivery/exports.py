"""Exports of one organisation, and the report links that are their destinations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.access.keys import Keys
from core.access.links import read_link_token, sign_link_token
from core.model.analysis import AnalysisSpec
from core.model.delivery import Export, ExportSpec, ReportLink
from core.store import Store
from core.store.analyses import analysis_spec
from core.store.exports import (
    add_export,
    change_export,
    delete_export,
    export_spec,
    find_link,
    get_export,
    list_exports,
    list_links,
    revoke_link,
    rotate_link,
)


@dataclass(frozen=True)
class Link:
    """A report URL as its author sees it."""

    id: str
    slug: str
    url: str
    is_public: bool
    is_active: bool
    view_count: int
    last_seen_at: datetime | None


@dataclass(frozen=True)
class SavedExport:
    """An export as it stands in the store."""

    id: str
    spec: ExportSpec
    revision: int
    links: tuple[Link, ...]
    created_by: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True)
class ResolvedLink:
    """What stands behind a report URL that works.

    has_token: it was asked for with its token; without one only signed-in people may see it.
    """

    link_id: str
    is_public: bool
    export_id: str
    export: ExportSpec
    analysis: AnalysisSpec
    analysis_revision: int
    has_token: bool


class Exports:
    """The exports of one organisation."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        check: Callable[[ExportSpec], None],
        organisation_id: str,
        base_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._keys, self._check, self._clock = store, keys, check, clock
        self._organisation_id, self._base_url = organisation_id, base_url

    def all(self) -> list[SavedExport]:
        """Every export, the one changed last first."""
        with self._store.read() as session:
            rows = list_exports(session, self._organisation_id)
            saved = [self._saved(row, list_links(session, self._organisation_id, row.id)) for row in rows]
        return sorted(saved, key=lambda export: export.modified_at, reverse=True)

    def get(self, export_id: str) -> SavedExport:
        """One export. Raises NotFound."""
        with self._store.read() as session:
            row = get_export(session, self._organisation_id, export_id)
            return self._saved(row, list_links(session, self._organisation_id, export_id))

    def of_analysis(self, slug: str) -> list[SavedExport]:
        """The exports that show an analysis."""
        return [export for export in self.all() if export.spec.content.analysis == slug]

    def create(self, spec: ExportSpec, *, by: str) -> SavedExport:
        """Keep a new export with its links. Raises AlreadyExists (a link's slug), and what `ExportCheck` raises."""
        self._check(spec)
        with self._store.write() as session:
            row = add_export(session, self._organisation_id, spec, person_id=by, now=self._clock())
            return self._saved(row, list_links(session, self._organisation_id, row.id))

    def change(self, export_id: str, spec: ExportSpec, *, if_revision: int | None = None) -> SavedExport:
        """Replace an export's specification; a link keeps its address while its slug is named.

        Raises Stale, AlreadyExists, and what `ExportCheck` raises.
        """
        self._check(spec)
        return self._change(export_id, spec, if_revision)

    def _change(self, export_id: str, spec: ExportSpec, if_revision: int | None) -> SavedExport:
        with self._store.write() as session:
            row = change_export(
                session, self._organisation_id, export_id, spec, now=self._clock(), if_revision=if_revision
            )
            return self._saved(row, list_links(session, self._organisation_id, export_id))

    def switch(self, export_id: str, is_active: bool) -> SavedExport:
        """Switch an export on or off; while it is off its links do not open. Off goes whatever the data are."""
        saved = self.get(export_id)
        switched = saved.spec.model_copy(update={"is_active": is_active})
        if is_active:
            self._check(switched)
        return self._change(export_id, switched, saved.revision)

    def delete(self, export_id: str) -> None:
        """Delete an export; its links are unknown from then on."""
        with self._store.write() as session:
            delete_export(session, self._organisation_id, export_id)

    def rotate(self, export_id: str, link_id: str) -> Link:
        """Give a link a new address; the old one is unknown at once."""
        with self._store.write() as session:
            return self._link(rotate_link(session, self._organisation_id, export_id, link_id))

    def revoke(self, export_id: str, link_id: str) -> Link:
        """Close a link; `rotate` opens it again at a new address."""
        with self._store.write() as session:
            return self._link(revoke_link(session, self._organisation_id, export_id, link_id))

    def resolve(self, slug: str, token: str | None) -> ResolvedLink | None:
        """What `/r/<slug>/<token>` (or `/r/<slug>` without one) shows; None when unknown, off or revoked, all alike."""
        with self._store.read() as session:
            found = find_link(session, slug)
        if found is None:
            return None
        link, export, analysis = found
        if token is not None and read_link_token(self._keys, token) != (link.id, link.token_version):
            return None
        if not (link.is_active and export.is_active) or link.organisation_id != self._organisation_id:
            return None
        return ResolvedLink(
            link_id=link.id,
            is_public=link.is_public,
            export_id=export.id,
            export=export_spec(export),
            analysis=analysis_spec(analysis),
            analysis_revision=analysis.revision,
            has_token=token is not None,
        )

    def _saved(self, row: Export, links: list[ReportLink]) -> SavedExport:
        return SavedExport(
            id=row.id,
            spec=export_spec(row),
            revision=row.revision,
            links=tuple(map(self._link, links)),
            created_by=row.created_by,
            created_at=row.created_at,
            modified_at=row.modified_at,
        )

    def _link(self, row: ReportLink) -> Link:
        token = sign_link_token(self._keys, row.id, row.token_version)
        return Link(
            id=row.id,
            slug=row.slug,
            url=f"{self._base_url}/r/{row.slug}/{token}",
            is_public=row.is_public,
            is_active=row.is_active,
            view_count=row.view_count,
            last_seen_at=row.last_seen_at,
        )
