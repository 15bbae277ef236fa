from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.connectors.base import RetryRule
from core.delivery.ledger import Ledger
from core.store import Store
from core.store.people import open_organisation
from tests.delivery.ledgers import NOW, Clock

RULES = {"webhook": RetryRule(delays_s=(5.0, 300.0, 1800.0), deadline_s=3600.0, total_s=15.0)}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def store(new_folder: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{new_folder}/bridgecast.sqlite")
    yield store
    store.close()


@pytest.fixture
def ledger(store: Store, clock: Clock) -> Ledger:
    with store.write() as session:
        organisation, _ = open_organisation(session, owner_email=None, now=NOW)
    return Ledger(store, organisation.id, clock, RULES)
