"""Exports of one organisation, and the report links that are their destinations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.dataset_rights import may_be_shown, sight_of
from core.access.keys import Keys
from core.access.links import read_link_token, sign_link_token
from core.access.passwords import hash_password
from core.access.rights import may_see
from core.access.tokens import Caller
from core.delivery.keeping import (
    NO_TOKENS,
    OLD_WORKS_FOR,
    SavedTrigger,
    keep_triggers,
    revoke_trigger,
    rotate_trigger,
    saved_trigger,
    trigger_url,
    with_ids,
)
from core.delivery.outcomes import EXPORT_GONE, EXPORT_OFF, stop_waiting
from core.errors import Conflict, NotFound
from core.model.analysis import Analysis, AnalysisSpec
from core.model.base import new_id
from core.model.delivery import IS_SET, Export, ExportSpec, LinkDestination, LinkSettings, ReportLink
from core.model.triggers import Trigger
from core.store import Store
from core.store.analyses import analysis_spec
from core.store.exports import (
    add_export,
    change_export,
    delete_export,
    expiry_of,
    export_spec,
    find_link,
    get_export,
    get_link,
    link_settings,
    list_all_links,
    list_exports,
    list_links,
    pause_link,
    renew_link,
    revoke_link,
    rotate_link,
)
from core.store.triggers import delete_triggers, in_order, list_triggers

LONGEST_OWN_SLUG = 50
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
class SavedExport:
    """An export as it stands in the store; links by slug, triggers in the order of the specification."""

    id: str
    spec: ExportSpec
    revision: int
    links: tuple[Link, ...]
    triggers: tuple[SavedTrigger, ...]
    created_by: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True)
class ResolvedLink:
    """What stands behind a report URL that works.

    has_token: it was asked for with its token; without one only signed-in people may see it.
    is_withheld: its author may no longer read the dataset, so the report is not made for anybody.
    expires_at: until when this holds. password_hash: of what readers who are not signed in are asked for.
    """

    link_id: str
    settings: LinkSettings
    expires_at: datetime | None
    password_hash: str | None
    export_id: str
    export: ExportSpec
    analysis: AnalysisSpec
    analysis_revision: int
    has_token: bool
    is_withheld: bool


class Exports:
    """The exports of one organisation. It knows every one; `seen_by` gives those that somebody may see."""

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
        self._reader: str | None = None

    def seen_by(self, caller: Caller, check: Callable[[ExportSpec], None]) -> Exports:
        """The same exports, of which those that show a dataset the caller may not read are unknown.

        check: what is asked of a specification, with the analyses and datasets that the caller knows.
        """
        narrowed = copy(self)
        narrowed._reader, narrowed._check = caller.person_id, check
        return narrowed

    def shared_with(self, caller: Caller) -> list[tuple[SavedExport, Link]]:
        """Every open report that the caller may look at, whatever the dataset, by name."""
        with self._store.read() as session:
            rows = list_all_links(session, self._organisation_id)
            found = [(self._saved(export, [link], []), self._link(link, export)) for link, export in rows]
        shared = [
            (export, link)
            for export, link in found
            if export.spec.is_active and link.is_active and may_see(caller, link.settings)
        ]
        return sorted(shared, key=lambda pair: (pair[0].spec.name.casefold(), pair[1].slug))

    def all(self) -> list[SavedExport]:
        """Every export, the one changed last first."""
        with self._store.read() as session:
            sees = sight_of(session, self._organisation_id, self._reader)
            every = list_exports(session, self._organisation_id)
            rows = [row for row in every if sees(_dataset(session, row))]
            saved = [self._loaded(session, row) for row in rows]
        return sorted(saved, key=lambda export: export.modified_at, reverse=True)

    def get(self, export_id: str) -> SavedExport:
        """One export. Raises NotFound."""
        with self._store.read() as session:
            return self._loaded(session, self._row(session, export_id))

    def address(self, export_id: str) -> str:
        """Where an export's report is read: its first link that opens; "" where none does, or it is gone."""
        with self._store.read() as session:
            row = session.get(Export, export_id)
            links = list_links(session, self._organisation_id, export_id) if row else []
            return next((self._link(link, row).url for link in links if row and self._state(link) == "open"), "")

    def of_analysis(self, slug: str) -> list[SavedExport]:
        """The exports that show an analysis."""
        return [export for export in self.all() if export.spec.content.analysis == slug]

    def public_links(self) -> list[tuple[SavedExport, Link]]:
        """Every link that opens without sign-in, or would if its export were on or its pause over; by slug."""
        with self._store.read() as session:
            rows = list_all_links(session, self._organisation_id)
            found = [(self._saved(export, [link], []), self._link(link, export)) for link, export in rows]
        return [(export, link) for export, link in found if link.is_public and link.state in {"open", "paused"}]

    def create(self, spec: ExportSpec, *, by: str) -> SavedExport:
        """Keep a new export with its links and triggers; the addresses of trigger URLs are told here alone.

        Raises AlreadyExists (a link's slug), and what `ExportCheck` raises.
        """
        self._check(spec)
        now = self._clock()
        with self._store.write() as session:
            sealed, passwords = _sealed(with_ids(_with_link(session, spec)))
            row = add_export(session, self._organisation_id, sealed, person_id=by, now=now, passwords=passwords)
            note(session, "export.made", _of_export(row), at=now)
            return self._loaded(session, row, self._keep_triggers(session, row, sealed, now))

    def change(self, export_id: str, spec: ExportSpec, *, if_revision: int | None = None) -> SavedExport:
        """Replace an export's specification. A link keeps its address while its slug is named, a trigger its own too.

        Raises Stale, AlreadyExists, and what `ExportCheck` raises.
        """
        self._check(spec)
        return self._change(export_id, spec, if_revision)

    def _change(self, export_id: str, spec: ExportSpec, if_revision: int | None) -> SavedExport:
        now = self._clock()
        with self._store.write() as session:
            before = export_spec(self._row(session, export_id))
            sealed, passwords = _sealed(with_ids(_with_link(session, spec), before))
            row = change_export(
                session,
                self._organisation_id,
                export_id,
                sealed,
                now=now,
                if_revision=if_revision,
                passwords=passwords,
            )
            changed = [name for name in ExportSpec.model_fields if getattr(before, name) != getattr(sealed, name)]
            note(session, "export.changed", _of_export(row), at=now, detail={"changed": changed})
            if before.is_active and not sealed.is_active:
                stop_waiting(session, export_id, EXPORT_OFF, now=now)
            return self._loaded(session, row, self._keep_triggers(session, row, sealed, now))

    def switch(self, export_id: str, is_active: bool) -> SavedExport:
        """Switch an export on or off; while it is off its links do not open, and what waited to be sent stays here.

        Off goes whatever the data are.
        """
        saved = self.get(export_id)
        switched = saved.spec.model_copy(update={"is_active": is_active})
        if is_active:
            self._check(switched)
        return self._change(export_id, switched, saved.revision)

    def delete(self, export_id: str) -> None:
        """Delete an export; its links are unknown from then on, and nothing that waited is sent."""
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, export_id)
            note(session, "export.deleted", _of_export(row), at=now)
            stop_waiting(session, export_id, EXPORT_GONE, now=now)
            delete_triggers(session, self._organisation_id, export_id)
            delete_export(session, self._organisation_id, export_id)

    def rotate_trigger(
        self, export_id: str, trigger_id: str, *, old_works_for: timedelta = OLD_WORKS_FOR
    ) -> SavedTrigger:
        """Give a trigger URL a new address, told here alone; the one before it works on for a while."""
        now, whose = self._clock(), (self._organisation_id, export_id, trigger_id)
        with self._store.write() as session:
            export = self._row(session, export_id)
            row, token = rotate_trigger(session, *whose, now=now, old_works_for=old_works_for)
            note(session, "trigger.rotated", _of_trigger(row, export), at=now)
            return saved_trigger(row, now, trigger_url(self._base_url, row, token))

    def revoke_trigger(self, export_id: str, trigger_id: str) -> SavedTrigger:
        """Close a trigger URL at once, its old address too; `rotate_trigger` gives it a new one."""
        now = self._clock()
        with self._store.write() as session:
            export = self._row(session, export_id)
            row = revoke_trigger(session, self._organisation_id, export_id, trigger_id)
            note(session, "trigger.revoked", _of_trigger(row, export), at=now)
            return saved_trigger(row, now)

    def _keep_triggers(self, session: Session, row: Export, spec: ExportSpec, now: datetime) -> dict[str, str]:
        return keep_triggers(
            session, self._organisation_id, ("export", row.id), spec.triggers, is_active=row.is_active, now=now
        )

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
        link, export, analysis = found
        if token is not None and read_link_token(self._keys, token) != (link.id, link.token_version):
            return None
        if self._state(link) != "open" or not export.is_active or link.organisation_id != self._organisation_id:
            return None
        spec = export_spec(export)
        with self._store.read() as session:
            is_shown = may_be_shown(session, self._organisation_id, export.created_by, analysis.dataset)
        return ResolvedLink(
            link_id=link.id,
            settings=link_settings(spec)[slug],
            expires_at=link.expires_at,
            password_hash=link.password_hash,
            export_id=export.id,
            export=spec,
            analysis=analysis_spec(analysis),
            analysis_revision=analysis.revision,
            has_token=token is not None,
            is_withheld=not is_shown,
        )

    def _row(self, session: Session, export_id: str) -> Export:
        """The row of an export. One that may not be seen is as unknown as one that is not there."""
        row = get_export(session, self._organisation_id, export_id)
        if not sight_of(session, self._organisation_id, self._reader)(_dataset(session, row)):
            raise NotFound(f"There is no export '{export_id}'.")
        return row

    def _own(self, session: Session, export_id: str, link_id: str) -> tuple[Export, ReportLink]:
        """An export with one of its links. Raises NotFound."""
        row = self._row(session, export_id)
        return row, get_link(session, self._organisation_id, export_id, link_id)

    def _loaded(self, session: Session, row: Export, tokens: Mapping[str, str] = NO_TOKENS) -> SavedExport:
        """An export with all that belongs to it. tokens: of trigger URLs that were made just now."""
        links = list_links(session, self._organisation_id, row.id)
        triggers = list_triggers(session, self._organisation_id, row.id)
        return self._saved(row, links, triggers, tokens)

    def _saved(
        self, row: Export, links: list[ReportLink], triggers: list[Trigger], tokens: Mapping[str, str] = NO_TOKENS
    ) -> SavedExport:
        now, spec = self._clock(), export_spec(row)
        urls = {one.id: trigger_url(self._base_url, one, tokens[one.id]) for one in triggers if one.id in tokens}
        return SavedExport(
            id=row.id,
            spec=spec,
            revision=row.revision,
            links=tuple(self._link(link, row) for link in links),
            triggers=tuple(saved_trigger(one, now, urls.get(one.id)) for one in in_order(triggers, spec.triggers)),
            created_by=row.created_by,
            created_at=row.created_at,
            modified_at=row.modified_at,
        )

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


def _sealed(spec: ExportSpec) -> tuple[ExportSpec, dict[str, str]]:
    """The specification without the passwords of its links, and the hashes of those that are new, by slug."""
    given = {slug: settings.password for slug, settings in link_settings(spec).items()}
    fresh = {slug: password for slug, password in given.items() if password not in (None, IS_SET)}
    destinations = [
        d.model_copy(update={"settings": d.settings.model_copy(update={"password": IS_SET})})
        if isinstance(d, LinkDestination) and d.settings.slug in fresh
        else d
        for d in spec.destinations
    ]
    sealed = spec.model_copy(update={"destinations": tuple(destinations)})
    return sealed, {slug: hash_password(str(password)) for slug, password in fresh.items()}


def _with_link(session: Session, spec: ExportSpec) -> ExportSpec:
    """What is sent leads back to the report: an export that sends and has no link gets one for signed-in people."""
    if not spec.channels or spec.links:
        return spec
    bare = re.sub(r"[^a-z0-9]+", "-", spec.name.lower()).strip("-")[:LONGEST_OWN_SLUG].strip("-") or "report"
    slug = bare if find_link(session, bare) is None else f"{bare}-{new_id()[:8]}"
    link = LinkDestination(settings=LinkSettings(slug=slug))
    return spec.model_copy(update={"destinations": (*spec.destinations, link)})


def _dataset(session: Session, row: Export) -> str:
    """The dataset that an export shows."""
    analysis = session.get(Analysis, row.analysis_id)
    return analysis.dataset if analysis else ""


def _of_export(row: Export) -> Subject:
    return Subject("export", row.id, row.name)


def _of_trigger(row: Trigger, export: Export) -> Subject:
    return Subject("trigger", row.id, export.name)
