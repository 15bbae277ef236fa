"""Slack and a sidecar that dies, with real processes and a strict Slack on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.model.delivery import ExportSpec
from core.model.runs import Attempt
from tests.connectors.slack_server import TOKEN, Call, Fault, Workspace, slack_server
from tests.faults.conftest import Works
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def slack() -> Iterator[Workspace]:
    with slack_server() as workspace:
        yield workspace


def asked(works: Works, slack: Workspace) -> str:
    """A run of an export to #general."""
    app = works.app
    settings = {"base_url": slack.base_url}
    connection = app.connections.create("slack", "Slack", settings, {"token": TOKEN}, by=app.owner.id).id
    to = {"kind": "slack", "connection": connection, "settings": {"channel": "C0001"}}
    spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, "destinations": [to]}
    spec["triggers"] = [{"kind": "url"}]
    return works.ask(app.exports.create(ExportSpec.model_validate(spec), by=app.owner.id).id)


def attempts(works: Works, run_id: str) -> list[Attempt]:
    detail = works.app.ledger.run(run_id)
    return [one for row in detail.deliveries if row.kind == "slack" for one in detail.attempts[row.id]]


@pytest.mark.parametrize("method", ["upload", "files.completeUploadExternal"])
def test_killed_in_an_upload_it_goes_on_there_and_each_picture_is_seen_once(
    method: str, works: Works, slack: Workspace
) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def fault(call: Call) -> Fault | None:
        if call.method == method and not holds.is_set():
            holds.set()
            go_on.wait(60)
            return Fault(is_lost=True)
        return None

    slack.fault = fault
    run_id = asked(works, slack)
    works.start()
    assert holds.wait(60)
    works.kill()
    go_on.set()
    works.start()
    works.reached(run_id, "succeeded")
    assert [one.outcome for one in attempts(works, run_id)] == ["unknown", "succeeded"]
    assert len(slack.messages) == 1
    assert sorted(slack.shown) == sorted(slack.files)
    assert slack.counts("files.getUploadURLExternal") == len(slack.files) == 2


def test_killed_after_the_message_arrived_it_may_come_twice_with_one_id(works: Works, slack: Workspace) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def fault(call: Call) -> Fault | None:
        if call.method == "chat.postMessage" and not holds.is_set():
            holds.set()
            go_on.wait(60)
            return Fault(is_done=True, is_lost=True)
        return None

    slack.fault = fault
    run_id = asked(works, slack)
    works.start()
    assert holds.wait(60)
    works.kill()
    go_on.set()
    wait_for(lambda: slack.messages, what="message that arrived")
    works.start()
    works.reached(run_id, "succeeded")
    assert [one.outcome for one in attempts(works, run_id)] == ["unknown", "succeeded"]
    assert len({message["metadata"]["event_payload"]["delivery_id"] for message in slack.messages}) == 1
    assert len(slack.files) == 2


def test_too_many_calls_wait_as_long_as_slack_asks(works: Works, slack: Workspace) -> None:
    limited = Fault(429, {"Retry-After": "2"}, '{"ok": false, "error": "ratelimited"}')
    slack.fault = lambda call: limited if call.method == "chat.postMessage" and slack.counts(call.method) == 1 else None
    run_id = asked(works, slack)
    works.start()
    works.reached(run_id, "succeeded")
    first, second = attempts(works, run_id)
    assert (first.status, second.outcome) == (429, "succeeded")
    assert first.finished_at is not None
    assert (second.started_at - first.finished_at).total_seconds() >= 2
    assert slack.counts("upload") == 2
