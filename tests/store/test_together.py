"""Writes of several threads in one transaction: each hears of what it did itself."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from sqlalchemy import text
from sqlmodel import Session

from core.errors import NotFound
from core.store import Store
from core.store.together import Together
from tests.polling import wait_for

MOST_S = 30


def put(session: Session, number: int) -> int:
    session.connection().execute(text("INSERT INTO number VALUES (:number)"), {"number": number})
    return number


@pytest.fixture
def together(store: Store) -> Together:
    with store.write() as session:
        session.connection().execute(text("CREATE TABLE number (value INTEGER UNIQUE)"))
    return Together(store)


def kept(store: Store) -> list[int]:
    with store.read() as session:
        return [row[0] for row in session.connection().execute(text("SELECT value FROM number ORDER BY value"))]


def at_once(together: Together, acts: list[object]) -> list[Future[int]]:
    """Let them come while another one is being kept, so that all of them go together."""
    holds, go_on = threading.Event(), threading.Event()

    def first(session: Session) -> int:
        holds.set()
        go_on.wait(MOST_S)
        return put(session, 0)

    with ThreadPoolExecutor(len(acts) + 1) as pool:
        leader = pool.submit(together.write, first)
        assert holds.wait(MOST_S)
        others = [pool.submit(together.write, act) for act in acts]  # type: ignore[arg-type]
        wait_for(lambda: len(together._waiting) == len(acts), what="threads that wait")
        go_on.set()
        wait([leader, *others], MOST_S)
    return others


def test_what_comes_together_is_all_kept_and_each_gets_its_own_answer(together: Together, store: Store) -> None:
    done = at_once(together, [lambda session, n=n: put(session, n) for n in range(1, 6)])
    assert [future.result() for future in done] == [1, 2, 3, 4, 5]
    assert kept(store) == [0, 1, 2, 3, 4, 5]


def test_one_that_refuses_is_told_alone(together: Together, store: Store) -> None:
    def refuses(session: Session) -> int:
        raise NotFound("there is none")

    good, bad, last = at_once(together, [lambda s: put(s, 1), refuses, lambda s: put(s, 2)])
    assert isinstance(bad.exception(), NotFound)
    assert (good.result(), last.result()) == (1, 2)
    assert kept(store) == [0, 1, 2]


def test_one_that_breaks_takes_no_other_along(together: Together, store: Store) -> None:
    def breaks(session: Session) -> int:
        put(session, 9)
        raise KeyError("nobody expected this")

    good, bad, last = at_once(together, [lambda s: put(s, 1), breaks, lambda s: put(s, 2)])
    assert isinstance(bad.exception(), KeyError)
    assert (good.result(), last.result()) == (1, 2)
    assert kept(store) == [0, 1, 2]
