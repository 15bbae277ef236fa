"""Analyses and their revisions. A revision is never changed; the newest one is what everything else uses."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from core.errors import AlreadyExists, Conflict, DataError, NotFound
from core.model.analysis import Analysis, AnalysisRevision, AnalysisSpec
from core.model.delivery import Export, ExportSpec
from core.store.rows import by_slug, first_values, require_revision


def analysis_spec(row: Analysis | AnalysisRevision) -> AnalysisSpec:
    """The specification that the row holds."""
    return AnalysisSpec.model_validate(row.spec)


def add_analysis(
    session: Session, organisation_id: str, spec: AnalysisSpec, *, person_id: str, now: datetime, note: str = ""
) -> Analysis:
    """Keep a new analysis as its revision 1. Raises AlreadyExists when its slug is taken."""
    if taken := by_slug(session, Analysis, organisation_id, spec.slug):
        raise AlreadyExists(f"Slug '{taken.slug}' is taken by another analysis. Choose another one.")
    values = first_values(organisation_id, spec, person_id=person_id, now=now)
    row = Analysis(slug=spec.slug, dataset=spec.dataset, **values)
    session.add(row)
    session.flush()
    _keep_revision(session, row, person_id=person_id, note=note)
    return row


def revise_analysis(
    session: Session,
    organisation_id: str,
    slug: str,
    spec: AnalysisSpec,
    *,
    person_id: str,
    now: datetime,
    note: str = "",
    if_revision: int | None = None,
) -> Analysis:
    """Make `spec` the newest revision; a specification that is the same already changes nothing.

    if_revision: the revision the change was made from. Raises Stale when it is no longer the newest, DataError when
    the slug differs: it is the address of reports and API alike and stays.
    """
    row = get_analysis(session, organisation_id, slug)
    require_revision(f"Analysis '{slug}'", row.revision, if_revision)
    if spec.slug != slug:
        raise DataError(
            f"Slug '{slug}' cannot become '{spec.slug}': it is an address. Duplicate instead.", field="slug"
        )
    changed = spec.model_dump(mode="json")
    if changed == row.spec:
        return row
    row.spec, row.dataset, row.modified_at, row.revision = changed, spec.dataset, now, row.revision + 1
    session.add(row)
    session.flush()
    _keep_revision(session, row, person_id=person_id, note=note)
    return row


def restore_analysis(
    session: Session, organisation_id: str, slug: str, revision: int, *, person_id: str, now: datetime
) -> Analysis:
    """Make an old revision the newest one. Nothing is lost: it becomes a new revision."""
    old = analysis_spec(get_revision(session, organisation_id, slug, revision))
    note = f"Restored revision {revision}"
    return revise_analysis(session, organisation_id, slug, old, person_id=person_id, now=now, note=note)


def get_analysis(session: Session, organisation_id: str, slug: str) -> Analysis:
    """The analysis with this slug. Raises NotFound."""
    if row := by_slug(session, Analysis, organisation_id, slug):
        return row
    raise NotFound(f"There is no analysis '{slug}'.")


def list_analyses(session: Session, organisation_id: str) -> list[Analysis]:
    """All analyses by slug."""
    query = select(Analysis).where(Analysis.organisation_id == organisation_id)
    return list(session.exec(query.order_by(Analysis.slug)))


def list_revisions(session: Session, organisation_id: str, slug: str) -> list[AnalysisRevision]:
    """All revisions, the newest first."""
    row = get_analysis(session, organisation_id, slug)
    query = select(AnalysisRevision).where(AnalysisRevision.analysis_id == row.id)
    return list(session.exec(query.order_by(col(AnalysisRevision.revision).desc())))


def get_revision(session: Session, organisation_id: str, slug: str, revision: int) -> AnalysisRevision:
    """One revision. Raises NotFound."""
    row = get_analysis(session, organisation_id, slug)
    query = select(AnalysisRevision).where(
        AnalysisRevision.analysis_id == row.id, AnalysisRevision.revision == revision
    )
    if found := session.exec(query).first():
        return found
    raise NotFound(f"Analysis '{slug}' has no revision {revision}. The newest is {row.revision}.")


def exports_of(session: Session, organisation_id: str, slug: str) -> list[Export]:
    """The exports that show an analysis, alone or among others, by name."""
    get_analysis(session, organisation_id, slug)
    every = session.exec(select(Export).where(Export.organisation_id == organisation_id).order_by(Export.name))
    return [row for row in every if slug in ExportSpec.model_validate(row.spec).content.analyses]


def delete_analysis(session: Session, organisation_id: str, slug: str) -> None:
    """Forget an analysis with its revisions. Raises Conflict, naming them, while exports show it."""
    row = get_analysis(session, organisation_id, slug)
    if exports := exports_of(session, organisation_id, slug):
        names = ", ".join(f"'{e.name}'" for e in exports)
        raise Conflict(f"Analysis '{slug}' is shown by {names} (exports). Delete them first.")
    session.delete(row)
    session.flush()


def _keep_revision(session: Session, row: Analysis, *, person_id: str, note: str) -> None:
    session.add(
        AnalysisRevision(
            analysis_id=row.id,
            revision=row.revision,
            spec=dict(row.spec),
            note=note,
            created_by=person_id,
            created_at=row.modified_at,
        )
    )
    session.flush()
