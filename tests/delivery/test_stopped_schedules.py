"""A schedule whose rule can no longer be reckoned stops, says why, and is told."""

from __future__ import annotations

from sqlmodel import select

from core.app import App
from core.delivery.exports import SavedExport
from core.model.triggers import Trigger
from tests.delivery.test_keeping import DAILY, Clock, app, clock, make
from tests.delivery.test_planner import HOURLY, Planning, planning

__all__ = ["app", "clock", "planning"]


def spoil(app: App, saved: SavedExport) -> None:
    """The zone of its schedule is gone, as a newer list of zones may have it."""
    with app.store.write() as session:
        (row,) = session.exec(select(Trigger).where(Trigger.subject_id == saved.id))
        row.rule = {**row.rule, "zone": "Europe/Atlantis"}
        session.add(row)


def test_it_is_paused_with_the_reason_and_its_author_is_told_once(app: App, planning: Planning, clock: Clock) -> None:
    saved = make(app, HOURLY)
    spoil(app, saved)
    for hours in (1, 2, 3):
        assert planning.at(hours) == 0
        app.alerts.beat()
    (trigger,) = app.exports.get(saved.id).triggers
    assert (trigger.state, trigger.next_fires) == ("paused", ())
    assert "Europe/Atlantis" in trigger.problem
    (card,) = app.inbox.of(app.owner.id)
    assert card.title == f"A schedule of “{saved.spec.name}” was stopped"
    assert card.link.endswith(f"/Exports?export={saved.id}")


def test_saved_with_another_rule_it_goes_on(app: App, planning: Planning) -> None:
    saved = make(app, HOURLY)
    spoil(app, saved)
    planning.at(1)
    spec = saved.spec.model_validate(saved.spec.model_dump() | {"triggers": [DAILY]})
    (trigger,) = app.exports.change(saved.id, spec).triggers
    assert (trigger.state, trigger.problem) == ("on", "")
    assert trigger.next_fires
