"""Which datasets somebody may read, as it stands in the store now, and who may read a dataset.

`core.access.rights` decides; here is looked up what it decides upon, at every question anew: a right that was taken
away counts at once, also in pages that are open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlmodel import Session

from core.access.rights import ACTIONS, may_use_dataset
from core.access.tokens import caller_for
from core.errors import DataError
from core.model.access import Person
from core.model.data import DatasetAccess
from core.store.dataset_rights import list_rights
from core.store.people import email_of, list_people

Sight = Callable[[str], bool]
"""Whether the dataset with that slug may be read."""


def sight_of(session: Session, organisation_id: str, person_id: str | None) -> Sight:
    """What a person may read: nothing once they have left. None is Bridgecast itself, which reads everything."""
    if person_id is None:
        return lambda _: True
    person = session.get(Person, person_id)
    if person is None or person.left_at is not None or person.organisation_id != organisation_id:
        return lambda _: False
    return partial(may_use_dataset, caller_for(person, frozenset()), list_rights(session, organisation_id))


def may_be_shown(session: Session, organisation_id: str, author_id: str, dataset: str) -> bool:
    """Whether a report on a dataset may be made for its author's readers.

    On a dataset that names nobody everything may, also what somebody made who has left since.
    """
    is_open = dataset not in list_rights(session, organisation_id)
    return is_open or sight_of(session, organisation_id, author_id)(dataset)


def by_ids(session: Session, organisation_id: str, access: DatasetAccess) -> DatasetAccess:
    """The same people by their ids. Raises DataError for somebody who is not here, or is a viewer."""
    people = list_people(session, organisation_id)
    known = {person.id: person for person in people} | {person.email: person for person in people}
    found = [_reader(known.get(name) or known.get(email_of(name)), name) for name in access.people]
    return access.model_copy(update={"people": tuple(dict.fromkeys(person.id for person in found))})


def _reader(person: Person | None, name: str) -> Person:
    if person is None:
        raise DataError(f"There is nobody '{name}' here. Name people by id or e-mail address.", field="access.people")
    if "data.read" not in ACTIONS.get(person.role, frozenset()):
        raise DataError(
            f"{person.name} is {person.role}, and sees reports alone. Name analysts.", field="access.people"
        )
    return person
