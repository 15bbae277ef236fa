"""Names that lead nowhere or cannot be looked up: by the real door to the outside, with a resolver of our own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.access.egress import Egress
from core.delivery.sender import Sender
from core.errors import DeliveryError
from core.model.runs import Delivery
from core.settings import Settings
from tests.faults.conftest import Works

NAME = "hook.test"
Found = list[tuple[Any, ...]]


def sender(works: Works, resolve: Callable[..., Found]) -> Sender:
    """The sender of the installation, whose names are looked up so."""
    egress = Egress(Settings(demo=False, egress_allow=NAME), resolve=resolve)
    return replace(works.app.sender, connections=replace(works.app.connections, outside=egress))


def made(works: Works) -> str:
    """A run to a host by name, made and ready to be sent; its id."""
    run_id = works.ask(works.export(f"http://{NAME}:{works.receiver.port}/a"))
    build = works.app.ledger.claim_build()
    assert build is not None
    works.app.ledger.built(build, works.app.maker.make(build))
    return run_id


def tried(works: Works, by: Sender, run_id: str, most: int) -> Delivery:
    """The delivery after so many tries at most, each of them made at once."""
    for _ in range(most):
        claim = works.app.ledger.claim_delivery()
        assert claim is not None
        try:
            works.app.ledger.sent(claim, by.send(claim))
        except DeliveryError as error:
            works.app.ledger.send_failed(claim, error)
        (delivery,) = works.sent(run_id)
        if delivery.state != "retry":
            break
        works.app.ledger.start_now(run_id, by=None)
    return delivery


def fails(number: int) -> Callable[..., Found]:
    def resolve(*_asked: object, **_more: object) -> Found:
        raise socket.gaierror(number, "as the test says")

    return resolve


@pytest.mark.parametrize(
    ("number", "state", "tries", "words"),
    [
        (socket.EAI_NONAME, "failed", 4, f"There is no host '{NAME}'"),
        (socket.EAI_AGAIN, "retry", 4, "cannot be looked up now"),
    ],
    ids=["nobody has the name", "the name server fails"],
)
def test_a_name_that_nobody_has_is_given_up_after_three_more_tries_and_a_name_server_that_fails_is_not(
    works: Works, number: int, state: str, tries: int, words: str
) -> None:
    run_id = made(works)
    delivery = tried(works, sender(works, fails(number)), run_id, 4)
    assert (delivery.state, delivery.tries) == (state, tries)
    assert words in delivery.reason
    assert works.receiver.came == []
