from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select, update

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.ledger import Ledger
from core.delivery.triggers import MOST_WAITING, Call, Fired, KnownTrigger, Triggers
from core.errors import Busy, Conflict, DataError
from core.model.runs import Run
from tests.delivery.test_keeping import URL, Clock, app, change, clock, make, token_of

__all__ = ["app", "clock"]
GET, POST = Call("GET"), Call("POST")


@pytest.fixture
def triggers(app: App, clock: Clock) -> Triggers:
    ledger = Ledger(app.store, app.organisation.id, clock)
    return Triggers(app.store, ledger, app.keys, app.organisation.id, "http://here", clock)


def address(saved: SavedExport) -> tuple[str, str]:
    public_id, token = str(saved.triggers[0].url).split("/")[-2:]
    return public_id, token


def known(triggers: Triggers, saved: SavedExport) -> KnownTrigger:
    found = triggers.find(*address(saved))
    assert found is not None
    return found


@pytest.fixture
def saved(app: App) -> SavedExport:
    parameters = {"country": {"column": "country"}, "day": {"column": "day", "type": "date"}}
    parameters["orders"] = {"column": "orders", "type": "number"}
    return make(app, URL | {"parameters": parameters})


@pytest.fixture
def url(triggers: Triggers, saved: SavedExport) -> KnownTrigger:
    return known(triggers, saved)


def run_of(app: App, fired: Fired) -> Run:
    with app.store.read() as session:
        return session.get_one(Run, fired.run_id)


def begin(app: App, clock: Clock, fired: Fired) -> None:
    with app.store.write() as session:
        session.exec(update(Run).where(Run.id == fired.run_id).values(state="running", started_at=clock.now))


def test_a_call_asks_for_a_run_of_the_export_as_it_is(
    app: App, triggers: Triggers, saved: SavedExport, url: KnownTrigger
) -> None:
    run = run_of(app, triggers.fire(url, GET))
    assert (run.subject_id, run.trigger_id, run.trigger_kind, run.state) == (saved.id, url.id, "url", "planned")
    assert run.definition == {"spec": saved.spec.model_dump(mode="json"), "revision": 1}


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "A" * 10_000, "\udc80"])
def test_a_wrong_token_finds_nothing(triggers: Triggers, saved: SavedExport, token: str) -> None:
    assert triggers.find(address(saved)[0], token) is None


def test_a_token_works_at_its_own_trigger_alone(app: App, triggers: Triggers, saved: SavedExport) -> None:
    other = make(app, URL, destinations=[{"kind": "link", "settings": {"slug": "other"}}])
    assert triggers.find(address(saved)[0], address(other)[1]) is None


def test_after_renewal_both_work_until_the_old_one_s_end(
    app: App, triggers: Triggers, saved: SavedExport, clock: Clock
) -> None:
    public_id, old = address(saved)
    fresh = app.exports.rotate_trigger(saved.id, saved.triggers[0].id, old_works_for=timedelta(hours=1))
    assert triggers.find(public_id, old)
    assert triggers.find(public_id, token_of(fresh.url))
    clock.now += timedelta(hours=1)
    assert triggers.find(public_id, old) is None
    assert triggers.find(public_id, token_of(fresh.url))


def test_a_revoked_trigger_is_unknown(app: App, triggers: Triggers, saved: SavedExport) -> None:
    app.exports.revoke_trigger(saved.id, saved.triggers[0].id)
    assert triggers.find(*address(saved)) is None


@pytest.mark.parametrize("call", [GET, POST, Call("POST", {"country": "FR"})])
def test_the_same_call_within_a_minute_is_one_run(
    triggers: Triggers, url: KnownTrigger, clock: Clock, call: Call
) -> None:
    first = triggers.fire(url, call)
    clock.now += timedelta(seconds=59)
    again = triggers.fire(url, call)
    clock.now += timedelta(seconds=1)
    later = triggers.fire(url, call)
    assert (first.is_duplicate, again.is_duplicate, later.is_duplicate) == (False, True, False)
    assert first.run_id == again.run_id != later.run_id


def test_a_minute_on_the_clock_begins_no_new_run(triggers: Triggers, url: KnownTrigger, clock: Clock) -> None:
    clock.now = clock.now.replace(minute=59, second=59)
    first = triggers.fire(url, GET)
    clock.now += timedelta(seconds=2)
    assert triggers.fire(url, GET).run_id == first.run_id


@pytest.mark.parametrize("call", [GET, POST])
def test_after_the_clock_was_set_back_equal_calls_are_one_run(
    triggers: Triggers, url: KnownTrigger, clock: Clock, call: Call
) -> None:
    before = triggers.fire(url, call)
    clock.now -= timedelta(hours=1)
    first = triggers.fire(url, call)
    clock.now += timedelta(seconds=5)
    again = triggers.fire(url, call)
    assert (first.is_duplicate, again.is_duplicate) == (False, True)
    assert before.run_id != first.run_id == again.run_id


def test_a_get_after_the_run_has_begun_asks_for_one_more_and_no_second_one(
    app: App, triggers: Triggers, url: KnownTrigger, clock: Clock
) -> None:
    first = triggers.fire(url, GET)
    begin(app, clock, first)
    clock.now += timedelta(seconds=5)
    second, third = triggers.fire(url, GET), triggers.fire(url, GET)
    assert (second.is_duplicate, third.is_duplicate) == (False, True)
    assert first.run_id != second.run_id == third.run_id


def test_get_and_post_are_different_calls_and_so_are_other_parameters(triggers: Triggers, url: KnownTrigger) -> None:
    calls = [GET, POST, Call("POST", {"country": "FR"}), Call("POST", {"country": "DE"})]
    assert len({triggers.fire(url, call).run_id for call in calls}) == 4


def test_the_same_key_is_the_same_run_whenever_it_comes(triggers: Triggers, url: KnownTrigger, clock: Clock) -> None:
    call = Call("POST", {"country": "FR"}, key="night-1")
    first = triggers.fire(url, call)
    clock.now += timedelta(hours=1)
    assert triggers.fire(url, call) == Fired(first.run_id, first.status_url, True)
    assert not triggers.fire(url, Call("POST", {"country": "FR"}, key="night-2")).is_duplicate


def test_a_key_that_comes_with_other_parameters_is_refused(triggers: Triggers, url: KnownTrigger) -> None:
    triggers.fire(url, Call("POST", {"country": "FR"}, key="night"))
    with pytest.raises(DataError, match="with other parameters"):
        triggers.fire(url, Call("POST", {"country": "DE"}, key="night"))


def test_a_key_of_one_trigger_means_nothing_to_another(app: App, triggers: Triggers, url: KnownTrigger) -> None:
    other = known(triggers, make(app, URL, destinations=[{"kind": "link", "settings": {"slug": "other"}}]))
    assert triggers.fire(url, Call("POST", key="a")).run_id != triggers.fire(other, Call("POST", key="a")).run_id


def test_parameters_become_filters_of_that_run_alone(app: App, triggers: Triggers, url: KnownTrigger) -> None:
    given = {"country": ["FR", "DE"], "day": "2026-02-03", "orders": 66}
    where = run_of(app, triggers.fire(url, Call("POST", given))).where
    assert where == {"country": ["FR", "DE"], "day": ["2026-02-03"], "orders": [66]}


@pytest.mark.parametrize(
    ("given", "field", "found"),
    [
        ({"contry": "FR"}, "contry", "Declared are: country, day, orders"),
        ({"country": 5}, "country", "a text"),
        ({"country": {"not in": ["FR"]}}, "country", "a text"),
        ({"country": []}, "country", "1 to 100 values"),
        ({"country": "\ud800"}, "country", "a text"),
        ({"day": "3 Feb"}, "day", "such as 2026-01-31"),
        ({"orders": True}, "orders", "a number"),
        ({"orders": float("nan")}, "orders", "a number"),
        ({"orders": 10**400}, "orders", "a number"),
        ({"\ud800": 5}, "?", "no parameter '?'"),
        ({"orders": "1; DROP TABLE x"}, "orders", "a number"),
    ],
)
def test_what_was_not_declared_so_is_refused_at_its_name(
    triggers: Triggers, url: KnownTrigger, given: dict[str, Any], field: str, found: str
) -> None:
    with pytest.raises(DataError) as caught:
        triggers.fire(url, Call("POST", given))
    assert (caught.value.field, found in str(caught.value)) == (field, True)


def test_an_export_that_is_off_is_not_started(app: App, triggers: Triggers, saved: SavedExport) -> None:
    url = known(triggers, saved)
    app.exports.switch(saved.id, False)
    with pytest.raises(Conflict, match="'Morning revenue' is switched off"):
        triggers.fire(url, GET)


def test_a_paused_trigger_says_so_and_writes_it_down_once(app: App, triggers: Triggers, saved: SavedExport) -> None:
    change(app, saved, URL | {"is_paused": True})
    for _ in range(2):
        with pytest.raises(Conflict, match="is paused"):
            triggers.fire(known(triggers, saved), Call("POST", key="a"))
    with app.store.read() as session:
        assert [(run.state, run.reason) for run in session.exec(select(Run))] == [("ignored", "paused")]


def test_a_key_that_met_a_pause_works_after_it(app: App, triggers: Triggers, saved: SavedExport) -> None:
    change(app, saved, URL | {"is_paused": True})
    with pytest.raises(Conflict):
        triggers.fire(known(triggers, saved), Call("POST", key="a"))
    change(app, saved, URL)
    assert not triggers.fire(known(triggers, saved), Call("POST", key="a")).is_duplicate


def test_only_so_many_wait(app: App, triggers: Triggers, url: KnownTrigger) -> None:
    for number in range(MOST_WAITING):
        triggers.fire(url, Call("POST", key=str(number)))
    with pytest.raises(Busy, match="20 runs of this trigger wait already"):
        triggers.fire(url, Call("POST", key="one more"))
    assert triggers.fire(url, Call("POST", key="0")).is_duplicate


def test_its_state_is_told_for_a_day_to_whoever_has_the_address(
    triggers: Triggers, url: KnownTrigger, clock: Clock
) -> None:
    fired = triggers.fire(url, GET)
    signed = fired.status_url.removeprefix("http://here/t/status/")
    told = triggers.status(signed)
    assert told is not None
    assert (told.run_id, told.state) == (fired.run_id, "planned")
    clock.now += timedelta(hours=24, seconds=1)
    assert triggers.status(signed) is None


def test_no_state_is_told_for_an_id_alone(triggers: Triggers, url: KnownTrigger) -> None:
    fired = triggers.fire(url, GET)
    for guess in (fired.run_id, f"{fired.run_id}.", f"{fired.run_id}.{'A' * 43}", "é"):
        assert triggers.status(guess) is None


def test_the_last_use_is_remembered(app: App, triggers: Triggers, saved: SavedExport, clock: Clock) -> None:
    triggers.fire(known(triggers, saved), GET)
    assert app.exports.get(saved.id).triggers[0].last_used_at == clock.now


@pytest.mark.parametrize("call", [GET, POST, Call("POST", key="at once")])
def test_calls_that_come_at_the_same_moment_are_one_run(triggers: Triggers, url: KnownTrigger, call: Call) -> None:
    with ThreadPoolExecutor(8) as pool:
        fired = list(pool.map(lambda _: triggers.fire(url, call), range(8)))
    assert len({each.run_id for each in fired}) == 1
    assert sorted(each.is_duplicate for each in fired) == [False] + [True] * 7
