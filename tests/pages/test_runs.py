"""The Runs page: what ran, why something failed, and what can be done about it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.connectors.base import Receipt, SendError
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec
from tests.pages.driving import Open, settled, texts

PAGE = "pages/5_Runs.py"
HOOK = {"id": "d1", "kind": "webhook", "connection": "c1"}
GONE = SendError(
    "hooks.example.org answered 500.",
    permanent=True,
    error_class="http 500",
    status=500,
    request="POST x",
    response="no",
)


def run_of(app: App, name: str, *, error: SendError | None = None, is_sent: bool = True) -> str:
    """A run of an export to a webhook; its id."""
    spec = ExportSpec.model_validate({"name": name, "content": {"analysis": "revenue"}, "destinations": [HOOK]})
    run_id = app.ledger.ask(
        subject_id="e1",
        name=name,
        definition={"revision": 1, "spec": spec.model_dump(mode="json")},
        trigger_kind="hand",
        occurrence_key=name,
        planned_at=app.clock(),
        by=app.owner.id,
    ).run_id
    if is_sent:
        build = app.ledger.claim_build()
        assert build is not None
        app.ledger.built(build, app.maker.make(build))
        claim = app.ledger.claim_delivery()
        assert claim is not None
        if error is None:
            app.ledger.sent(claim, Receipt(status=200, request="POST x", response="thanks"))
        else:
            app.ledger.send_failed(claim, error)
    return run_id


def press(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


def test_an_empty_page_says_how_an_export_runs(open_page: Open) -> None:
    assert "Nothing has run yet" in open_page(PAGE).info[0].value


def test_runs_are_listed_with_state_and_how_many_were_served(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_of(app, "Morning")
    run_of(app, "Evening", error=GONE)
    table = open_page(PAGE).dataframe[0].value
    assert list(table["Export"]) == ["Evening", "Morning"]
    assert list(table["State"]) == ["✕ Failed", "✓ Succeeded"]
    assert list(table["Delivered"]) == ["0 of 1", "1 of 1"]


def test_filters_come_from_the_address(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_of(app, "Morning")
    run_of(app, "Evening", error=GONE)
    page = settled(open_page(PAGE).multiselect(key="runs_states").set_value(["failed"]).run())
    assert list(page.dataframe[0].value["Export"]) == ["Evening"]
    page = settled(page.text_input(key="runs_text").set_value("morn").run())
    assert "No run fits" in page.info[0].value


def test_a_run_shows_each_try_with_request_and_response(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_id = run_of(app, "Evening", error=GONE)
    page = open_page(PAGE, run=run_id)
    shown = texts(page)
    assert "hooks.example.org answered 500." in shown
    assert [code.value for code in page.code[:2]] == ["POST x", "no"]
    assert page.button(key="runs_retry")


def test_a_failed_run_is_tried_again(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_id = run_of(app, "Evening", error=GONE)
    page = press(open_page(PAGE, run=run_id), "runs_retry")
    assert "tried again" in page.toast[0].value
    assert app.ledger.run(run_id).run.state == "retry"


def test_a_run_is_replayed_as_a_new_one(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_id = run_of(app, "Morning")
    page = press(press(open_page(PAGE, run=run_id), "runs_replay_ask"), "runs_replay_now")
    new_id = page.query_params["run"]
    assert app.ledger.run(new_id).run.parent_id == run_id


def test_a_run_is_put_away_with_a_note_and_brought_back(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_id = run_of(app, "Evening", error=GONE)
    page = press(open_page(PAGE, run=run_id), "runs_ignore_ask")
    page.text_area(key="runs_put_away_note").set_value("known outage")
    page = press(page, "runs_ignore_now")
    assert app.ledger.run(run_id).run.is_hidden
    assert "known outage" in texts(page)
    press(page, "runs_restore")
    assert app.ledger.run(run_id).run.state == "failed"


def test_an_unknown_run_is_said_in_a_sentence(open_page: Open) -> None:
    assert "There is no run" in open_page(PAGE, run="nowhere").error[0].value


@pytest.mark.parametrize("state", ["planned"])
def test_a_waiting_run_can_be_started_now(open_page: Open, app: App, revenue: AnalysisSpec, state: str) -> None:
    run_id = run_of(app, "Later", is_sent=False)
    assert app.ledger.run(run_id).run.state == state
    page = press(open_page(PAGE, run=run_id), "runs_start")
    assert "starts now" in page.toast[0].value


def test_a_new_run_moves_no_tick_to_another_one(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    run_of(app, "Morning")
    page = open_page(PAGE)
    table = page.dataframe[0].proto.id
    assert page.run().dataframe[0].proto.id == table
    run_of(app, "Evening")
    assert page.run().dataframe[0].proto.id != table


def tick(page: AppTest, run_ids: list[str], *rows: int) -> None:
    page.session_state[f"runs_table_{hash(tuple(run_ids))}"] = {"selection": {"rows": list(rows), "columns": []}}


def test_a_run_that_was_just_unticked_is_not_put_away(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    evening, morning = run_of(app, "Evening", error=GONE), run_of(app, "Morning", error=GONE)
    page = open_page(PAGE)
    tick(page, [morning, evening], 0, 1)
    settled(page.run())
    tick(page, [morning, evening], 1)
    press(page, "runs_ignore")
    assert [app.ledger.run(run_id).run.is_hidden for run_id in (morning, evening)] == [False, True]


def test_a_run_that_was_just_unticked_is_not_replayed(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    evening, morning = run_of(app, "Evening", error=GONE), run_of(app, "Morning", error=GONE)
    page = open_page(PAGE)
    tick(page, [morning, evening], 0, 1)
    settled(page.run())
    tick(page, [morning, evening], 1)
    page = press(page, "runs_replay")
    assert "1 run asked for" in page.toast[0].value
    assert list(page.dataframe[0].value["Export"]) == ["Evening", "Morning", "Evening"]


def test_the_run_that_was_ticked_last_is_opened(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    evening, morning = run_of(app, "Evening"), run_of(app, "Morning")
    page = open_page(PAGE)
    tick(page, [morning, evening], 0)
    settled(page.run())
    tick(page, [morning, evening], 1)
    assert press(page, "runs_open").query_params["run"] == evening


@pytest.mark.parametrize(
    ("button", "rows", "said"),
    [
        ("runs_open", (0, 1), "2 runs ticked. Tick one to open it."),
        ("runs_replay", (), "No run is ticked, so nothing was done."),
        ("runs_ignore", (), "No run is ticked, so nothing was done."),
    ],
)
def test_a_button_whose_ticks_were_just_changed_says_why_it_does_nothing(
    open_page: Open, app: App, revenue: AnalysisSpec, button: str, rows: tuple[int, ...], said: str
) -> None:
    evening, morning = run_of(app, "Evening", error=GONE), run_of(app, "Morning", error=GONE)
    page = open_page(PAGE)
    tick(page, [morning, evening], 0)
    settled(page.run())
    tick(page, [morning, evening], *rows)
    page = press(page, button)
    assert said in page.error[0].value
    assert list(page.dataframe[0].value["Export"]) == ["Morning", "Evening"]


@pytest.mark.parametrize("opened", [False, True], ids=["list", "run"])
def test_a_button_keeps_its_fragment_when_something_is_said_above(
    open_page: Open, app: App, revenue: AnalysisSpec, opened: bool
) -> None:
    run_id = run_of(app, "Morning", error=GONE)
    page = open_page(PAGE, run=run_id) if opened else open_page(PAGE)
    if not opened:
        tick(page, [run_id], 0)
        settled(page.run())
    button = "runs_back" if opened else "runs_open"
    before = fragment_of(page, button)
    app.sending.hold("Wrong numbers")
    page.session_state["bridge_problem"] = "It did not work."
    page.run()
    assert "Wrong numbers" in texts(page)
    assert "It did not work" in texts(page)
    assert before
    assert fragment_of(page, button) == before


def fragment_of(page: AppTest, key: str) -> str | None:
    """The fragment that a click on the button draws."""
    state = page.session_state._state._state._new_widget_state
    return state.widget_metadata[page.button(key=key).proto.id].fragment_id
