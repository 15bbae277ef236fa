"""When a destination is left alone for a while, and when it is switched off. Pure: changes the row it is given."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.delivery.retry import asked_wait
from core.model.runs import Circuit

OPENS_AFTER, OF_DELIVERIES = 5, 2
FIRST_OPEN_S, LONGEST_OPEN_S = 300, 3600
FAILING_FOR, FAILED_DELIVERIES = timedelta(days=5), 3
REFUSALS = frozenset({"refused", "tls"})
"""Classes of errors that say: this address is not to be called. Three deliveries of them switch it off."""


def count_failure(row: Circuit, delivery_id: str, *, now: datetime, error_class: str = "error") -> None:
    """A try failed. Opens after five in a row of two deliveries, for 5 min, twice as long each time up to 1 h."""
    row.failures += 1
    if row.last_failed_delivery != delivery_id:
        row.last_failed_delivery, row.failed_deliveries = delivery_id, row.failed_deliveries + 1
    row.failing_since = row.failing_since or now
    row.refused_deliveries = row.refused_deliveries + 1 if error_class in REFUSALS else 0
    if row.failures >= OPENS_AFTER and row.failed_deliveries >= OF_DELIVERIES:
        row.open_s = min(max(FIRST_OPEN_S, 2 * row.open_s), LONGEST_OPEN_S)
        _open_until(row, now + timedelta(seconds=row.open_s))
    if row.failed_deliveries >= FAILED_DELIVERIES and now - row.failing_since >= FAILING_FOR:
        switch_off(row, f"nothing arrived there for {FAILING_FOR.days} days", now=now)
    elif row.refused_deliveries >= FAILED_DELIVERIES:
        switch_off(row, f"{FAILED_DELIVERIES} deliveries were refused ({error_class})", now=now)


def count_success(row: Circuit, *, now: datetime) -> None:
    """A try arrived: all that was counted is forgotten."""
    _forget_failures(row)
    row.open_until, row.open_s, row.last_success_at = None, 0, now


def wait_as_asked(row: Circuit, retry_after_s: float, *, now: datetime) -> None:
    """The receiver asked for a pause; it holds for all that goes there."""
    _open_until(row, now + timedelta(seconds=asked_wait(retry_after_s)))


def switch_off(row: Circuit, reason: str, *, now: datetime) -> None:
    """Nothing is sent there any more until a person switches it on. The first reason stays."""
    if row.disabled_at is None:
        row.disabled_at, row.disabled_reason = now, reason


def pause(row: Circuit, reason: str, *, now: datetime) -> None:
    """The account of a connection was refused: nothing more goes by it until somebody mends it. The newest counts."""
    row.disabled_at, row.disabled_reason = now, reason


def stay_on(row: Circuit) -> None:
    """Try on: of whom alerts go to nobody would switch on again, and what does not arrive is a card in the inbox."""
    row.disabled_at, row.disabled_reason = None, ""


def switch_on(row: Circuit) -> None:
    """Send there again, as if nothing had happened."""
    row.disabled_at, row.disabled_reason = None, ""
    _forget_failures(row)
    row.open_until, row.open_s = None, 0


def _forget_failures(row: Circuit) -> None:
    row.failures, row.failed_deliveries, row.refused_deliveries = 0, 0, 0
    row.last_failed_delivery, row.failing_since = "", None


def _open_until(row: Circuit, until: datetime) -> None:
    row.open_until = until if row.open_until is None else max(row.open_until, until)
