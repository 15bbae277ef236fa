"""Exports and the report links that are their destinations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select, update

from core.errors import AlreadyExists, NotFound
from core.model.analysis import Analysis
from core.model.delivery import Export, ExportSpec, LinkSettings, ReportLink
from core.store.analyses import get_analysis
from core.store.rows import first_values, require_revision


def export_spec(row: Export) -> ExportSpec:
    """The specification that the row holds."""
    return ExportSpec.model_validate(row.spec)


def add_export(session: Session, organisation_id: str, spec: ExportSpec, *, person_id: str, now: datetime) -> Export:
    """Keep a new export with its links. Raises NotFound (analysis) and AlreadyExists (a link's slug)."""
    analysis = get_analysis(session, organisation_id, spec.content.analysis)
    values = first_values(organisation_id, spec, person_id=person_id, now=now)
    row = Export(analysis_id=analysis.id, name=spec.name, is_active=spec.is_active, **values)
    session.add(row)
    session.flush()
    _keep_links(session, row, spec, now=now)
    return row


def change_export(
    session: Session,
    organisation_id: str,
    export_id: str,
    spec: ExportSpec,
    *,
    now: datetime,
    if_revision: int | None = None,
) -> Export:
    """Replace an export's specification. Links keep their address as long as their slug is named.

    if_revision: the revision the change was made from. Raises Stale when it is no longer the newest.
    """
    row = get_export(session, organisation_id, export_id)
    require_revision(f"Export '{row.name}'", row.revision, if_revision)
    row.analysis_id = get_analysis(session, organisation_id, spec.content.analysis).id
    row.name, row.is_active, row.spec = spec.name, spec.is_active, spec.model_dump(mode="json")
    row.modified_at, row.revision = now, row.revision + 1
    session.add(row)
    session.flush()
    _keep_links(session, row, spec, now=now)
    return row


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


def find_link(session: Session, slug: str) -> tuple[ReportLink, Export, Analysis] | None:
    """What stands behind `/r/<slug>`, or None. Whether it may be shown is not decided here."""
    query = select(ReportLink, Export, Analysis).where(
        ReportLink.slug == slug, ReportLink.export_id == Export.id, Export.analysis_id == Analysis.id
    )
    return session.exec(query).first()


def rotate_link(session: Session, organisation_id: str, export_id: str, link_id: str) -> ReportLink:
    """Give a link a new address; the old one no longer works. A revoked link opens again, at the new address."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.token_version, link.is_active = link.token_version + 1, True
    session.add(link)
    session.flush()
    return link


def revoke_link(session: Session, organisation_id: str, export_id: str, link_id: str) -> ReportLink:
    """Close a link."""
    link = get_link(session, organisation_id, export_id, link_id)
    link.is_active = False
    session.add(link)
    session.flush()
    return link


def add_views(session: Session, views: Mapping[str, int], *, now: datetime) -> None:
    """Add to links' view counts; links that are gone are passed over."""
    for link_id, count in views.items():
        counted = {"view_count": ReportLink.view_count + count, "last_seen_at": now}
        session.exec(update(ReportLink).where(col(ReportLink.id) == link_id).values(counted))


def _keep_links(session: Session, export: Export, spec: ExportSpec, *, now: datetime) -> None:
    """One link a link destination: new slugs get a link, dropped ones lose theirs, the others stay as they are."""
    known = {link.slug: link for link in list_links(session, export.organisation_id, export.id)}
    wanted = {d.settings.slug: d.settings for d in spec.destinations}
    for slug in known.keys() - wanted.keys():
        session.delete(known[slug])
    for slug, settings in wanted.items():
        link = known.get(slug) or _new_link(session, export, settings, now=now)
        link.is_public = settings.public
        session.add(link)
    session.flush()


def _new_link(session: Session, export: Export, settings: LinkSettings, *, now: datetime) -> ReportLink:
    if session.exec(select(ReportLink).where(ReportLink.slug == settings.slug)).first():
        raise AlreadyExists(f"Slug '{settings.slug}' is taken by another report link. Choose another one.")
    return ReportLink(organisation_id=export.organisation_id, export_id=export.id, slug=settings.slug, created_at=now)
