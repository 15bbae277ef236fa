"""Reports that are due in the same ten minutes leave in one mail, each with a delivery of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from core.access.egress import Egress
from core.app import App
from core.connectors.base import Receipt, RetryRule, SendError
from core.delivery.ledger import Ledger
from core.delivery.work import Build, Claim, Made, NotMet, PlannedDelivery
from core.errors import DataError
from core.model.delivery import ExportSpec
from core.model.runs import Delivery
from core.settings import Settings
from tests.connectors.mailing import mail_server
from tests.delivery.ledgers import NOW, Clock

ANNA, BEN = "anna@example.org", "Ben <ben@example.org>"
MAIL = RetryRule(delays_s=(60.0, 300.0), deadline_s=21_600.0, total_s=60.0)
HTML = '<html lang="en"><head><title>t</title></head><body class="page">{}</body></html>'
LEAVE = "https://unsubscribe.invalid/"


@dataclass
class Post:
    """Exports to one mail connection, and a ledger whose clock stands."""

    app: App
    ledger: Ledger
    clock: Clock
    connection: str

    def export(
        self, name: str, to: Sequence[str] = (ANNA,), *, locks: dict[str, Any] | None = None, by: str = "", **own: Any
    ) -> str:
        settings = {"to": list(to), "bundle": True, **own}
        destination = {"kind": "email", "connection": self.connection, "settings": settings}
        destination["overrides"] = {"where": locks or {}}
        spec = {"name": name, "content": {"analysis": "revenue"}, "destinations": [destination]}
        spec["triggers"] = [{"kind": "url"}]
        return self.app.exports.create(ExportSpec.model_validate(spec), by=by or self.app.owner.id).id

    def due(self, export_id: str, minutes: float = 0, **values: Any) -> str:
        """A run of the export that is to be made; its id."""
        spec = self.app.exports.get(export_id).spec
        at = NOW + timedelta(minutes=minutes)
        asked = {"subject_id": export_id, "name": spec.name, "planned_at": at, "trigger_kind": "schedule"}
        asked["definition"] = {"revision": 1, "spec": spec.model_dump(mode="json")}
        return self.ledger.ask(**{**asked, "occurrence_key": f"{export_id}@{at}", **values}).run_id

    def dues(self, names: str) -> list[str]:
        """A run of a new export for each letter, a minute after each other; their ids."""
        return [self.due(self.export(name), minutes) for minutes, name in enumerate(names)]

    def build(self) -> Build:
        found = self.ledger.claim_build()
        assert found is not None
        return found

    def make(self, build: Build | None = None) -> None:
        """Make the run that waits longest: a message of two lines."""
        build = build or self.build()
        said = {"text": f"{build.name}\n-- \nLeave: {LEAVE}\n", "html": HTML.format(f"<p>{build.name}</p>\n{LEAVE}\n")}
        message = {"subject": f"{build.name} rose", "pictures": [], "attachments": [], **said}
        file = self.app.artefacts.write(build.run_id, "email.json", "application/json", json.dumps(message).encode())
        (destination,) = ExportSpec.model_validate(build.definition["spec"]).channels
        self.ledger.built(build, Made(deliveries=(_planned(destination.model_dump(mode="json")),), artefacts=(file,)))

    def claims(self) -> list[list[str]]:
        """What leaves now, by the names of the runs: a list for each mail."""
        return sorted(sorted(self.name(one.run_id) for one in claim.each) for claim in self.ledger.claim_deliveries(8))

    def claim(self) -> Claim:
        (found,) = self.ledger.claim_deliveries(8)
        return found

    def name(self, run_id: str) -> str:
        return self.ledger.run(run_id).run.name

    def delivery(self, run_id: str) -> Delivery:
        (found,) = self.ledger.run(run_id).deliveries
        return found

    def states(self, *run_ids: str) -> list[str]:
        return [self.delivery(run_id).state for run_id in run_ids]


def _planned(destination: dict[str, Any]) -> PlannedDelivery:
    to = tuple(destination["settings"]["to"])
    ids = {"destination_id": destination["id"], "connection_id": destination["connection"]}
    return PlannedDelivery(
        **ids, kind="email", name=to[0], destination=destination, message="email.json", recipients=to
    )


@pytest.fixture
def post(sales_app: App) -> Post:
    clock, app = Clock(NOW), sales_app
    given = {"host": "localhost", "port": 2525, "tls": "none", "from": "reports@example.org"}
    connection = app.connections.create("email", "Mail", given, by=app.owner.id)
    ledger = Ledger(app.store, app.ledger.organisation_id, clock, {"email": MAIL})
    return Post(app, ledger, clock, connection.id)


def test_reports_of_one_slot_for_the_same_people_leave_together_once_all_are_ready(post: Post) -> None:
    post.due(post.export("A"))
    post.due(post.export("B"), minutes=9)
    post.make()
    assert post.claims() == []
    post.make()
    assert post.claims() == [["A", "B"]]


def test_without_the_switch_each_leaves_by_itself_at_once(post: Post) -> None:
    for minutes, name in enumerate("AB"):
        post.due(post.export(name, bundle=False), minutes)
    post.make()
    assert post.claims() == [["A"]]


@pytest.mark.parametrize(
    "other",
    [
        {"to": (ANNA, BEN)},
        {"locks": {"country": "DE"}},
        {"mode": "all"},
    ],
    ids=["other recipients", "other rights", "one mail for all"],
)
def test_what_is_not_for_the_same_eyes_never_shares_a_mail(post: Post, other: dict[str, Any]) -> None:
    post.due(post.export("A"))
    post.due(post.export("B", **other))
    post.make()
    post.make()
    assert sorted(post.claims()) == [["A"], ["B"]]


def test_another_connection_author_slot_or_narrower_run_is_another_mail(post: Post) -> None:
    exports = [post.export(name) for name in "ABC"]
    post.due(exports[0])
    post.due(exports[1], where={"country": "DE"})
    post.due(exports[2], minutes=10)
    ann = post.app.people.add(post.app.sessions.built_in_owner(), "ann@example.org", "Ann", "analyst")
    post.due(post.export("E", by=ann.id))
    given = {"host": "other", "port": 2525, "tls": "none", "from": "reports@example.org"}
    post.connection = post.app.connections.create("email", "Other", given, by=post.app.owner.id).id
    post.due(post.export("D"))
    for _ in range(5):
        post.make()
    assert sorted(post.claims()) == [["A"], ["B"], ["C"], ["D"], ["E"]]


def test_a_test_and_a_replay_go_at_once_and_alone(post: Post) -> None:
    first, second, third = post.export("A"), post.export("B"), post.export("C")
    tried = post.due(first, is_test=True)
    post.make()
    post.due(second, parent_id=tried)
    post.make()
    post.due(third)
    assert post.claims() == [["A"], ["B"]]


def test_one_that_cannot_be_made_or_is_not_to_be_sent_holds_nobody_back(post: Post) -> None:
    runs = post.dues("ABC")
    post.make()
    post.ledger.build_failed(post.build(), DataError("The column is gone."))
    assert post.claims() == []
    post.ledger.build_ignored(post.build(), "condition not met", "", NotMet("condition not met", "").made)
    post.ledger.reap(at_start=False)
    claim = post.claim()
    assert ([one.run_id for one in claim.each], claim.late) == ([runs[0]], ())


def test_ten_minutes_after_the_first_it_leaves_without_the_late_one_and_names_it(post: Post) -> None:
    post.dues("ABC")
    post.make()
    post.clock.forward(minutes=4)
    post.make()
    post.clock.forward(minutes=5, seconds=59)
    assert post.claims() == []
    post.clock.forward(seconds=1)
    claim = post.claim()
    assert {post.name(one.run_id) for one in claim.each} == {"A", "B"}
    assert claim.late == ("C",)
    post.ledger.sent(claim, Receipt())
    post.make()
    assert post.claims() == [["C"]]


def test_a_try_after_a_lost_one_carries_the_same_reports_though_another_is_ready_by_now(post: Post) -> None:
    runs = post.dues("ABC")
    post.make()
    post.make()
    post.clock.forward(minutes=10)
    lost = post.claim()
    post.ledger.begun(lost)
    post.make()
    post.ledger.reap(at_start=True)
    found = {frozenset(one.run_id for one in claim.each): claim for claim in post.ledger.claim_deliveries(8)}
    assert set(found) == {frozenset(runs[:2]), frozenset(runs[2:])}
    assert found[frozenset(runs[:2])].late == lost.late == ("C",)
    for run_id in runs[:2]:
        (attempts,) = post.ledger.run(run_id).attempts.values()
        assert [attempt.outcome for attempt in attempts] == ["unknown", None]


def test_a_refused_try_is_made_again_together_and_the_end_is_each_one_s_own(post: Post) -> None:
    runs = post.dues("AB")
    post.make()
    post.make()
    post.ledger.send_failed(post.claim(), SendError("451 Later", recipients={ANNA: ("retry", "451 Later")}))
    assert post.states(*runs) == ["retry", "retry"]
    post.clock.forward(minutes=2)
    claim = post.claim()
    assert len(claim.each) == 2
    post.ledger.sent(claim, Receipt(recipients={ANNA: ("succeeded", "250 OK")}))
    assert post.states(*runs) == ["succeeded", "succeeded"]


def test_a_report_that_costs_workers_has_its_last_chance_alone(post: Post) -> None:
    runs = post.dues("AB")
    post.make()
    post.make()
    for _ in range(2):
        post.ledger.begun(post.claim())
        post.ledger.reap(at_start=True)
    assert len(post.claim().each) == 1
    assert sorted(post.states(*runs)) == ["retry", "running"]


def sender_of(post: Post, port: int) -> Any:
    """The sender, whose mails arrive at this port."""
    connection = {"host": "localhost", "port": port, "tls": "none", "from": "reports@example.org"}
    post.app.connections.change(post.connection, settings=connection)
    door = Egress(Settings(egress_allow="localhost", demo=False))
    outside = replace(post.app.connections, outside=door)
    return replace(post.app.sender, connections=outside, ledger=post.ledger)


def test_one_mail_arrives_with_both_reports_and_a_way_to_leave_each(post: Post) -> None:
    exports = [post.export(name, (ANNA, BEN)) for name in "AB"]
    runs = [post.due(export_id, minutes) for minutes, export_id in enumerate(exports)]
    post.make()
    post.make()
    claim = post.claim()
    with mail_server() as server:
        sender = sender_of(post, server.port)
        post.ledger.sent(claim, sender.send(claim))
    assert post.states(*runs) == ["succeeded", "succeeded"]
    first, second = server.messages
    assert (first["To"], second["To"]) == (ANNA, BEN)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Subject"] == "2 reports: A rose; B rose"
    html = first.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert html.count("<body") == 1
    assert html.index("<p>A</p>") < html.index("<p>B</p>")
    for export_id in exports:
        assert post.app.subscribers.link(export_id, ANNA) in html
    assert "unsubscribe" not in html
    assert first["List-Unsubscribe"] is None


def test_who_left_one_of_two_reports_gets_the_other_alone(post: Post) -> None:
    exports = [post.export(name) for name in "AB"]
    runs = [post.due(export_id, minutes) for minutes, export_id in enumerate(exports)]
    post.make()
    post.make()
    post.app.subscribers.leave(post.app.subscribers.link(exports[0], ANNA).rpartition("/")[2])
    claims = post.ledger.claim_deliveries(8)
    assert [len(claim.each) for claim in claims] == [1, 1]
    with mail_server() as server:
        sender = sender_of(post, server.port)
        for claim in claims:
            post.ledger.sent(claim, sender.send(claim))
    assert post.states(*runs) == ["ignored", "succeeded"]
    assert [message["Subject"] for message in server.messages] == ["B rose"]


def test_who_leaves_one_report_after_the_claim_is_not_served_by_a_mail_of_both(post: Post) -> None:
    exports = [post.export(name) for name in "AB"]
    runs = [post.due(export_id, minutes) for minutes, export_id in enumerate(exports)]
    post.make()
    post.make()
    claim = post.claim()
    post.app.subscribers.leave(post.app.subscribers.link(exports[1], ANNA).rpartition("/")[2])
    with mail_server() as server:
        sender = sender_of(post, server.port)
        post.ledger.sent(claim, sender.send(claim))
        assert (post.states(*runs), server.messages) == (["retry", "retry"], [])
        post.clock.forward(minutes=2)
        for each in post.ledger.claim_deliveries(8):
            post.ledger.sent(each, sender.send(each))
    assert post.states(*runs) == ["succeeded", "ignored"]
    assert [message["Subject"] for message in server.messages] == ["A rose"]


def test_a_report_whose_file_is_gone_fails_alone_and_the_other_arrives(post: Post) -> None:
    runs = post.dues("AB")
    post.make()
    post.make()
    claim = post.claim()
    (lost,) = (one for one in claim.each if one.run_id == runs[0])
    post.app.artefacts.path(lost.artefacts[0]).unlink()
    with mail_server() as server:
        sender = sender_of(post, server.port)
        post.ledger.sent(claim, sender.send(claim))
    assert post.states(*runs) == ["failed", "succeeded"]
    assert [message["Subject"] for message in server.messages] == ["B rose"]


def test_the_mail_says_what_is_late_in_text_and_html(post: Post) -> None:
    post.dues("AB")
    post.make()
    post.clock.forward(minutes=10)
    claim = post.claim()
    with mail_server() as server:
        sender = sender_of(post, server.port)
        sender.send(claim)
    (message,) = server.messages
    for form in ("plain", "html"):
        assert "Late, and not in this mail: B." in message.get_body((form,)).get_content()  # type: ignore[union-attr]
