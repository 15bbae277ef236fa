from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from core.access.tokens import ALL_SCOPES, Caller, caller_for
from core.app import App
from core.delivery.seen_runs import SeenRuns
from core.errors import DataError, NotFound
from core.model.data import DatasetSpec, UploadSource
from core.model.runs import Run
from core.model.triggers import ScheduleTrigger, Trigger
from core.store.people import add_person
from core.store.run_lists import RunFilter
from tests.conftest import MORE_SALES, SALES
from tests.delivery.test_keeping import app, clock, make
from tests.delivery.test_planner import Planning, planning

__all__ = ["app", "clock", "planning"]
HOURLY = ScheduleTrigger(cron="0 * * * *")


def work(app: App) -> Run:
    """Make the run that has waited longest, as the executor would; the run as it is then."""
    build = app.ledger.claim_build()
    assert build is not None
    try:
        app.ledger.built(build, app.maker.make(build))
    except DataError as error:
        app.ledger.build_failed(build, error)
    return app.ledger.run(build.run_id).run


def triggers(app: App) -> list[Trigger]:
    with app.store.read() as session:
        return list(session.exec(select(Trigger)))


def caller(app: App, role: str) -> Caller:
    """Somebody with that role."""
    if role == "owner":
        return caller_for(app.owner, ALL_SCOPES)
    with app.store.write() as session:
        person = add_person(session, app.organisation.id, f"{role}@example.org", role, role, now=app.clock())
        return caller_for(person, ALL_SCOPES)


def seen(app: App, role: str) -> SeenRuns:
    who = caller(app, role)
    narrow = app.seen_by(who)
    return SeenRuns(app.ledger, narrow.exports, narrow.catalogue, app.artefacts, who)


def test_a_dataset_has_no_schedule_until_it_is_given_one(app: App) -> None:
    assert app.refreshes.schedule("sales") is None
    kept = app.refreshes.keep("sales", HOURLY)
    assert kept == app.refreshes.schedule("sales")
    assert kept is not None
    assert (kept.state, kept.next_fires[0]) == ("on", datetime(2026, 3, 1, 13, tzinfo=UTC))


def test_a_changed_schedule_keeps_its_id_and_none_takes_it_away(app: App) -> None:
    first = app.refreshes.keep("sales", HOURLY)
    second = app.refreshes.keep("sales", ScheduleTrigger(cron="30 6 * * *", zone="Europe/Berlin"))
    assert first is not None
    assert second is not None
    assert (second.id, second.next_fires[0]) == (first.id, datetime(2026, 3, 2, 5, 30, tzinfo=UTC))
    assert app.refreshes.keep("sales", None) is None
    assert triggers(app) == []


def test_an_upload_has_nothing_to_be_read_again(app: App, sales_csv: Path) -> None:
    upload = DatasetSpec(slug="once", name="Once", source=UploadSource(file_name="sales.csv"))
    app.catalogue.create(upload, path=sales_csv, by=app.owner.id)
    with pytest.raises(DataError, match="uploaded file, which cannot be read again") as caught:
        app.refreshes.keep("once", HOURLY)
    assert caught.value.field == "refresh.schedule"


def test_a_rule_that_is_none_is_wrong_at_its_place(app: App) -> None:
    with pytest.raises(DataError) as caught:
        app.refreshes.keep("sales", ScheduleTrigger(cron="0 25 * * *"))
    assert caught.value.field == "refresh.schedule.cron"


def test_each_occurrence_is_a_run_that_reads_the_source_again_and_sends_nothing(
    app: App, planning: Planning, rewrite: Callable[[str], None]
) -> None:
    app.refreshes.keep("sales", HOURLY)
    rewrite(MORE_SALES)
    assert [planning.at(0.9), planning.at(1), planning.at(1.01)] == [0, 1, 0]
    run = work(app)
    assert (run.subject_kind, run.name, run.state, run.versions) == ("dataset", "Sales", "succeeded", {"sales": 2})
    (step,) = run.steps
    assert (step["name"], step["outcome"], step["rows"], step["changed"]) == ("refresh", "succeeded", 6, True)
    assert int(str(step["bytes"])) > 0
    assert app.ledger.run(run.id).deliveries == ()


def test_a_source_that_has_not_changed_publishes_nothing(app: App, planning: Planning) -> None:
    app.refreshes.keep("sales", HOURLY)
    planning.at(1)
    run = work(app)
    assert (run.state, run.versions, run.steps[0]["changed"]) == ("succeeded", {"sales": 1}, False)


def test_what_it_published_starts_the_exports_that_follow_with_exactly_that_version(
    app: App, planning: Planning, rewrite: Callable[[str], None]
) -> None:
    export = make(app, {"kind": "dataset", "dataset": "sales"})
    app.refreshes.keep("sales", HOURLY)
    planning.at(0.5)
    rewrite(MORE_SALES)
    planning.at(1)
    work(app)
    assert planning.at(1.01) == 1
    rewrite(SALES)
    app.catalogue.refresh("sales")
    followed = work(app)
    assert (followed.subject_id, followed.trigger_kind, followed.state) == (export.id, "dataset", "succeeded")
    assert followed.versions == {"sales": 2}


def test_a_source_that_is_gone_fails_the_run_which_says_so_with_its_step(
    app: App, planning: Planning, sales_csv: Path
) -> None:
    app.refreshes.keep("sales", HOURLY)
    sales_csv.unlink()
    planning.at(1)
    run = work(app)
    assert run.state == "failed"
    assert run.reason.startswith("The refresh of dataset 'sales' failed, so nothing was made of older rows.")
    assert [(step["name"], step["outcome"]) for step in run.steps] == [("refresh", "failed")]
    assert app.catalogue.latest("sales").number == 1


def test_a_failed_one_is_tried_again_and_replayed_as_others(app: App, planning: Planning, sales_csv: Path) -> None:
    app.refreshes.keep("sales", HOURLY)
    sales_csv.unlink()
    planning.at(1)
    run = work(app)
    sales_csv.write_text(MORE_SALES)
    app.ledger.retry(run.id, by=None)
    assert work(app).state == "succeeded"
    again = app.ledger.replay(run.id, data="fresh", only="all", by=None)
    assert (work(app).id, app.ledger.run(again).run.state) == (again, "succeeded")


def test_missed_ones_are_written_down_as_of_every_schedule(app: App, planning: Planning) -> None:
    app.refreshes.keep("sales", HOURLY)
    assert planning.at(6) == 1
    assert planning.counted() == {("planned", ""): 1, ("ignored", "missed"): 5}


def test_a_paused_one_runs_never(app: App, planning: Planning) -> None:
    app.refreshes.keep("sales", HOURLY.model_copy(update={"is_paused": True}))
    assert planning.at(3) == 0


def test_a_deleted_dataset_leaves_no_schedule_and_its_waiting_run_is_ignored(app: App, planning: Planning) -> None:
    app.refreshes.keep("sales", HOURLY)
    planning.at(1)
    app.analyses.delete("revenue")
    app.catalogue.delete("sales")
    assert triggers(app) == []
    assert planning.counted() == {("ignored", "dataset deleted"): 1}


@pytest.mark.parametrize(("role", "sees"), [("owner", 1), ("analyst", 1), ("viewer", 0)])
def test_its_runs_are_seen_by_whoever_may_see_the_dataset(app: App, planning: Planning, role: str, sees: int) -> None:
    app.refreshes.keep("sales", HOURLY)
    planning.at(1)
    assert len(seen(app, role).list(RunFilter())) == sees


def test_its_runs_are_unknown_where_the_dataset_is(app: App, planning: Planning) -> None:
    app.refreshes.keep("sales", HOURLY)
    planning.at(1)
    app.catalogue.share("sales", app.catalogue.access("sales").model_copy(update={"roles": ("admin",)}))
    runs = seen(app, "analyst")
    assert runs.list(RunFilter()) == []
    with pytest.raises(NotFound):
        runs.get(planning.runs()[0].id)


def test_a_schedule_is_unknown_where_the_dataset_is(app: App) -> None:
    app.catalogue.share("sales", app.catalogue.access("sales").model_copy(update={"roles": ("admin",)}))
    with pytest.raises(NotFound):
        app.seen_by(caller(app, "analyst")).refreshes.keep("sales", HOURLY)


def test_an_export_whose_source_is_gone_sends_nothing_and_says_at_which_step(app: App, sales_csv: Path) -> None:
    export = make(app)
    app.triggers.start(export.id, by=app.owner.id, how="hand")
    sales_csv.unlink()
    run = work(app)
    assert (run.subject_id, run.state) == (export.id, "failed")
    assert run.reason.startswith("The refresh of dataset 'sales' failed, so nothing was made of older rows.")
    assert [(step["name"], step["outcome"]) for step in run.steps] == [("refresh", "failed")]
    assert app.ledger.run(run.id).artefacts == ()
