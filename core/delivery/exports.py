"""Exports of one organisation, and the report links that are their destinations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.dataset_rights import sight_of
from core.access.keys import Keys
from core.access.passwords import hash_password
from core.access.rights import may_see
from core.access.tokens import Caller
from core.delivery.alerts.recipients import Everybody, alert_warnings, check_alerts, everybody
from core.delivery.domains import check_domains
from core.delivery.keeping import (
    NO_TOKENS,
    OLD_WORKS_FOR,
    SavedTrigger,
    keep_triggers,
    revoke_trigger,
    rotate_trigger,
    saved_trigger,
    told_once,
    with_ids,
)
from core.delivery.links import Link, LinkActs, datasets_of
from core.model.base import new_id
from core.model.delivery import IS_SET, Export, ExportSpec, LinkDestination, LinkSettings, ReportLink
from core.model.naming import plain_name
from core.model.triggers import Trigger
from core.store import Store
from core.store.circuits import forget_circuits
from core.store.exports import (
    add_export,
    change_export,
    delete_export,
    export_spec,
    find_link,
    link_settings,
    list_all_links,
    list_exports,
    list_links,
)
from core.store.stopping import EXPORT_GONE, EXPORT_OFF, stop_waiting
from core.store.triggers import delete_triggers, in_order, list_triggers

LONGEST_OWN_SLUG = 50


@dataclass(frozen=True)
class SavedExport:
    """An export as it stands in the store; links by slug, triggers in the order of the specification.

    warnings: what is not wrong and yet not well.
    """

    id: str
    spec: ExportSpec
    revision: int
    links: tuple[Link, ...]
    triggers: tuple[SavedTrigger, ...]
    created_by: str
    created_at: datetime
    modified_at: datetime
    warnings: tuple[str, ...] = ()


class Exports(LinkActs):
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
            rows = [row for row in every if all(map(sees, datasets_of(session, row)))]
            known = everybody(session, self._organisation_id)
            saved = [self._loaded(session, row, known=known) for row in rows]
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
        """The exports that show an analysis, alone or among others."""
        return [export for export in self.all() if slug in export.spec.content.analyses]

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
            self._check_recipients(session, spec)
            sealed, passwords = _sealed(with_ids(_with_link(session, spec)))
            row = add_export(session, self._organisation_id, sealed, person_id=by, now=now, passwords=passwords)
            note(session, "export.made", _of_export(row), at=now)
            return self._loaded(session, row, self._keep_triggers(session, row, sealed, now))

    def change(self, export_id: str, spec: ExportSpec, *, if_revision: int | None = None) -> SavedExport:
        """Replace an export's specification. A link keeps its address while its slug is named, a trigger its own too.

        Raises Stale, AlreadyExists, and what `ExportCheck` raises.
        """
        self._check(spec)
        with self._store.read() as session:
            self._check_recipients(session, spec)
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
            with self._store.read() as session:
                check_domains(session, self._organisation_id, switched)
        return self._change(export_id, switched, saved.revision)

    def delete(self, export_id: str) -> None:
        """Delete an export; its links are unknown from then on, and nothing that waited is sent."""
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, export_id)
            note(session, "export.deleted", _of_export(row), at=now)
            stop_waiting(session, export_id, EXPORT_GONE, now=now)
            delete_triggers(session, self._organisation_id, export_id)
            forget_circuits(session, self._organisation_id, export_id)
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
            return told_once(row, now, self._base_url, self._keys, token)

    def revoke_trigger(self, export_id: str, trigger_id: str) -> SavedTrigger:
        """Close a trigger URL at once, its old address too; `rotate_trigger` gives it a new one."""
        now = self._clock()
        with self._store.write() as session:
            export = self._row(session, export_id)
            row = revoke_trigger(session, self._organisation_id, export_id, trigger_id)
            note(session, "trigger.revoked", _of_trigger(row, export), at=now)
            return saved_trigger(row, now)

    def _check_recipients(self, session: Session, spec: ExportSpec) -> None:
        check_alerts(session, self._organisation_id, spec)
        check_domains(session, self._organisation_id, spec)

    def _keep_triggers(self, session: Session, row: Export, spec: ExportSpec, now: datetime) -> dict[str, str]:
        return keep_triggers(
            session, self._organisation_id, ("export", row.id), spec.triggers, is_active=row.is_active, now=now
        )

    def _loaded(
        self, session: Session, row: Export, tokens: Mapping[str, str] = NO_TOKENS, known: Everybody | None = None
    ) -> SavedExport:
        """An export with all that belongs to it. tokens: of trigger URLs that were made just now. known: all people."""
        links = list_links(session, self._organisation_id, row.id)
        triggers = list_triggers(session, self._organisation_id, row.id)
        people = known or everybody(session, self._organisation_id)
        warnings = alert_warnings(people, export_spec(row), row.created_by)
        return replace(self._saved(row, links, triggers, tokens), warnings=warnings)

    def _saved(
        self, row: Export, links: list[ReportLink], triggers: list[Trigger], tokens: Mapping[str, str] = NO_TOKENS
    ) -> SavedExport:
        now, spec = self._clock(), export_spec(row)
        known = {one.id: saved_trigger(one, now) for one in triggers}
        for one in triggers:
            if one.id in tokens:
                known[one.id] = told_once(one, now, self._base_url, self._keys, tokens[one.id])
        return SavedExport(
            id=row.id,
            spec=spec,
            revision=row.revision,
            links=tuple(self._link(link, row) for link in links),
            triggers=tuple(known[one.id] for one in in_order(triggers, spec.triggers)),
            created_by=row.created_by,
            created_at=row.created_at,
            modified_at=row.modified_at,
        )


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
    bare = plain_name(spec.name, longest=LONGEST_OWN_SLUG, otherwise="report")
    slug = bare if find_link(session, bare) is None else f"{bare}-{new_id()[:8]}"
    link = LinkDestination(settings=LinkSettings(slug=slug))
    return spec.model_copy(update={"destinations": (*spec.destinations, link)})


def _of_export(row: Export) -> Subject:
    return Subject("export", row.id, row.name)


def _of_trigger(row: Trigger, export: Export) -> Subject:
    return Subject("trigger", row.id, export.name)
