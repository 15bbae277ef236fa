"""What follows a try: the arrows that leave "running", each in the transaction that writes the try's end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.connectors.base import MOST_SHOWN, NO_HOST, Receipt, RetryRule, SendError
from core.delivery import circuits
from core.delivery.recipients import ALL_LEFT
from core.delivery.retry import MOST_LOST, is_permanent, next_try, sentence
from core.errors import BridgecastError, HostRefused
from core.model.alerts import ALERTS_ID
from core.model.runs import Attempt, Circuit, Delivery, Run, State
from core.store.circuits import get_circuit, keep_circuit
from core.store.runs import get_attempt, move, settle, waiting_deliveries
from core.store.stopping import was_stopped, write_off

DISABLED = "destination disabled"
RETRIES_WITHOUT_HOST = 3
"""A name that nobody has is a wrong one, soon enough."""
OPEN_RECIPIENT = ("planned", "retry")
Recipients = dict[str, dict[str, str]]


def after_receipt(session: Session, row: Delivery, receipt: Receipt, rule: RetryRule, *, now: datetime) -> None:
    """The channel answered: arrived, or arrived for some of the recipients."""
    attempt = get_attempt(session, row.id, row.fence)
    recipients = _answered(row.recipients, receipt.recipients, others="succeeded")
    if recipients and len(_in_state(recipients, "ignored")) == len(recipients):
        _close(session, attempt, "ignored", receipt, now=now)
        _end(session, row, "ignored", recipients, ALL_LEFT, now=now)
        return
    again, refused = _in_state(recipients, "retry"), _in_state(recipients, "failed")
    _close(session, attempt, "failed" if again or refused else receipt.outcome, receipt, now=now)
    _circuit_counts(session, row, success=True, now=now)
    _mend_connection(session, row)
    if again:
        # As long as every try serves somebody, a long list comes to its end; only its time is counted.
        before = 0 if _has_served(row.recipients, recipients) else row.tries
        text = f"Not taken yet: {_named(recipients, again)}"
        _retry_or_fail(session, row, rule, recipients, text, before=before, now=now)
    elif refused:
        _end(session, row, "failed", recipients, f"Refused: {_named(recipients, refused)}", now=now)
    else:
        reason = "accepted" if receipt.outcome == "accepted" else ""
        _end(session, row, "succeeded", recipients, reason, now=now)


def after_error(session: Session, row: Delivery, error: BaseException, rule: RetryRule, *, now: datetime) -> None:
    """The try failed, or nobody knows whether it arrived."""
    attempt = get_attempt(session, row.id, row.fence)
    told = _as_send_error(error, has_begun=attempt.has_begun)
    text, recipients = sentence(error), _answered(row.recipients, told.recipients)
    _close(session, attempt, "unknown" if told.is_unknown else "failed", told, text=text, now=now)
    if told.pauses_connection and row.connection_id:
        _pause_connection(session, row, text, now=now)
        _wait(session, row, recipients, text, now=now)
        return
    _circuit_counts(session, row, success=False, error=told, text=text, now=now)
    if told.is_unknown and row.destination.get("on_unknown") == "hold":
        _end(session, row, "failed", recipients, f"held: nobody knows whether it arrived. {text}", now=now)
    elif told.error_class == NO_HOST and row.tries >= RETRIES_WITHOUT_HOST:
        tries = row.tries + 1
        _end(session, row, "failed", recipients, f"given up after {tries} tries. {text}", now=now, tries=tries)
    elif is_permanent(error) or told.disables:
        _end(session, row, "failed", recipients, text, now=now)
    else:
        pause_s = told.retry_after_s
        _retry_or_fail(session, row, rule, recipients, text, before=row.tries, retry_after_s=pause_s, now=now)


def after_loss(session: Session, row: Delivery, *, now: datetime) -> None:
    """The worker died, or its lease ran out: the try is unknown. The next one is immediate."""
    attempt = get_attempt(session, row.id, row.fence)
    attempt.outcome, attempt.finished_at, attempt.error_class = "unknown", now, "worker_lost"
    attempt.note = "The worker was lost" + (" while it was sending." if attempt.has_begun else " before it sent.")
    session.add(attempt)
    lost = row.unknowns + 1
    if lost >= MOST_LOST:
        _end(session, row, "failed", row.recipients, f"worker lost {MOST_LOST} times", now=now, unknowns=lost)
    elif attempt.has_begun and row.destination.get("on_unknown") == "hold":
        text = "held: the worker was lost while it was sending, nobody knows whether it arrived"
        _end(session, row, "failed", row.recipients, text, now=now, unknowns=lost)
    else:
        again = {"next_at": now, "lease_until": None, "unknowns": lost}
        _once_more(session, row, again, text="worker lost", now=now)


def after_stop(session: Session, row: Delivery, *, now: datetime) -> bool:
    """The sidecar stops: give the claim back, unless something may have been sent already."""
    attempt = get_attempt(session, row.id, row.fence)
    if attempt.has_begun:
        return False
    attempt.outcome, attempt.finished_at, attempt.note = "ignored", now, "Bridgecast stopped before anything was sent."
    session.add(attempt)
    _once_more(session, row, {"next_at": now, "lease_until": None}, text="stopped before sending", now=now)
    return True


def give_up(session: Session, row: Delivery, *, now: datetime) -> None:
    """Its time is over while it waits for another try."""
    text = "given up: its time for tries is over"
    _end(session, row, "failed", row.recipients, f"{text}. {row.reason}".strip(), now=now)


def ignore_waiting(session: Session, destination_id: str, *, now: datetime) -> None:
    """What still waits for a destination that was switched off is written off, visibly."""
    write_off(session, waiting_deliveries(session, destination_id), DISABLED, now=now)


def _close(
    session: Session,
    attempt: Attempt,
    outcome: str,
    told: Receipt | SendError,
    *,
    text: str = "",
    now: datetime,
) -> None:
    attempt.outcome, attempt.finished_at = outcome, now
    attempt.status, attempt.request, attempt.response = told.status, told.request, told.response
    if isinstance(told, SendError):
        attempt.error_class, attempt.note = told.error_class, text
    session.add(attempt)
    session.flush()


def _retry_or_fail(
    session: Session,
    row: Delivery,
    rule: RetryRule,
    recipients: Recipients,
    text: str,
    *,
    before: int,
    retry_after_s: float | None = None,
    now: datetime,
) -> None:
    failures, key = before + 1, f"{row.id}:{row.fence}"
    at = next_try(rule, failures, now=now, deadline_at=row.deadline_at, key=key, retry_after_s=retry_after_s)
    if at is None:
        _end(session, row, "failed", recipients, f"given up after {failures} tries. {text}", now=now, tries=failures)
    else:
        _again(session, row, recipients, text, {"tries": failures, "next_at": at}, now=now)


def _wait(session: Session, row: Delivery, recipients: Recipients, text: str, *, now: datetime) -> None:
    """Stay, without a try being counted: the connection's own pause holds it."""
    _again(session, row, recipients, text, {"next_at": now}, now=now)


def _again(
    session: Session, row: Delivery, recipients: Recipients, text: str, times: Mapping[str, Any], *, now: datetime
) -> None:
    changes = {"recipients": recipients, "unknowns": 0, "lease_until": None, **times}
    changes |= {} if was_stopped(row) else {"reason": text}
    _once_more(session, row, changes, text=text, now=now)


def _once_more(session: Session, row: Delivery, changes: Mapping[str, Any], *, text: str, now: datetime) -> None:
    """It waits for another try, unless its export was switched off or deleted meanwhile."""
    move(session, row, "retry", changes, at=now, text=text)
    session.refresh(row)
    if was_stopped(row):
        write_off(session, [row], row.reason, now=now)
    else:
        settle(session, row.run_id, at=now)


def _end(
    session: Session,
    row: Delivery,
    state: State,
    recipients: Recipients,
    reason: str,
    *,
    now: datetime,
    **changes: Any,
) -> None:
    if state == "failed":
        recipients = {
            address: {**told, "state": "failed"} if told["state"] in OPEN_RECIPIENT else told
            for address, told in recipients.items()
        }
    ended = {"reason": reason, "recipients": recipients, "next_at": None, "lease_until": None, "finished_at": now}
    move(session, row, state, {**ended, "unknowns": 0, **changes}, at=now, text=reason)
    settle(session, row.run_id, at=now)


def _circuit_counts(
    session: Session,
    row: Delivery,
    *,
    success: bool,
    error: SendError | None = None,
    text: str = "",
    now: datetime,
) -> None:
    circuit = _circuit(session, row, row.destination_id)
    was_on = circuit.disabled_at is None
    if success:
        circuits.count_success(circuit, now=now)
    elif error is not None:
        circuits.count_failure(circuit, row.id, now=now, error_class=error.error_class)
        if error.retry_after_s is not None:
            circuits.wait_as_asked(circuit, error.retry_after_s, now=now)
        if error.disables:
            circuits.switch_off(circuit, text, now=now)
    if circuit.export_id == ALERTS_ID:
        circuits.stay_on(circuit)
    keep_circuit(session, circuit)
    if was_on and circuit.disabled_at is not None:
        ignore_waiting(session, row.destination_id, now=now)


def _pause_connection(session: Session, row: Delivery, text: str, *, now: datetime) -> None:
    circuit = _circuit(session, row, str(row.connection_id))
    circuits.pause(circuit, text, now=now)
    keep_circuit(session, circuit)


def _mend_connection(session: Session, row: Delivery) -> None:
    """Something arrived by it: whatever was wrong with its account is mended."""
    circuit = session.get(Circuit, row.connection_id) if row.connection_id else None
    if circuit is not None and circuit.disabled_at is not None:
        circuits.switch_on(circuit)
        keep_circuit(session, circuit)


def _circuit(session: Session, row: Delivery, circuit_id: str) -> Circuit:
    if (known := session.get(Circuit, circuit_id)) is not None:
        return known
    run = session.get_one(Run, row.run_id)
    export_id = run.subject_id if circuit_id == row.destination_id else ""
    return get_circuit(session, circuit_id, organisation_id=run.organisation_id, export_id=export_id)


def _as_send_error(error: BaseException, *, has_begun: bool) -> SendError:
    """What is known of an error, as a channel tells it. What nobody expected may have come after the last byte."""
    if isinstance(error, SendError):
        return error
    if not isinstance(error, BridgecastError):
        return SendError(sentence(error), is_unknown=has_begun, error_class=type(error).__name__)
    error_class = "refused" if isinstance(error, HostRefused) else type(error).__name__
    return SendError(sentence(error), permanent=is_permanent(error), error_class=error_class)


def _answered(
    known: Recipients, answers: Mapping[str, tuple[str, str]], others: str | None = None
) -> dict[str, dict[str, str]]:
    """The recipients after a try. others: state of those that were to be served and are not named in the answer."""
    found = {address: dict(told) for address, told in known.items()}
    for address, told in found.items():
        if address in answers:
            told["state"], told["answer"] = answers[address][0], answers[address][1][:MOST_SHOWN]
        elif others is not None and told["state"] in OPEN_RECIPIENT:
            told["state"] = others
    return found


def _has_served(before: Recipients, after: Recipients) -> bool:
    return any(
        told["state"] in OPEN_RECIPIENT and after[address]["state"] == "succeeded" for address, told in before.items()
    )


def _in_state(recipients: Recipients, state: str) -> list[str]:
    return [address for address, told in recipients.items() if told["state"] == state]


def _named(recipients: Recipients, addresses: list[str]) -> str:
    return "; ".join(f"{address} ({recipients[address].get('answer', '')})" for address in addresses)[:MOST_SHOWN]
