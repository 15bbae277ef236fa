"""When a try that failed is made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.connectors import CONNECTORS
from core.connectors.base import RetryRule, SendError
from core.delivery.retry import JITTER, is_permanent, lease, next_try, sentence, spread
from core.errors import DataError, DeliveryError, HostRefused, NotFound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULE = RetryRule(delays_s=(5.0, 300.0, 1800.0), deadline_s=3600.0, total_s=15.0)


def wait(failures: int, *, key: str = "k", retry_after_s: float | None = None) -> float | None:
    at = next_try(RULE, failures, now=NOW, deadline_at=None, key=key, retry_after_s=retry_after_s)
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(("failures", "delay_s"), [(1, 5), (2, 300), (3, 1800)])
def test_each_delay_is_spread_by_a_fifth(failures: int, delay_s: float) -> None:
    waits = [wait(failures, key=f"delivery:{number}") or 0 for number in range(200)]
    assert 0.8 * delay_s <= min(waits) < 0.85 * delay_s
    assert 1.15 * delay_s < max(waits) <= 1.2 * delay_s


def test_the_spread_is_alike_for_one_key() -> None:
    assert spread(60, "a:1") == spread(60, "a:1") != spread(60, "a:2")


def test_after_the_last_delay_there_is_no_other_try() -> None:
    assert wait(4) is None


def test_there_is_no_try_after_the_deadline() -> None:
    assert next_try(RULE, 2, now=NOW, deadline_at=NOW + timedelta(seconds=200), key="k") is None


@pytest.mark.parametrize(("asked_s", "wait_s"), [(120, 120), (0, 1), (-5, 1), (10 * 365 * 86400, 6 * 3600)])
def test_what_a_receiver_asked_for_is_kept_within_bounds(asked_s: float, wait_s: float) -> None:
    assert wait(1, retry_after_s=asked_s) == wait_s


@pytest.mark.parametrize("kind", CONNECTORS)
def test_every_try_of_a_channel_comes_before_its_deadline(kind: str) -> None:
    rule = CONNECTORS[kind].retry
    longest_s = sum(rule.delays_s) * (1 + JITTER) + rule.most_tries * rule.total_s
    assert longest_s < rule.deadline_s


@pytest.mark.parametrize("failures", [2, 3])
def test_after_the_first_failure_a_receiver_may_ask_for_longer_waits_alone(failures: int) -> None:
    assert wait(failures, retry_after_s=0) == wait(failures)
    assert wait(failures, retry_after_s=3600) == 3600


def test_a_lease_is_longer_than_twice_a_try() -> None:
    assert lease(RULE) == timedelta(seconds=120)
    assert lease(RetryRule((1.0,), 60.0, total_s=600.0)) == timedelta(seconds=1230)


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (SendError("503"), False),
        (SendError("410", permanent=True), True),
        (HostRefused("no"), True),
        (DeliveryError("later"), False),
        (DataError("column gone"), True),
        (NotFound("analysis gone"), True),
        (OSError(28, "No space left on device"), False),
        (KeyError("x"), False),
    ],
)
def test_what_cannot_help_is_not_tried_again(error: Exception, permanent: bool) -> None:
    assert is_permanent(error) is permanent


def test_what_was_not_expected_is_told_without_its_text() -> None:
    assert sentence(KeyError("https://hooks.example.org/secret")) == (
        "Something unexpected happened (KeyError). The log of the sidecar tells more."
    )
