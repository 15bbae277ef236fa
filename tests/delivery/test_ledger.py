"""Runs and deliveries from state to state: born once, claimed under a fence, nothing lost, nothing forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from core.connectors.base import Receipt, SendError
from core.delivery.ledger import Ledger
from core.delivery.work import Made
from core.errors import Cancelled, DataError, NotFound
from core.model.access import Organisation
from core.store import Store
from tests.delivery.ledgers import NOW, Clock, ask, claim, make, only, outcomes, planned, state_of


def test_an_occurrence_gives_birth_to_one_run(ledger: Ledger) -> None:
    asked = {"subject_id": "e", "name": "M", "definition": {}, "trigger_kind": "schedule", "planned_at": NOW}
    first = ledger.ask(occurrence_key="t@1", **asked)
    again = ledger.ask(occurrence_key="t@1", **asked)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.run_id == again.run_id


def test_planners_that_race_give_birth_to_one_run(ledger: Ledger) -> None:
    ids: list[str] = []
    racers = [threading.Thread(target=lambda: ids.append(ask(ledger, "t@1"))) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(ledger.runs()) == 1


def test_a_run_asked_for_in_a_transaction_that_is_undone_was_never_asked_for(ledger: Ledger, store: Store) -> None:
    with store.write() as session:
        ask(ledger, session=session)
        session.rollback()
    assert ledger.runs() == []


def test_what_was_missed_is_written_down_and_never_made(ledger: Ledger) -> None:
    run_id = ask(ledger, state="ignored", reason="missed")
    assert ledger.claim_build() is None
    run = ledger.run(run_id).run
    assert (run.state, run.reason, run.finished_at) == ("ignored", "missed", NOW)


def test_a_run_is_not_made_before_its_time(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, next_at=NOW + timedelta(minutes=5))
    assert ledger.claim_build() is None
    clock.forward(minutes=5)
    assert ledger.claim_build() is not None


def test_a_claimed_run_is_claimed_by_nobody_else(ledger: Ledger) -> None:
    ask(ledger)
    assert ledger.claim_build() is not None
    assert ledger.claim_build() is None


def test_a_run_goes_from_planned_to_succeeded_and_tells_each_step(ledger: Ledger) -> None:
    run_id = make(ledger)
    assert state_of(ledger, run_id) == "planned"
    taken = claim(ledger)
    assert state_of(ledger, run_id) == "running"
    assert ledger.sent(taken, Receipt(status=200, response="ok"))
    detail = ledger.run(run_id)
    assert (detail.run.state, detail.run.finished_at, detail.run.versions) == ("succeeded", NOW, {"sales": 1})
    assert outcomes(ledger, run_id) == ["succeeded"]
    of_run = [event.state for event in detail.events if event.delivery_id is None]
    assert of_run == ["planned", "running", "planned", "running", "succeeded"]
    of_delivery = [event.state for event in detail.events if event.delivery_id is not None]
    assert of_delivery == ["planned", "running", "succeeded"]


def test_what_a_channel_took_over_is_shown_as_accepted(ledger: Ledger) -> None:
    run_id = make(ledger)
    ledger.sent(claim(ledger), Receipt(outcome="accepted", status=202))
    assert (only(ledger, run_id).state, only(ledger, run_id).reason) == ("succeeded", "accepted")
    assert outcomes(ledger, run_id) == ["accepted"]


def test_links_have_succeeded_as_soon_as_the_run_is_made(ledger: Ledger) -> None:
    run_id = make(ledger, planned(kind="link", state="succeeded"))
    assert ledger.claim_delivery() is None
    assert state_of(ledger, run_id) == "succeeded"


def test_a_try_that_failed_is_made_again_after_its_delay(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    ledger.send_failed(claim(ledger), SendError("503", status=503))
    assert state_of(ledger, run_id) == "retry"
    clock.forward(seconds=3)
    assert ledger.claim_delivery() is None
    clock.forward(seconds=4)
    ledger.sent(claim(ledger), Receipt())
    assert outcomes(ledger, run_id) == ["failed", "succeeded"]
    assert state_of(ledger, run_id) == "succeeded"


def test_it_is_the_same_delivery_at_every_try(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    first = claim(ledger)
    ledger.send_failed(first, SendError("503"))
    clock.forward(minutes=1)
    second = claim(ledger)
    assert second.delivery_id == first.delivery_id
    assert second.fence == first.fence + 1


def test_it_gives_up_when_the_tries_are_used_up(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    for wait_s in (6, 360, 2160, 0):
        ledger.send_failed(claim(ledger), SendError("500 from the receiver"))
        clock.forward(seconds=wait_s)
    assert ledger.claim_delivery() is None
    assert only(ledger, run_id).reason == "given up after 4 tries. 500 from the receiver"
    assert state_of(ledger, run_id) == "failed"


def test_no_try_begins_after_the_deadline(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    ledger.send_failed(claim(ledger), SendError("500"))
    clock.forward(hours=1)
    assert ledger.claim_delivery() is None
    assert ledger.reap(at_start=False) == 1
    assert state_of(ledger, run_id) == "failed"
    assert only(ledger, run_id).reason.startswith("given up: its time for tries is over")


def test_a_permanent_error_is_not_tried_again(ledger: Ledger) -> None:
    run_id = make(ledger)
    ledger.send_failed(claim(ledger), SendError("401: the token is wrong", permanent=True))
    assert state_of(ledger, run_id) == "failed"
    assert only(ledger, run_id).reason == "401: the token is wrong"


def test_a_finish_under_an_old_fence_changes_nothing_but_the_note(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    frozen = claim(ledger)
    clock.forward(seconds=121)
    assert ledger.reap(at_start=False) == 1
    newer = claim(ledger)
    assert not ledger.sent(frozen, Receipt(response="late"))
    assert state_of(ledger, run_id) == "running"
    ledger.sent(newer, Receipt())
    assert outcomes(ledger, run_id) == ["unknown", "succeeded"]
    ((late, _),) = ledger.run(run_id).attempts.values()
    assert "It ended later: succeeded. late" in late.note


def test_a_worker_that_was_overtaken_may_not_begin_to_send(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    frozen = claim(ledger)
    clock.forward(seconds=121)
    ledger.reap(at_start=False)
    with pytest.raises(Cancelled):
        ledger.begun(frozen)
    with pytest.raises(Cancelled):
        ledger.keep(frozen, {"step": 2})


def test_a_sending_of_several_steps_holds_its_claim_longer_by_each(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    taken = claim(ledger)
    clock.forward(seconds=100)
    ledger.keep(taken, {"step": 1})
    clock.forward(seconds=100)
    assert ledger.reap(at_start=False) == 0
    assert state_of(ledger, run_id) == "running"


def test_several_are_claimed_at_once_each_to_another_destination(ledger: Ledger) -> None:
    make(ledger, planned("a"), planned("b"))
    make(ledger, planned("a"), planned("c"), key="t@2")
    taken = ledger.claim_deliveries(4)
    assert sorted(one.destination_id for one in taken) == ["a", "b", "c"]
    assert ledger.claim_deliveries(4) == []


def test_a_lease_that_holds_is_not_reaped(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    claim(ledger)
    clock.forward(seconds=119)
    assert ledger.reap(at_start=False) == 0


def test_at_the_start_every_open_try_is_unknown_at_once_and_made_again(ledger: Ledger) -> None:
    run_id = make(ledger)
    claim(ledger)
    assert ledger.reap(at_start=True) == 1
    assert state_of(ledger, run_id) == "retry"
    ledger.sent(claim(ledger), Receipt())
    assert outcomes(ledger, run_id) == ["unknown", "succeeded"]


def test_a_delivery_that_costs_three_workers_is_given_up_and_others_go_on(ledger: Ledger, clock: Clock) -> None:
    poison = make(ledger, key="t@1")
    clock.forward(seconds=1)
    other = make(ledger, planned("other"), key="t@2")
    clock.now = NOW
    for _ in range(3):
        assert claim(ledger).run_id == poison
        ledger.reap(at_start=True)
    assert only(ledger, poison).reason == "worker lost 3 times"
    assert state_of(ledger, poison) == "failed"
    clock.forward(seconds=1)
    assert claim(ledger).run_id == other


def test_what_was_beside_a_delivery_that_costs_workers_does_not_fall_with_it(ledger: Ledger) -> None:
    run_id = make(ledger, planned("poison"), planned("good"))
    for _ in range(2):
        assert {claim(ledger).destination_id, claim(ledger).destination_id} == {"poison", "good"}
        ledger.reap(at_start=True)
    for _ in range(2):
        last = claim(ledger)
        ask(ledger, key=f"while {last.destination_id} is sent")
        assert ledger.claim_delivery() is None
        assert ledger.claim_build() is None
        if last.destination_id == "poison":
            ledger.reap(at_start=True)
        else:
            ledger.sent(last, Receipt())
    found = {row.destination_id: row.state for row in ledger.run(run_id).deliveries}
    assert found == {"poison": "failed", "good": "succeeded"}


def test_a_last_chance_waits_until_nothing_else_is_under_way(ledger: Ledger) -> None:
    make(ledger)
    for _ in range(2):
        claim(ledger)
        ledger.reap(at_start=True)
    ask(ledger, key="t@2")
    build = ledger.claim_build()
    assert build is not None
    assert ledger.claim_delivery() is None
    ledger.build_ignored(build, "no rows", "", Made())
    assert claim(ledger).destination_id == "d"


def test_a_last_chance_that_waits_too_long_lets_nothing_else_begin_before_it(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    for _ in range(2):
        claim(ledger)
        ledger.reap(at_start=True)
    for key in ("t@2", "t@3", "t@4"):
        ask(ledger, key=key)
    builds = [ledger.claim_build()]
    clock.forward(seconds=59)
    builds.append(ledger.claim_build())
    clock.forward(seconds=2)
    assert ledger.claim_build() is None
    assert ledger.claim_delivery() is None
    for build in builds:
        assert build is not None
        ledger.build_ignored(build, "no rows", "", Made())
    assert claim(ledger).destination_id == "d"


def test_a_making_that_costs_three_workers_is_given_up_and_what_was_beside_it_is_made(
    ledger: Ledger, clock: Clock
) -> None:
    poison = ask(ledger, key="t@1")
    clock.forward(seconds=1)
    good = ask(ledger, key="t@2")
    for _ in range(2):
        assert {ledger.claim_build().run_id, ledger.claim_build().run_id} == {poison, good}  # type: ignore[union-attr]
        ledger.reap(at_start=True)
    alone = ledger.claim_build()
    assert alone is not None
    assert alone.run_id == poison
    assert ledger.claim_build() is None
    ledger.reap(at_start=True)
    run = ledger.run(poison).run
    assert (run.state, run.reason) == ("failed", "worker lost 3 times while this was made")
    last = ledger.claim_build()
    assert last is not None
    assert last.run_id == good
    ledger.built(last, Made(deliveries=(planned(),)))
    assert claim(ledger).run_id == good


def test_a_worker_that_died_over_a_making_uses_up_no_try(ledger: Ledger) -> None:
    run_id = ask(ledger)
    ledger.claim_build()
    ledger.reap(at_start=True)
    assert (ledger.run(run_id).run.builds, ledger.run(run_id).run.losses) == (0, 1)


def test_lost_workers_use_up_no_tries(ledger: Ledger) -> None:
    run_id = make(ledger)
    claim(ledger)
    ledger.reap(at_start=True)
    assert only(ledger, run_id).tries == 0


def test_held_after_an_unknown_try_a_person_decides(ledger: Ledger) -> None:
    run_id = make(ledger, planned(destination={"on_unknown": "hold"}))
    ledger.begun(claim(ledger))
    ledger.reap(at_start=True)
    assert state_of(ledger, run_id) == "failed"
    assert only(ledger, run_id).reason.startswith("held")


def test_a_try_that_never_began_is_made_again_even_where_unknown_ones_are_held(ledger: Ledger) -> None:
    run_id = make(ledger, planned(destination={"on_unknown": "hold"}))
    claim(ledger)
    ledger.reap(at_start=True)
    assert state_of(ledger, run_id) == "retry"


@pytest.mark.parametrize(("policy", "state"), [("retry", "retry"), ("hold", "failed")])
def test_a_connection_reset_after_the_body_follows_the_policy(ledger: Ledger, policy: str, state: str) -> None:
    run_id = make(ledger, planned(destination={"on_unknown": policy}))
    ledger.send_failed(claim(ledger), SendError("The connection was cut.", is_unknown=True))
    assert state_of(ledger, run_id) == state
    assert outcomes(ledger, run_id) == ["unknown"]


def test_a_stop_gives_back_what_was_not_begun_without_counting_it(ledger: Ledger) -> None:
    run_id = make(ledger)
    assert ledger.release(claim(ledger))
    assert outcomes(ledger, run_id) == ["ignored"]
    assert claim(ledger).tries == 0


def test_a_stop_leaves_what_was_begun_to_the_reaper(ledger: Ledger) -> None:
    run_id = make(ledger)
    taken = claim(ledger)
    ledger.begun(taken)
    assert not ledger.release(taken)
    assert state_of(ledger, run_id) == "running"


def test_to_one_destination_deliveries_go_one_after_the_other(ledger: Ledger) -> None:
    make(ledger, planned("d"), key="t@1")
    make(ledger, planned("d"), key="t@2")
    first = claim(ledger)
    assert ledger.claim_delivery() is None
    ledger.sent(first, Receipt())
    assert claim(ledger).run_id != first.run_id


def test_several_destinations_are_served_at_once(ledger: Ledger) -> None:
    make(ledger, planned("a"), planned("b"))
    assert {claim(ledger).destination_id, claim(ledger).destination_id} == {"a", "b"}


def test_one_that_failed_makes_the_run_fail_when_all_have_ended(ledger: Ledger) -> None:
    run_id = make(ledger, planned("a"), planned("b"))
    ledger.send_failed(claim(ledger), SendError("no", permanent=True))
    assert state_of(ledger, run_id) == "planned"
    ledger.sent(claim(ledger), Receipt())
    assert state_of(ledger, run_id) == "failed"


def test_only_the_recipients_that_were_refused_for_now_are_served_again(ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger, planned(recipients=("a@x.org", "b@x.org", "c@x.org")))
    answers = {"a@x.org": ("succeeded", "250"), "b@x.org": ("failed", "550 unknown"), "c@x.org": ("retry", "451 later")}
    ledger.sent(claim(ledger), Receipt(recipients=answers))
    clock.forward(minutes=1)
    again = claim(ledger)
    assert again.recipients == ("c@x.org",)
    ledger.sent(again, Receipt(recipients={"c@x.org": ("succeeded", "250")}))
    delivery = only(ledger, run_id)
    assert (delivery.state, delivery.reason) == ("failed", "Refused: b@x.org (550 unknown)")
    assert [told["state"] for told in delivery.recipients.values()] == ["succeeded", "failed", "succeeded"]
    assert ledger.runs()[0].delivered == (2, 3)


def test_a_long_list_is_served_to_its_end_while_every_try_serves_somebody(ledger: Ledger, clock: Clock) -> None:
    addresses = tuple(f"{number}@x.org" for number in range(8))
    run_id = make(ledger, planned(recipients=addresses))
    for _ in addresses:
        taken = claim(ledger)
        first, *others = taken.recipients
        later = dict.fromkeys(others, ("retry", "not begun yet"))
        ledger.sent(taken, Receipt(recipients={first: ("succeeded", "250"), **later}))
        clock.forward(seconds=10)
    assert state_of(ledger, run_id) == "succeeded"


def test_recipients_that_nobody_names_were_served_by_a_success_and_not_by_an_error(
    ledger: Ledger, clock: Clock
) -> None:
    run_id = make(ledger, planned(recipients=("a@x.org", "b@x.org")))
    ledger.send_failed(claim(ledger), SendError("450", recipients={"a@x.org": ("succeeded", "250")}))
    clock.forward(minutes=1)
    again = claim(ledger)
    assert again.recipients == ("b@x.org",)
    ledger.sent(again, Receipt())
    assert only(ledger, run_id).recipients["b@x.org"]["state"] == "succeeded"
    assert state_of(ledger, run_id) == "succeeded"


def test_a_cursor_is_handed_to_the_next_try(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    taken = claim(ledger)
    ledger.keep(taken, {"file": "F1"})
    ledger.reap(at_start=True)
    assert claim(ledger).cursor == {"file": "F1"}


def test_nothing_is_claimed_while_a_person_holds_all_sending(ledger: Ledger, store: Store) -> None:
    make(ledger)
    with store.write() as session:
        row = session.get_one(Organisation, ledger.organisation_id)
        row.sending_held_at = NOW
        session.add(row)
    assert ledger.claim_delivery() is None


def test_a_carrier_may_ask_for_one_delivery(ledger: Ledger) -> None:
    run_id = make(ledger, planned("a"), planned("b"))
    wanted = next(row for row in ledger.run(run_id).deliveries if row.destination_id == "b")
    taken = ledger.claim_delivery(wanted.id)
    assert taken is not None
    assert taken.delivery_id == wanted.id
    assert ledger.claim_delivery(wanted.id) is None


def test_a_making_that_fails_is_tried_three_times(ledger: Ledger, clock: Clock) -> None:
    run_id = ask(ledger)
    for _ in range(3):
        build = ledger.claim_build()
        assert build is not None
        ledger.build_failed(build, OSError(28, "No space left on device"))
        clock.forward(minutes=10)
    assert ledger.claim_build() is None
    run = ledger.run(run_id).run
    assert run.state == "failed"
    assert "No space left on device" in run.reason


def test_a_making_whose_data_are_wrong_fails_at_once(ledger: Ledger) -> None:
    run_id = ask(ledger)
    build = ledger.claim_build()
    assert build is not None
    ledger.build_failed(build, DataError("Column 'x' is gone."))
    assert (state_of(ledger, run_id), ledger.run(run_id).run.reason) == ("failed", "Column 'x' is gone.")


def test_a_run_whose_condition_does_not_hold_is_ignored_with_what_was_found(ledger: Ledger) -> None:
    run_id = ask(ledger)
    build = ledger.claim_build()
    assert build is not None
    ledger.build_ignored(build, "condition not met", "Revenue moved by 1 %", Made(versions={"sales": 4}))
    run = ledger.run(run_id).run
    assert (run.state, run.reason, run.note) == ("ignored", "condition not met", "Revenue moved by 1 %")
    assert run.versions == {"sales": 4}
    assert ledger.claim_build() is None


def test_a_run_that_costs_three_makers_is_given_up(ledger: Ledger) -> None:
    run_id = ask(ledger)
    for _ in range(3):
        assert ledger.claim_build() is not None
        ledger.reap(at_start=True)
    assert state_of(ledger, run_id) == "failed"
    assert ledger.claim_build() is None


def test_a_maker_that_was_overtaken_keeps_nothing(ledger: Ledger) -> None:
    run_id = ask(ledger)
    first = ledger.claim_build()
    ledger.reap(at_start=True)
    second = ledger.claim_build()
    assert first is not None
    assert second is not None
    with pytest.raises(Cancelled):
        ledger.built(first, Made(deliveries=(planned(),)))
    assert ledger.run(run_id).deliveries == ()
    ledger.built(second, Made(deliveries=(planned(),)))
    assert len(ledger.run(run_id).deliveries) == 1


def test_a_run_of_another_organisation_is_unknown(ledger: Ledger, store: Store, clock: Clock) -> None:
    run_id = ask(ledger)
    with pytest.raises(NotFound):
        Ledger(store, "other", clock).run(run_id)
