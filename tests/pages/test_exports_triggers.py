"""The triggers in the form of an export: schedules by rule or cron, their next times, trigger URLs shown once."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.delivery.exports import SavedExport
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, FilesSource
from core.model.triggers import DatasetTrigger, ScheduleTrigger, TriggerSpec, UrlTrigger
from tests.pages.bridge_page import COLUMNS, EQUATION, ROWS
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports_list import act, export_of

PAGE = "pages/3_Exports.py"
FIRST = "exports_trigger_0"


@pytest.fixture
def hooked(app: App, revenue: AnalysisSpec) -> SavedExport:
    return export_of(app, "Hooked", triggers=[{"kind": "url"}])


def schedule(app: App) -> ScheduleTrigger:
    (export,) = app.exports.all()
    (trigger,) = export.spec.triggers
    assert isinstance(trigger, ScheduleTrigger)
    return trigger


def saved_with(page: AppTest) -> None:
    assert not act(page, "exports_save").error[1:]


def test_a_new_export_starts_with_weekdays_at_nine(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, new="1")
    (said,) = [caption.value for caption in page.caption if caption.value.startswith("Next: ")]
    assert said.count("09:00 (UTC+00:00)") == 5
    saved_with(page)
    assert (schedule(app).rule.every, schedule(app).rule.at) == ("weekday", "09:00")


def test_the_next_times_follow_rule_and_zone(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, new="1")
    page.selectbox(key=f"{FIRST}_zone").set_value("Asia/Kolkata")
    page = settled(page.selectbox(key=f"{FIRST}_every").set_value("business_day").run())
    page.selectbox(key=f"{FIRST}_business_day").set_value(-1)
    page = settled(page.time_input(key=f"{FIRST}_at").set_value(time(7, 30)).run())
    assert texts(page).count("07:30 (UTC+05:30)") == 5
    saved_with(page)
    rule = schedule(app).rule
    assert rule is not None
    assert (rule.every, rule.business_day, rule.at) == ("month", -1, "07:30")


def test_cron_is_checked_while_it_is_typed(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = settled(open_page(PAGE, new="1").segmented_control(key=f"{FIRST}_how").set_value("cron").run())
    page = settled(page.text_input(key=f"{FIRST}_cron").set_value("0 25 * * *").run())
    assert any("is no cron rule" in error.value for error in page.error)
    page = settled(page.text_input(key=f"{FIRST}_cron").set_value("15 6 * * 1").run())
    assert "06:15" in texts(page)
    saved_with(page)
    assert schedule(app).cron == "15 6 * * 1"


def test_a_schedule_ends_and_leaves_holidays_out(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, new="1")
    page.text_input(key=f"{FIRST}_holidays").set_value("DE-BY")
    page.date_input(key=f"{FIRST}_ends").set_value(date(2031, 5, 1))
    page.selectbox(key=f"{FIRST}_catch_up").set_value("skip")
    saved_with(page)
    kept = schedule(app)
    assert (kept.holidays, kept.catch_up) == ("DE-BY", "skip")
    assert kept.ends_at is not None
    assert kept.ends_at.astimezone(ZoneInfo(kept.zone)).date() == date(2031, 5, 1)


def test_a_paused_schedule_says_so(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = settled(open_page(PAGE, new="1").toggle(key=f"{FIRST}_paused").set_value(True).run())
    assert "nothing runs by this schedule" in texts(page)


def test_a_trigger_is_removed(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, new="1"), f"{FIRST}_remove")
    assert "Nothing starts it but you" in texts(page)
    saved_with(page)
    assert app.exports.all()[0].spec.triggers == ()


def test_what_the_api_said_of_a_schedule_stays(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    given = {"kind": "schedule", "cron": "0 6 * * *", "jitter_minutes": 7, "ends_at": "2031-01-01T10:00:00+01:00"}
    export = export_of(app, "By API", triggers=[given])
    saved_with(open_page(PAGE, export=export.id))
    assert schedule(app) == export.triggers[0].spec


def test_a_trigger_url_is_shown_once(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, new="1"), "exports_add_url")
    page.toggle(key="exports_trigger_1_post_only").set_value(True)
    page.multiselect(key="exports_trigger_1_columns").set_value(["country"])
    page = act(page, "exports_save")
    (url,) = [code.value for code in page.code if code.value.startswith("http") and "/t/" in code.value]
    public_id, token = url.split("/t/")[1].split("/")
    assert app.triggers.find(public_id, token) is not None
    trigger = app.exports.all()[0].spec.triggers[1]
    assert isinstance(trigger, UrlTrigger)
    assert (trigger.post_only, trigger.parameters["country"].type) == (True, "text")
    page = act(page, "exports_new_urls_seen")
    assert not [code for code in page.code if "/t/" in code.value]


def test_a_trigger_url_gets_a_new_address(open_page: Open, hooked: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE).menu_button(key=f"exports_more_{hooked.id}").click("Trigger URL…").run())
    page = act(page, f"exports_turl_{hooked.triggers[0].id}")
    assert len([code for code in page.code if code.value.startswith("http") and "/t/" in code.value]) == 1
    assert app.exports.get(hooked.id).triggers[0].old_until is not None


def test_a_trigger_url_is_closed(open_page: Open, hooked: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE).menu_button(key=f"exports_more_{hooked.id}").click("Trigger URL…").run())
    act(page, f"exports_turl_close_{hooked.triggers[0].id}")
    assert app.exports.get(hooked.id).triggers[0].state == "revoked"


@pytest.fixture
def refreshed(app: App, tmp_path: Path) -> AnalysisSpec:
    """An analysis of a dataset that is read again every day."""
    path = tmp_path / "live.csv"
    path.write_text(ROWS, encoding="utf-8")
    source = FilesSource(path=str(path))
    app.catalogue.create(DatasetSpec(slug="live", name="Live", source=source, columns=COLUMNS), by=app.owner.id)
    app.refreshes.keep("live", ScheduleTrigger(cron="0 6 * * *"))
    spec = {"slug": "live-revenue", "name": "Live", "dataset": "live", "equation": EQUATION}
    by_month = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}
    app.analyses.create(AnalysisSpec.model_validate(spec | {"comparison": by_month}), by=app.owner.id)
    return app.analyses.get("live-revenue").spec


def triggers(app: App) -> tuple[TriggerSpec, ...]:
    (export,) = app.exports.all()
    return export.spec.triggers


def test_following_is_not_offered_for_a_dataset_without_a_schedule(
    open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    page = open_page(PAGE, new="1")
    assert "exports_sync" not in [toggle.key for toggle in page.toggle]
    assert "Sales has no schedule of its own. Give it one, then this export can start after each refresh." in texts(
        page
    )


def test_following_a_dataset_switches_the_schedule_off_and_gives_it_back(
    open_page: Open, refreshed: AnalysisSpec, app: App
) -> None:
    page = open_page(PAGE, new="1")
    page = settled(page.time_input(key=f"{FIRST}_at").set_value(time(7, 30)).run())
    page = settled(page.toggle(key="exports_sync").set_value(True).run())
    assert f"{FIRST}_at" not in [one.key for one in page.time_input]
    assert "exports_add_schedule" not in [button.key for button in page.button]
    saved_with(page)
    (follows,) = triggers(app)
    assert isinstance(follows, DatasetTrigger)
    assert (follows.dataset, [kept.rule.at for kept in follows.instead_of if kept.rule]) == ("live", ["07:30"])
    page = open_page(PAGE, export=app.exports.all()[0].id)
    page = settled(page.toggle(key="exports_sync").set_value(False).run())
    assert page.time_input(key=f"{FIRST}_at").value == time(7, 30)
    saved_with(page)
    assert schedule(app).rule == follows.instead_of[0].rule


def test_an_export_that_follows_says_when_its_dataset_has_lost_its_schedule(
    open_page: Open, refreshed: AnalysisSpec, app: App
) -> None:
    follows = [{"kind": "dataset", "dataset": "live"}]
    saved = export_of(app, "Following", content={"analysis": "live-revenue"}, triggers=follows)
    app.refreshes.keep("live", None)
    page = open_page(PAGE, export=saved.id)
    assert page.toggle(key="exports_sync").value
    assert "Live has no schedule of its own." in texts(page)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-03-20", "On Sun 29 Mar 2026 clocks in Europe/Berlin go forward by 1 hour"),
        ("2026-10-12", "On Sun 25 Oct 2026 clocks in Europe/Berlin go back by 1 hour"),
        ("2026-06-20", ""),
    ],
)
def test_two_weeks_before_clocks_change_it_says_what_that_means(now: str, said: str) -> None:
    def page(now: str) -> None:
        from datetime import datetime
        from types import SimpleNamespace

        from core.model.triggers import ScheduleTrigger
        from core.ui.exports_schedule import edit_schedule

        at = datetime.fromisoformat(f"{now}T12:00:00+00:00")
        start = ScheduleTrigger(cron="30 2 * * *", zone="Europe/Berlin")
        edit_schedule(SimpleNamespace(clock=lambda: at), "told", start)

    told = texts(AppTest.from_function(page, kwargs={"now": now}).run())
    assert ("clocks in" in told, said in told) == (bool(said), True)
