"""What somebody made and answers for: kept under their id as its maker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from core.model.access import ApiToken
from core.model.analysis import Analysis
from core.model.connections import Connection
from core.model.data import Dataset
from core.model.delivery import Export, ReportLink
from core.store.exports import export_spec
from core.store.people import list_tokens
from core.store.stopping import EXPORT_OFF, stop_waiting
from core.store.triggers import list_triggers, save_triggers

Made = TypeVar("Made", Dataset, Analysis, Export, Connection)


@dataclass(frozen=True)
class Belongings:
    """Everything of one person. links: of their exports; tokens: those that were not revoked."""

    datasets: list[Dataset]
    analyses: list[Analysis]
    exports: list[Export]
    links: list[ReportLink]
    connections: list[Connection]
    tokens: list[ApiToken]

    @property
    def kept(self) -> list[Dataset | Analysis | Export | Connection]:
        """What somebody else can answer for."""
        return [*self.datasets, *self.analyses, *self.exports, *self.connections]


def belongings_of(session: Session, organisation_id: str, person_id: str) -> Belongings:
    """What a person made, each kind in the order in which it was made."""
    exports = _made(session, Export, organisation_id, person_id)
    query = select(ReportLink).where(col(ReportLink.export_id).in_([row.id for row in exports]))
    return Belongings(
        datasets=_made(session, Dataset, organisation_id, person_id),
        analyses=_made(session, Analysis, organisation_id, person_id),
        exports=exports,
        links=list(session.exec(query.order_by(ReportLink.slug))),
        connections=_made(session, Connection, organisation_id, person_id),
        tokens=list_tokens(session, [person_id]),
    )


def hand_over(session: Session, belongings: Belongings, person_id: str) -> None:
    """From now on somebody else counts as the maker of what can be kept."""
    for row in belongings.kept:
        row.created_by = person_id
        session.add(row)
    session.flush()


def switch_off(session: Session, exports: Iterable[Export], *, now: datetime) -> list[Export]:
    """Switch off the exports that are on, with their triggers and what waits of them; those that were."""
    running = [row for row in exports if row.is_active]
    for row in running:
        off = export_spec(row).model_copy(update={"is_active": False})
        row.is_active, row.spec = False, off.model_dump(mode="json")
        row.revision, row.modified_at = row.revision + 1, now
        session.add(row)
        triggers = list_triggers(session, row.organisation_id, row.id)
        for trigger in triggers:
            trigger.is_active, trigger.next_fire_at = False, None
        save_triggers(session, triggers)
        stop_waiting(session, row.id, EXPORT_OFF, now=now)
    return running


def _made(session: Session, table: type[Made], organisation_id: str, person_id: str) -> list[Made]:
    query = select(table).where(table.organisation_id == organisation_id, table.created_by == person_id)
    return list(session.exec(query.order_by(col(table.created_at), col(table.id))))
