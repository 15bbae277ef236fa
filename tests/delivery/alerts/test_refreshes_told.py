"""An export that follows a dataset is silent while the refresh of that fails: whoever waits for it hears why."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from core.delivery.planner import Planner
from core.errors import DataError
from core.model.runs import Run
from core.model.triggers import ScheduleTrigger, Trigger
from core.store.triggers import stop_trigger
from tests.conftest import MORE_SALES
from tests.delivery.alerts.desks import Desk

HOURLY = ScheduleTrigger(cron="0 * * * *")


@pytest.fixture
def followed(desk: Desk) -> Desk:
    """An export that follows a dataset, which is refreshed each hour; another one follows none."""
    desk.app.refreshes.keep("sales", HOURLY)
    desk.export("Follows", triggers=[{"kind": "dataset", "dataset": "sales"}])
    return desk


def refresh(desk: Desk) -> Run:
    """The refresh of the next hour; its run."""
    desk.clock.forward(hours=1)
    Planner(desk.app.store, desk.app.ledger, desk.app.warehouse, desk.app.organisation.id).beat(desk.clock())
    build = desk.app.ledger.claim_build()
    assert build is not None
    assert build.subject_kind == "dataset"
    try:
        desk.app.ledger.built(build, desk.app.maker.make(build))
    except DataError as error:
        desk.app.ledger.build_failed(build, error)
    desk.beat()
    return desk.app.ledger.run(build.run_id).run


def test_a_refresh_that_fails_is_told_once_to_whom_the_exports_that_follow_belong_and_that_it_is_over(
    followed: Desk, sales_csv: Path
) -> None:
    sales_csv.unlink()
    first = refresh(followed)
    assert (first.state, refresh(followed).state) == ("failed", "failed")
    assert followed.cards() == ["“Follows” could not be made"]
    (card,) = followed.inbox()
    assert "The refresh of dataset 'sales' failed" in str(card.body)
    assert card.link.endswith(f"/Runs?run={first.id}")
    sales_csv.write_text(MORE_SALES)
    assert refresh(followed).state == "succeeded"
    assert followed.cards()[1:] == ["“Follows” is made again"]


def test_a_schedule_of_a_dataset_that_stopped_is_told_to_whom_the_exports_that_follow_belong(followed: Desk) -> None:
    with followed.app.store.write() as session:
        row = session.exec(select(Trigger).where(Trigger.subject_kind == "dataset")).one()
        stop_trigger(session, row, "There is no zone 'Mars/Olympus'.")
    for _ in range(2):
        followed.beat()
    (card,) = followed.inbox()
    assert "Follows" in card.title
    assert "Mars/Olympus" in str(card.body)
