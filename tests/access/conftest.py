"""A store with an organisation and its owner, and a clock that the tests set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.access.people import People
from core.access.sessions import Sessions
from core.access.tokens import Caller
from core.store import Store
from core.store.people import open_organisation

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass
class House:
    """People and sessions of one organisation; `now` is what their clock says."""

    store: Store
    organisation_id: str
    now: datetime = START

    def __post_init__(self) -> None:
        self.people = People(self.store, self.organisation_id, lambda: self.now)
        self.sessions = Sessions(self.store, self.organisation_id, lambda: self.now)

    @property
    def owner(self) -> Caller:
        return self.sessions.built_in_owner()


@pytest.fixture
def house(tmp_path: Path, newest_store: Path) -> Iterator[House]:
    store = Store(f"sqlite:///{shutil.copy(newest_store, tmp_path)}")
    with store.write() as session:
        organisation, _ = open_organisation(session, owner_email="Olga@example.org", now=START)
    yield House(store, organisation.id)
    store.close()
