"""Long work on a page: shown, cancelled, taken, begun anew when what it depends on changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ui import progress

PAGE = Path(__file__).parent / "slow_page.py"
DEADLINE_S = 60


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Lets the page's work go on to its end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def page(gate: threading.Event) -> AppTest:
    test = AppTest.from_file(str(PAGE), default_timeout=2 * DEADLINE_S)
    test.session_state["gate"], test.session_state["question"] = gate, "one"
    return test


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work whose gate is open counts as quick, however busy the machine is."""
    monkeypatch.setattr(progress, "PATIENCE_S", float(DEADLINE_S))


def texts(page: AppTest) -> list[str]:
    return [shown.value for kind in (page.markdown, page.info, page.error) for shown in kind]


def ended(page: AppTest) -> None:
    """Wait for the work to end, however busy the machine is."""
    page.session_state["job"].future.exception(timeout=DEADLINE_S)


def test_quick_work_is_shown_at_once(page: AppTest, gate: threading.Event, patience: None) -> None:
    gate.set()
    assert texts(page.run()) == ["answer to one", "below"]


def test_slow_work_offers_cancel_and_hides_what_needs_its_result(page: AppTest) -> None:
    page.run()
    assert [button.label for button in page.button] == ["Cancel"]
    assert texts(page) == []


def test_slow_work_is_shown_when_it_is_done(page: AppTest, gate: threading.Event) -> None:
    page.run()
    gate.set()
    ended(page)
    assert texts(page.run()) == ["answer to one", "below"]


def test_what_was_cancelled_stays_so_until_it_is_asked_for_again(
    page: AppTest, gate: threading.Event, request: pytest.FixtureRequest
) -> None:
    page.run()
    page.button(key="job_cancel").click().run()
    ended(page)
    assert texts(page.run()) == ["Cancelled."]
    gate.set()
    request.getfixturevalue("patience")
    page.button(key="job_again").click().run()
    assert texts(page) == ["answer to one", "below"]


def test_another_question_ends_the_work_on_the_former_one(page: AppTest, gate: threading.Event) -> None:
    page.run()
    former = page.session_state["job"]
    page.session_state["question"] = "two"
    page.run()
    assert former.cancel.is_set()
    gate.set()
    ended(page)
    assert texts(page.run()) == ["answer to two", "below"]


def test_a_bug_in_the_work_is_one_calm_sentence_with_an_id(
    page: AppTest, gate: threading.Event, patience: None
) -> None:
    gate.set()
    page.session_state["question"] = "broken"
    shown = texts(page.run())
    assert shown[0] == "below"
    assert shown[1].startswith("Something unexpected happened, and nothing was changed.")
    assert "a bug" not in shown[1]
