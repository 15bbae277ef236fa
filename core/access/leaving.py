"""What somebody leaves behind: told, handed over, or paused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.dataset_rights import sight_of
from core.access.rights import ACTIONS
from core.errors import Conflict, DataError
from core.model.access import Person
from core.model.analysis import Analysis
from core.model.connections import Connection
from core.model.data import Dataset
from core.model.delivery import Export
from core.store.belongings import Belongings, hand_over, switch_off
from core.store.exports import shown_analyses

Made = Dataset | Analysis | Export | Connection


@dataclass(frozen=True)
class Thing:
    """Something that somebody made: a dataset or analysis by slug, all else by id. is_on: of an export."""

    kind: str
    id: str
    name: str
    is_on: bool | None = None


def told(belongings: Belongings) -> list[Thing]:
    """Everything that belongs to somebody, kind by kind."""
    links = [Thing("link", row.id, f"/r/{row.slug}") for row in belongings.links]
    tokens = [Thing("token", row.id, row.name) for row in belongings.tokens]
    return [*map(_thing, belongings.kept), *links, *tokens]


def require_nothing(belongings: Belongings, person: Person) -> None:
    """Raises Conflict, naming it, when somebody would leave something behind."""
    if belongings.kept:
        raise Conflict(
            f"{person.name} still has {_named(map(_thing, belongings.kept))}. Say who takes it over, or that the "
            "exports are paused."
        )


def give(session: Session, belongings: Belongings, to: Person, *, at: datetime) -> None:
    """Hand everything over to somebody, who must be able to make such things and to see their datasets.

    Raises DataError, Conflict.
    """
    if "export.write" not in ACTIONS.get(to.role, frozenset()):
        raise DataError(
            f"{to.name} is {to.role}, and makes no exports. Hand over to somebody who does.", field="hand_over_to"
        )
    sees = sight_of(session, to.organisation_id, to.id)
    if hidden := [f"'{slug}'" for slug in _shown(session, belongings) if not sees(slug)]:
        raise Conflict(
            f"{to.name} may not see {', '.join(hidden)} (datasets). Let them see it on the Data page first, or hand "
            "over to somebody who may."
        )
    for row in belongings.kept:
        subject = _subject(row)
        note(session, f"{subject.kind}.handed_over", subject, at=at, detail={"to": to.email})
    hand_over(session, belongings, to.id)


def pause_all(session: Session, belongings: Belongings, *, at: datetime) -> None:
    """Switch all exports off: their links do not open, and nothing is sent."""
    for row in switch_off(session, belongings.exports, now=at):
        note(session, "export.changed", _subject(row), at=at, detail={"changed": ["is_active"]})


def _shown(session: Session, belongings: Belongings) -> list[str]:
    """The datasets that are handed over, or that something handed over stands on."""
    analyses = [*belongings.analyses, *(shown for row in belongings.exports for shown in shown_analyses(session, row))]
    slugs = {row.slug for row in belongings.datasets} | {row.dataset for row in analyses}
    return sorted(slugs)


def _thing(row: Made) -> Thing:
    if isinstance(row, Dataset):
        return Thing("dataset", row.slug, str(row.spec["name"]))
    if isinstance(row, Analysis):
        return Thing("analysis", row.slug, str(row.spec["name"]))
    if isinstance(row, Export):
        return Thing("export", row.id, row.name, row.is_active)
    return Thing("connection", row.id, row.name)


def _subject(row: Made) -> Subject:
    """As other entries of the audit name it."""
    thing = _thing(row)
    return Subject(thing.kind, thing.id if isinstance(row, Dataset) else row.id, thing.name)


def _named(things: Iterable[Thing]) -> str:
    return ", ".join(f"{thing.kind} '{thing.name}'" for thing in things)
