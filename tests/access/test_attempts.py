from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import attempts
from core.access.attempts import LONGEST_DELAY_S, MOST_FAILURES, WINDOW, Attempts
from tests.access.conftest import START

HERE, THERE = "192.0.2.1", "192.0.2.2"
ANN = "ann@example.org"


@pytest.fixture
def guessed() -> Attempts:
    """Ten wrong passwords for Ann from one address."""
    counted = Attempts()
    for _ in range(MOST_FAILURES):
        counted.failed(HERE, ANN, START)
    return counted


def test_ten_failures_refuse_the_address_until_the_window_has_passed(guessed: Attempts) -> None:
    assert guessed.refused_for(HERE, START) == WINDOW.total_seconds()
    assert guessed.refused_for(HERE, START + WINDOW) == 0


def test_nine_failures_do_not() -> None:
    counted = Attempts()
    for _ in range(MOST_FAILURES - 1):
        counted.failed(HERE, ANN, START)
    assert counted.refused_for(HERE, START) == 0


def test_another_address_is_never_refused_but_waits(guessed: Attempts) -> None:
    assert guessed.refused_for(THERE, START) == 0
    assert guessed.delay_s(ANN, START) == LONGEST_DELAY_S


def test_the_wait_doubles_from_the_third_failure_on() -> None:
    counted, waits = Attempts(), []
    for _ in range(6):
        waits.append(counted.delay_s(" Ann@Example.org", START))
        counted.failed(HERE, ANN, START)
    assert waits == [0, 0, 0, 0.25, 0.5, 1.0]


def test_a_success_ends_the_wait_of_the_account_and_not_the_refusal_of_the_address(guessed: Attempts) -> None:
    guessed.succeeded(ANN)
    assert guessed.delay_s(ANN, START) == 0
    assert guessed.refused_for(HERE, START) > 0


def test_what_has_only_begun_counts_already() -> None:
    counted = Attempts()
    waits = [counted.begin(HERE, ANN, START) for _ in range(MOST_FAILURES)]
    assert waits[:5] == [0, 0, 0, 0.25, 0.5]
    assert counted.refused_for(HERE, START) > 0


def test_what_succeeded_did_not_fail() -> None:
    counted = Attempts()
    for _ in range(MOST_FAILURES):
        counted.begin(HERE, ANN, START)
        counted.succeeded(ANN, HERE)
    assert (counted.refused_for(HERE, START), counted.delay_s(ANN, START)) == (0, 0)


def test_a_whole_network_of_ipv6_is_one_address() -> None:
    counted = Attempts()
    for number in range(MOST_FAILURES):
        counted.failed(f"2001:db8::{number}", ANN, START)
    assert counted.refused_for("2001:db8::ffff", START) > 0
    assert counted.refused_for("2001:db8:0:1::1", START) == 0


def test_memory_is_bounded_by_forgetting_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_KEPT", 20)
    counted = Attempts()
    for _ in range(MOST_FAILURES):
        counted.failed(HERE, ANN, START)
    for number in range(20):
        counted.failed(f"198.51.100.{number}", f"{number}@example.org", START + timedelta(seconds=1))
    assert counted.refused_for(HERE, START + timedelta(seconds=1)) == 0
