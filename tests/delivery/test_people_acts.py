"""What people do with runs: retry, replay, put away, bring back, start now; and how they find them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.connectors.base import Receipt, SendError
from core.delivery.ledger import Ledger
from core.errors import Conflict, DataError, Gone
from core.model.runs import Run
from core.store import Store
from core.store.run_lists import RunFilter
from tests.delivery.ledgers import NOW, Clock, ask, claim, make, only, planned, state_of


def failed(ledger: Ledger, key: str = "t@1", *deliveries: object) -> str:
    run_id = make(ledger, *deliveries, key=key)  # type: ignore[arg-type]
    ledger.send_failed(claim(ledger), SendError("no", permanent=True))
    return run_id


def succeeded(ledger: Ledger, key: str = "t@1") -> str:
    run_id = make(ledger, key=key)
    ledger.sent(claim(ledger), Receipt())
    return run_id


def running(ledger: Ledger, key: str = "t@1") -> str:
    run_id = make(ledger, key=key)
    claim(ledger)
    return run_id


def retrying(ledger: Ledger, key: str = "t@1") -> str:
    run_id = make(ledger, key=key)
    ledger.send_failed(claim(ledger), SendError("later"))
    return run_id


def ignored(ledger: Ledger, key: str = "t@1") -> str:
    return ask(ledger, key, state="ignored", reason="missed")


Arrange = Callable[[Ledger], str]
Act = Callable[[Ledger, str], object]


def retry(ledger: Ledger, run_id: str) -> None:
    ledger.retry(run_id, by=None)


def replay(ledger: Ledger, run_id: str) -> None:
    ledger.replay(run_id, data="fresh", only="all", by=None)


def put_away(ledger: Ledger, run_id: str) -> None:
    ledger.ignore(run_id, "seen", by=None)


def start_now(ledger: Ledger, run_id: str) -> None:
    ledger.start_now(run_id, by=None)


@pytest.mark.parametrize(
    ("arrange", "act", "state"),
    [
        (ask, retry, None),
        (running, retry, None),
        (retrying, retry, None),
        (succeeded, retry, None),
        (failed, retry, "retry"),
        (ignored, retry, None),
        (ask, replay, "planned"),
        (running, replay, None),
        (retrying, replay, None),
        (succeeded, replay, "succeeded"),
        (failed, replay, "failed"),
        (ignored, replay, "ignored"),
        (ask, put_away, None),
        (running, put_away, None),
        (retrying, put_away, None),
        (succeeded, put_away, "succeeded"),
        (failed, put_away, "ignored"),
        (ignored, put_away, "ignored"),
        (ask, start_now, "planned"),
        (running, start_now, None),
        (retrying, start_now, "retry"),
        (succeeded, start_now, None),
        (failed, start_now, None),
        (ignored, start_now, None),
    ],
)
def test_each_act_is_for_certain_states_alone(ledger: Ledger, arrange: Arrange, act: Act, state: str | None) -> None:
    run_id = arrange(ledger)
    before = state_of(ledger, run_id)
    if state is None:
        with pytest.raises(Conflict):
            act(ledger, run_id)
        assert state_of(ledger, run_id) == before
    else:
        act(ledger, run_id)
        assert state_of(ledger, run_id) == state


def test_a_retry_is_the_same_delivery_for_those_that_failed_alone(ledger: Ledger) -> None:
    run_id = make(ledger, planned(recipients=("a@x.org", "b@x.org")))
    first = claim(ledger)
    refused = {"a@x.org": ("succeeded", ""), "b@x.org": ("failed", "550")}
    ledger.sent(first, Receipt(recipients=refused))  # type: ignore[arg-type]
    ledger.retry(run_id, by="olga")
    again = claim(ledger)
    assert (again.delivery_id, again.recipients, again.tries) == (first.delivery_id, ("b@x.org",), 0)
    assert "olga" in {event.person for event in ledger.run(run_id).events}


def test_a_retry_leaves_what_arrived_alone(ledger: Ledger) -> None:
    run_id = make(ledger, planned("a"), planned("b"))
    arrived = claim(ledger)
    ledger.sent(arrived, Receipt())
    ledger.send_failed(claim(ledger), SendError("no", permanent=True))
    ledger.retry(run_id, by=None)
    assert claim(ledger).destination_id != arrived.destination_id
    assert ledger.claim_delivery() is None


def test_a_run_that_could_not_be_made_is_made_again(ledger: Ledger) -> None:
    run_id = ask(ledger)
    for _ in range(3):
        ledger.claim_build()
        ledger.reap(at_start=True)
    ledger.retry(run_id, by=None)
    build = ledger.claim_build()
    assert build is not None
    assert build.builds == 1


def test_a_retry_to_a_destination_that_is_switched_off_says_so(ledger: Ledger) -> None:
    run_id = make(ledger)
    ledger.send_failed(claim(ledger), SendError("410", permanent=True, disables=True))
    with pytest.raises(Conflict, match="switched off"):
        ledger.retry(run_id, by=None)


def prune(store: Store, run_id: str) -> None:
    with store.write() as session:
        row = session.get_one(Run, run_id)
        row.pruned_at = NOW
        session.add(row)


def test_what_was_removed_is_not_sent_again(ledger: Ledger, store: Store) -> None:
    run_id = failed(ledger)
    prune(store, run_id)
    for act in (retry, lambda ledger, run_id: ledger.replay(run_id, data="same", only="all", by=None)):
        with pytest.raises(Gone, match="2026-03-02"):
            act(ledger, run_id)
    assert ledger.replay(run_id, data="fresh", only="all", by=None) != run_id


def test_a_replay_is_a_new_run_that_names_its_parent(ledger: Ledger) -> None:
    first = failed(ledger)
    again = ledger.run(ledger.replay(first, data="same", only="failed", by="olga")).run
    assert (again.parent_id, again.replays, again.trigger_kind) == (first, "same:failed", "replay")
    assert (again.requested_by, again.definition, again.state) == ("olga", {"revision": 1}, "planned")


def test_every_replay_is_a_run_of_its_own(ledger: Ledger) -> None:
    first = succeeded(ledger)
    ids = {ledger.replay(first, data="fresh", only="all", by=None) for _ in range(2)}
    assert len(ids) == 2


def test_a_run_that_was_put_away_is_replayed_to_whom_it_failed(ledger: Ledger) -> None:
    run_id = failed(ledger)
    put_away(ledger, run_id)
    assert [ledger.run(each).whom for each in (run_id, succeeded(ledger, "t@2"))] == ["failed", "all"]


def test_a_replay_to_those_that_failed_is_refused_where_nobody_did(ledger: Ledger) -> None:
    with pytest.raises(Conflict, match="Everybody has it already"):
        ledger.replay(succeeded(ledger), data="fresh", only="failed", by=None)


def test_nothing_is_replayed_byte_for_byte_that_was_never_made(ledger: Ledger) -> None:
    with pytest.raises(Conflict, match="never made"):
        ledger.replay(ignored(ledger), data="same", only="all", by=None)


def test_a_planned_run_that_is_replayed_or_started_begins_at_once_and_stays_one(ledger: Ledger) -> None:
    run_id = ask(ledger, next_at=NOW + timedelta(days=1))
    assert ledger.replay(run_id, data="fresh", only="all", by=None) == run_id
    build = ledger.claim_build()
    assert build is not None
    assert build.run_id == run_id


def test_a_delivery_that_waits_for_its_next_try_is_started_by_hand(ledger: Ledger) -> None:
    run_id = retrying(ledger)
    assert ledger.claim_delivery() is None
    ledger.start_now(run_id, by=None)
    assert ledger.claim_delivery() is not None


@pytest.mark.parametrize("arrange", [failed, succeeded, ignored])
def test_what_is_put_away_leaves_the_list_and_comes_back_as_it_was(ledger: Ledger, arrange: Arrange) -> None:
    run_id = arrange(ledger)
    before = ledger.run(run_id).run
    ledger.ignore(run_id, "a holiday in Bavaria", by="olga")
    assert ledger.runs() == []
    (hidden,) = ledger.runs(RunFilter(only_hidden=True))
    assert hidden.run.note == "a holiday in Bavaria"
    ledger.restore(run_id, by="olga")
    after = ledger.run(run_id).run
    assert (after.state, after.reason, after.is_hidden) == (before.state, before.reason, False)


def test_brought_back_it_says_again_why_it_failed(ledger: Ledger) -> None:
    run_id = ask(ledger)
    build = ledger.claim_build()
    assert build is not None
    ledger.build_failed(build, DataError("'sales' has no column 'visits'."))
    ledger.ignore(run_id, "a holiday in Bavaria", by="olga")
    ledger.restore(run_id, by="olga")
    run = ledger.run(run_id).run
    assert (run.state, run.reason) == ("failed", "'sales' has no column 'visits'.")


def test_runs_come_newest_first_and_page_by_page(ledger: Ledger, clock: Clock) -> None:
    ids = []
    for number in range(5):
        ids.append(ask(ledger, f"t@{number}"))
        clock.forward(minutes=number % 2)
    first = ledger.runs(limit=3)
    rest = ledger.runs(limit=3, before=(first[-1].run.created_at, first[-1].run.id))
    found = [row.run for row in (*first, *rest)]
    assert {run.id for run in found} == set(ids)
    assert found == sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)


def test_runs_are_found_by_state_export_destination_time_and_text(ledger: Ledger, clock: Clock) -> None:
    mail = planned("m", kind="email", name="Board by mail", recipients=("Ida@x.org",))
    first = make(ledger, mail, key="t@1", name="Revenue", subject_id="e1")
    ledger.sent(claim(ledger), Receipt())
    clock.forward(days=1)
    second = ask(ledger, "t@2", name="Costs", subject_id="e2")

    def found(asked: RunFilter) -> list[str]:
        return [row.run.id for row in ledger.runs(asked)]

    assert found(RunFilter()) == [second, first]
    assert found(RunFilter(states=("succeeded", "failed"))) == [first]
    assert found(RunFilter(subjects=("e2", "e3"))) == [second]
    assert found(RunFilter(subjects=())) == []
    assert found(RunFilter(destinations=("email",))) == found(RunFilter(destinations=("m",))) == [first]
    assert found(RunFilter(since=NOW + timedelta(days=1))) == [second]
    assert found(RunFilter(until=NOW + timedelta(days=1))) == [first]
    for text in ("reven", "board", "ida@X", " Ida@x.org "):
        assert found(RunFilter(text=text)) == [first]
    assert found(RunFilter(text="%")) == []


def test_a_run_that_failed_after_being_put_away_is_the_one_that_was_put_away(ledger: Ledger) -> None:
    run_id = failed(ledger)
    ledger.ignore(run_id, "known", by=None)
    assert only(ledger, run_id).state == "failed"
    assert ledger.run(run_id).run.reason == "by hand"
