"""Exports and the report links that are their destinations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from core.errors import AlreadyExists, DataError, NotFound
from core.model.analysis import Analysis
from core.model.delivery import IS_SET, Export, ExportSpec, LinkSettings, ReportLink
from core.store.analyses import get_analysis
from core.store.rows import first_values, require_revision

NO_PASSWORDS: Mapping[str, str] = {}


def export_spec(row: Export) -> ExportSpec:
    """The specification that the row holds."""
    return ExportSpec.model_validate(row.spec)


def link_settings(spec: ExportSpec) -> dict[str, LinkSettings]:
    """What the specification says of its links, by slug."""
    return {link.settings.slug: link.settings for link in spec.links}


def add_export(
    session: Session,
    organisation_id: str,
    spec: ExportSpec,
    *,
    person_id: str,
    now: datetime,
    passwords: Mapping[str, str] = NO_PASSWORDS,
) -> Export:
    """Keep a new export with its links.

    passwords: hashes of those that are new, by link's slug; the specification itself holds IS_SET in their place.
    Raises NotFound (analysis) and AlreadyExists (a link's slug).
    """
    analysis = _first_shown(session, organisation_id, spec)
    values = first_values(organisation_id, spec, person_id=person_id, now=now)
    row = Export(analysis_id=analysis.id, name=spec.name, is_active=spec.is_active, **values)
    session.add(row)
    session.flush()
    _keep_links(session, row, spec, {}, passwords, now=now)
    return row


def change_export(
    session: Session,
    organisation_id: str,
    export_id: str,
    spec: ExportSpec,
    *,
    now: datetime,
    if_revision: int | None = None,
    passwords: Mapping[str, str] = NO_PASSWORDS,
) -> Export:
    """Replace an export's specification. Links keep their address as long as their slug is named.

    if_revision: the revision the change was made from. passwords: as for `add_export`.
    Raises Stale when it is no longer the newest.
    """
    row = get_export(session, organisation_id, export_id)
    before = link_settings(export_spec(row))
    require_revision(f"Export '{row.name}'", row.revision, if_revision)
    row.analysis_id = _first_shown(session, organisation_id, spec).id
    row.name, row.is_active, row.spec = spec.name, spec.is_active, spec.model_dump(mode="json")
    row.modified_at, row.revision = now, row.revision + 1
    session.add(row)
    session.flush()
    _keep_links(session, row, spec, before, passwords, now=now)
    return row


def _first_shown(session: Session, organisation_id: str, spec: ExportSpec) -> Analysis:
    """The first of the analyses that it shows, all of which are there. Raises NotFound."""
    first, *_ = [get_analysis(session, organisation_id, slug) for slug in spec.content.analyses]
    return first


def shown_analyses(session: Session, row: Export) -> list[Analysis]:
    """What an export shows, each once, in order."""
    slugs = tuple(dict.fromkeys(export_spec(row).content.analyses))
    if len(slugs) == 1:
        found = session.get(Analysis, row.analysis_id)
        return [found] if found else []
    return [get_analysis(session, row.organisation_id, slug) for slug in slugs]


def get_export(session: Session, organisation_id: str, export_id: str) -> Export:
    """The export with this id. Raises NotFound."""
    row = session.get(Export, export_id)
    if row is None or row.organisation_id != organisation_id:
        raise NotFound(f"There is no export '{export_id}'.")
    return row


def list_exports(session: Session, organisation_id: str) -> list[Export]:
    """All exports by id."""
    query = select(Export).where(Export.organisation_id == organisation_id)
    return list(session.exec(query.order_by(Export.id)))


def delete_export(session: Session, organisation_id: str, export_id: str) -> None:
    """Forget an export with its links."""
    session.delete(get_export(session, organisation_id, export_id))
    session.flush()


def list_links(session: Session, organisation_id: str, export_id: str) -> list[ReportLink]:
    """The links of an export, by slug."""
    row = get_export(session, organisation_id, export_id)
    return list(session.exec(select(ReportLink).where(ReportLink.export_id == row.id).order_by(ReportLink.slug)))


def get_link(session: Session, organisation_id: str, export_id: str, link_id: str) -> ReportLink:
    """One link of an export. Raises NotFound."""
    row = session.get(ReportLink, link_id)
    if row is None or row.organisation_id != organisation_id or row.export_id != export_id:
        raise NotFound(f"There is no link '{link_id}' of that export.")
    return row


def find_link(session: Session, slug: str) -> tuple[ReportLink, Export] | None:
    """What stands behind `/r/<slug>`, or None. Whether it may be shown is not decided here."""
    query = select(ReportLink, Export).where(ReportLink.slug == slug, ReportLink.export_id == Export.id)
    return session.exec(query).first()


def list_all_links(session: Session, organisation_id: str) -> list[tuple[ReportLink, Export]]:
    """Every link with its export, by slug."""
    query = select(ReportLink, Export).where(
        ReportLink.organisation_id == organisation_id, ReportLink.export_id == Export.id
    )
    return list(session.exec(query.order_by(ReportLink.slug)))


def rotate_link(
    session: Session, organisation_id: str, export_id: str, link_id: str, *, expires_at: datetime | None
) -> ReportLink:
    """Give a link a new address; the old one no longer works. A revoked link opens again, at the new address."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.token_version, link.revoked_at, link.expires_at = link.token_version + 1, None, expires_at
    return _kept(session, link)


def revoke_link(session: Session, organisation_id: str, export_id: str, link_id: str, *, now: datetime) -> ReportLink:
    """Close a link for good: only a new address opens it again."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.revoked_at = link.revoked_at or now
    return _kept(session, link)


def pause_link(
    session: Session, organisation_id: str, export_id: str, link_id: str, *, paused_at: datetime | None
) -> ReportLink:
    """Close a link for a while; None opens it again, at the same address."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.paused_at = paused_at
    return _kept(session, link)


def renew_link(
    session: Session, organisation_id: str, export_id: str, link_id: str, *, expires_at: datetime | None
) -> ReportLink:
    """Let a link work until another moment, at the same address."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.expires_at = expires_at
    return _kept(session, link)


def expiry_of(settings: LinkSettings, now: datetime) -> datetime | None:
    """When a link ends that begins now."""
    return None if settings.expires_days is None else now + timedelta(days=settings.expires_days)


def add_views(session: Session, views: Mapping[str, int], *, now: datetime) -> None:
    """Add to links' view counts; links that are gone are passed over."""
    for link_id, count in views.items():
        counted = {"view_count": ReportLink.view_count + count, "last_seen_at": now}
        session.exec(update(ReportLink).where(col(ReportLink.id) == link_id).values(counted))


def _kept(session: Session, link: ReportLink) -> ReportLink:
    session.add(link)
    session.flush()
    return link


def _keep_links(
    session: Session,
    export: Export,
    spec: ExportSpec,
    before: Mapping[str, LinkSettings],
    passwords: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """One link a link destination: new slugs get a link, dropped ones lose theirs, the others keep their address."""
    known = {link.slug: link for link in list_links(session, export.organisation_id, export.id)}
    wanted = link_settings(spec)
    for slug in known.keys() - wanted.keys():
        session.delete(known[slug])
    for slug, settings in wanted.items():
        link = known.get(slug) or _new_link(session, export, settings, now=now)
        was = before.get(slug)
        if was is None or (was.public, was.expires_days) != (settings.public, settings.expires_days):
            link.expires_at = expiry_of(settings, now)
        link.is_public = settings.public
        link.password_hash = _password_hash(link, settings, passwords)
        session.add(link)
    session.flush()


def _password_hash(link: ReportLink, settings: LinkSettings, passwords: Mapping[str, str]) -> str | None:
    if settings.password is None:
        return None
    found = passwords.get(settings.slug) or link.password_hash
    if found is None:
        raise DataError(
            f"'{IS_SET}' stands for a password that is set, and link '{settings.slug}' has none. Send the password, "
            "or leave it out.",
            field="destinations",
        )
    return found


def _new_link(session: Session, export: Export, settings: LinkSettings, *, now: datetime) -> ReportLink:
    if session.exec(select(ReportLink).where(ReportLink.slug == settings.slug)).first():
        raise AlreadyExists(f"Slug '{settings.slug}' is taken by another report link. Choose another one.")
    return ReportLink(organisation_id=export.organisation_id, export_id=export.id, slug=settings.slug, created_at=now)
