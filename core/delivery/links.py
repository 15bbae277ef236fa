"""Report links: what an author may do to one, and what stands behind an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.dataset_rights import may_be_shown, sight_of
from core.access.keys import Keys
from core.access.links import read_link_token, sign_link_token
from core.errors import Conflict, NotFound
from core.model.analysis import AnalysisSpec
from core.model.delivery import Export, ExportSpec, LinkSettings, ReportLink
from core.store import Store
from core.store.analyses import analysis_spec
from core.store.exports import (
    expiry_of,
    export_spec,
    find_link,
    get_export,
    get_link,
    link_settings,
    pause_link,
    renew_link,
    revoke_link,
    rotate_link,
    shown_analyses,
)

LinkState = Literal["open", "paused", "expired", "revoked"]


@dataclass(frozen=True)
class Link:
    """A report URL as its author sees it. It opens while its state is "open" and its export is on."""

    id: str
    slug: str
    url: str
    is_public: bool
    state: LinkState
    has_password: bool
    expires_at: datetime | None
    view_count: int
    last_seen_at: datetime | None
    settings: LinkSettings

    @property
    def is_active(self) -> bool:
        """Whether its address opens."""
        return self.state == "open"


@dataclass(frozen=True)
class ResolvedLink:
    """What stands behind a report URL that works.

    has_token: it was asked for with its token; without one only signed-in people may see it.
    analyses: in the order of the report's parts, with their revisions. is_withheld: its author may no longer read a
    dataset of them, so the report is not made for anybody.
    expires_at: until when this holds. password_hash: of what readers who are not signed in are asked for.
    """

    link_id: str
    settings: LinkSettings
    expires_at: datetime | None
    password_hash: str | None
    export_id: str
    export: ExportSpec
    analyses: tuple[tuple[AnalysisSpec, int], ...]
    has_token: bool
    is_withheld: bool


class LinkActs:
    """What is done to the links of exports that somebody may see. Part of `Exports`."""

    _store: Store
    _keys: Keys
    _organisation_id: str
    _base_url: str
    _clock: Callable[[], datetime]
    _reader: str | None

    def rotate(self, export_id: str, link_id: str) -> Link:
        """Give a link a new address; the old one is unknown at once. Its time begins anew."""
        now = self._clock()
        with self._store.write() as session:
            ends = expiry_of(self._settings(session, export_id, link_id), now)
            rotate_link(session, self._organisation_id, export_id, link_id, expires_at=ends)
            return self._noted(session, "link.rotated", export_id, link_id)

    def revoke(self, export_id: str, link_id: str) -> Link:
        """Close a link for good; only `rotate` opens it again, at a new address."""
        with self._store.write() as session:
            self._own(session, export_id, link_id)
            revoke_link(session, self._organisation_id, export_id, link_id, now=self._clock())
            return self._noted(session, "link.revoked", export_id, link_id)

    def pause(self, export_id: str, link_id: str) -> Link:
        """Close a link for a while."""
        with self._store.write() as session:
            self._own(session, export_id, link_id)
            pause_link(session, self._organisation_id, export_id, link_id, paused_at=self._clock())
            return self._noted(session, "link.paused", export_id, link_id)

    def resume(self, export_id: str, link_id: str) -> Link:
        """Open a paused link again, at its old address. Raises Conflict for a revoked one."""
        with self._store.write() as session:
            self._require_not_revoked(session, export_id, link_id)
            pause_link(session, self._organisation_id, export_id, link_id, paused_at=None)
            return self._noted(session, "link.resumed", export_id, link_id)

    def renew(self, export_id: str, link_id: str) -> Link:
        """Let a link's time begin anew, at its old address. Raises Conflict for a revoked one."""
        now = self._clock()
        with self._store.write() as session:
            self._require_not_revoked(session, export_id, link_id)
            ends = expiry_of(self._settings(session, export_id, link_id), now)
            renew_link(session, self._organisation_id, export_id, link_id, expires_at=ends)
            return self._noted(session, "link.renewed", export_id, link_id)

    def _require_not_revoked(self, session: Session, export_id: str, link_id: str) -> None:
        if self._own(session, export_id, link_id)[1].revoked_at is not None:
            raise Conflict("The link was revoked. Give it a new address: the old one stays closed.")

    def _settings(self, session: Session, export_id: str, link_id: str) -> LinkSettings:
        export, link = self._own(session, export_id, link_id)
        return link_settings(export_spec(export))[link.slug]

    def _noted(self, session: Session, act: str, export_id: str, link_id: str) -> Link:
        export, link = self._own(session, export_id, link_id)
        subject = Subject("link", link.id, f"/r/{link.slug}")
        note(session, act, subject, at=self._clock(), detail={"export": export.name})
        return self._link(link, export)

    def resolve(self, slug: str, token: str | None) -> ResolvedLink | None:
        """What `/r/<slug>/<token>` (or `/r/<slug>` without one) shows; None when unknown, off or revoked, all alike."""
        with self._store.read() as session:
            found = find_link(session, slug)
        if found is None:
            return None
        link, export = found
        if token is not None and read_link_token(self._keys, token) != (link.id, link.token_version):
            return None
        if self._state(link) != "open" or not export.is_active or link.organisation_id != self._organisation_id:
            return None
        spec = export_spec(export)
        with self._store.read() as session:
            analyses = {row.slug: row for row in shown_analyses(session, export)}
            is_shown = all(
                may_be_shown(session, self._organisation_id, export.created_by, row.dataset)
                for row in analyses.values()
            )
        return ResolvedLink(
            link_id=link.id,
            settings=link_settings(spec)[slug],
            expires_at=link.expires_at,
            password_hash=link.password_hash,
            export_id=export.id,
            export=spec,
            analyses=tuple(
                (analysis_spec(analyses[shown]), analyses[shown].revision) for shown in spec.content.analyses
            ),
            has_token=token is not None,
            is_withheld=not is_shown,
        )

    def _row(self, session: Session, export_id: str) -> Export:
        """The row of an export. One that may not be seen is as unknown as one that is not there."""
        row = get_export(session, self._organisation_id, export_id)
        if not all(map(sight_of(session, self._organisation_id, self._reader), datasets_of(session, row))):
            raise NotFound(f"There is no export '{export_id}'.")
        return row

    def _own(self, session: Session, export_id: str, link_id: str) -> tuple[Export, ReportLink]:
        """An export with one of its links. Raises NotFound."""
        row = self._row(session, export_id)
        return row, get_link(session, self._organisation_id, export_id, link_id)

    def _link(self, row: ReportLink, export: Export) -> Link:
        token = sign_link_token(self._keys, row.id, row.token_version)
        return Link(
            id=row.id,
            slug=row.slug,
            url=f"{self._base_url}/r/{row.slug}/{token}",
            is_public=row.is_public,
            state=self._state(row),
            has_password=row.password_hash is not None,
            expires_at=row.expires_at,
            view_count=row.view_count,
            last_seen_at=row.last_seen_at,
            settings=link_settings(export_spec(export))[row.slug],
        )

    def _state(self, row: ReportLink) -> LinkState:
        if row.revoked_at is not None:
            return "revoked"
        if row.expires_at is not None and row.expires_at <= self._clock():
            return "expired"
        return "open" if row.paused_at is None else "paused"


def datasets_of(session: Session, row: Export) -> list[str]:
    """The datasets that an export shows."""
    return [analysis.dataset for analysis in shown_analyses(session, row)]
