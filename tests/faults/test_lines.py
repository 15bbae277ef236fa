"""Lines that go wrong in the middle of a call, each with a real sidecar and bare sockets: the whole call has one
deadline, an answer is read to a limit, and what may have arrived is called unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.model.delivery import ExportSpec
from core.model.runs import Attempt, Delivery
from tests.faults.conftest import Works
from tests.faults.raw_receiver import RawReceiver, raw_receiver
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)

WHOLE = timedelta(seconds=15)
READ_AT_MOST = 20_000_000
"""Generous: what lies in the buffers of the system is taken too."""


@pytest.fixture
def raw() -> Iterator[RawReceiver]:
    with raw_receiver() as running:
        yield running


def export(works: Works, raw: RawReceiver, *paths: str) -> str:
    """An export to these paths; what is sent to "/held" is not sent again when nobody knows whether it arrived."""
    owner = works.app.owner.id
    made = {path: works.app.connections.create("webhook", path, {"url": raw.url(path)}, {}, by=owner) for path in paths}
    destinations = [
        {"kind": "webhook", "connection": one.id, "on_unknown": "hold" if path == "/held" else "retry"}
        for path, one in made.items()
    ]
    spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, "destinations": destinations}
    return works.app.exports.create(ExportSpec.model_validate(spec | {"triggers": [{"kind": "url"}]}), by=owner).id


def first_tries(works: Works, run_id: str) -> dict[str, tuple[Delivery, Attempt]]:
    """The deliveries whose first try has ended, with it."""
    detail = works.app.ledger.run(run_id)
    ended = ((row, next(iter(detail.attempts[row.id]), None)) for row in detail.deliveries if row.kind == "webhook")
    return {row.name: (row, attempt) for row, attempt in ended if attempt is not None and attempt.outcome}


def test_whatever_a_receiver_does_to_the_line_ends_in_time_and_is_called_by_its_name(
    works: Works, raw: RawReceiver
) -> None:
    paths = ("/hang", "/drip", "/endless", "/bomb", "/reset", "/held")
    run_id = works.ask(export(works, raw, *paths))
    works.start()
    wait_for(lambda: len(first_tries(works, run_id)) == len(paths), what="end of six tries", deadline_s=240)
    found = first_tries(works, run_id)
    outcomes = {name: attempt.outcome for name, (_, attempt) in found.items()}
    assert outcomes == {
        "/hang": "unknown",
        "/drip": "unknown",
        "/endless": "succeeded",
        "/bomb": "succeeded",
        "/reset": "unknown",
        "/held": "unknown",
    }
    for name in ("/hang", "/drip"):
        attempt = found[name][1]
        assert attempt.finished_at is not None
        assert WHOLE - timedelta(seconds=1) < attempt.finished_at - attempt.started_at < 2 * WHOLE
    for name in ("/endless", "/bomb"):
        assert raw.poured[name] < READ_AT_MOST
    held = found["/held"][0]
    assert (held.state, held.reason.split(":")[0]) == ("failed", "held")
    wait_for(lambda: len(raw.ids["/reset"]) > 1, what="second try of what was torn down")
    assert len(set(raw.ids["/reset"])) == 1
    assert len(raw.ids["/held"]) == 1
