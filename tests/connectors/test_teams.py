from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.access.egress import Egress
from core.connectors.base import Account, File, Parcel, SendError, checked_secrets, checked_settings
from core.connectors.teams import Teams
from core.connectors.teams import calls as teams_calls
from core.errors import DataError, DeliveryError
from core.model.document import Report
from core.report.images import png
from core.report.teams_card import CardOptions, card_pictures, teams_message
from core.settings import Settings
from core.warehouse import Version
from tests.connectors.teams_rules import of_type
from tests.connectors.teams_server import CLIENT_ID, SIGNATURE, TENANT, USER, Fault, Microsoft, microsoft
from tests.report.conftest import version as _version
from tests.report.test_mail import shop_report
from tests.tls import make_certificates

version = _version
DELIVERY = "0d7d5b3e-8c6a-4f5e-9a52-3f4f6a1c0b7d"
CHANNEL = {"team": "t-sales", "channel": "19:kpi@thread"}
PLACE = "https://reports.example.org/i/"


def outside(**given: Any) -> Egress:
    return Egress(Settings(egress_allow="localhost", demo=False), **given)


def flow(url: str) -> Account:
    """A connection by a workflow's address."""
    secrets = checked_secrets(Teams.fields, {"url": url})
    return Account(checked_settings(Teams.fields, {}), {name: value for name, value in secrets.items() if value})


def parcel_of(report: Report, folder: Path, **changes: Any) -> Parcel:
    """What the sender would hand over of a report."""
    pictures = card_pictures(report)
    message = teams_message(report, pictures, CardOptions("Monday", link="https://reports.example.org/r/x/y"))
    for picture in pictures:
        (folder / picture.file).write_bytes(png(dict(picture.spec)))
    given = {
        "delivery_id": DELIVERY,
        "run_id": "run",
        "occurrence": "o",
        "at": datetime(2026, 11, 22, 9, tzinfo=UTC),
        "is_test": False,
        "settings": {},
        "message": message,
        "files": tuple(File(one["file"], "image/png", folder / one["file"]) for one in message["pictures"]),
        "picture": lambda name: f"{PLACE}{name}",
    }
    return Parcel(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture
def parcel(version: Version, tmp_path: Path) -> Parcel:
    return parcel_of(shop_report(version), tmp_path)


@pytest.fixture
def world() -> Iterator[Microsoft]:
    with microsoft() as opened:
        yield opened
        assert not opened.died


def refusal(world: Microsoft, parcel: Parcel, *faults: Fault) -> SendError:
    world.faults.extend(faults)
    with pytest.raises(SendError) as caught:
        Teams().send(flow(world.flow_url), outside(), parcel)
    return caught.value


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
@pytest.mark.parametrize("locale", ["en", "fr"])
def test_a_workflow_takes_the_card_of_each_layout(
    layout: str, locale: str, world: Microsoft, version: Version, tmp_path: Path
) -> None:
    report = shop_report(version, layout=layout, locale=locale)
    receipt = Teams().send(flow(world.flow_url), outside(), parcel_of(report, tmp_path))
    assert (receipt.outcome, receipt.status) == ("accepted", 202)
    (card,) = world.cards
    assert of_type(card, "TextBlock")[-1]["text"].endswith(DELIVERY)


def test_pictures_are_shown_by_their_address(world: Microsoft, parcel: Parcel) -> None:
    Teams().send(flow(world.flow_url), outside(), parcel)
    assert [image["url"] for image in of_type(world.cards[0], "Image")] == [
        f"{PLACE}card-chart-1.png",
        f"{PLACE}card-chart-2.png",
    ]


def test_where_nobody_outside_could_open_them_figures_are_sent(world: Microsoft, parcel: Parcel) -> None:
    Teams().send(flow(world.flow_url), outside(), replace(parcel, picture=lambda name: ""))
    assert not of_type(world.cards[0], "Image")
    assert of_type(world.cards[0], "FactSet")


def test_the_same_bytes_go_at_every_try(world: Microsoft, parcel: Parcel) -> None:
    for _ in range(2):
        Teams().send(flow(world.flow_url), outside(), parcel)
    (_, first), (_, second) = world.posts
    assert first == second


def test_what_is_too_large_is_shortened_once_with_a_note(world: Microsoft, parcel: Parcel) -> None:
    kept: list[Any] = []
    world.faults.append(Fault(413))
    receipt = Teams().send(flow(world.flow_url), outside(), replace(parcel, keep=kept.append))
    assert receipt.outcome == "accepted"
    assert kept == [{"is_short": True}]
    (card,) = world.cards
    assert "Shortened to what Teams takes." in json.dumps(card)
    assert len(world.posts[1][1]) < len(world.posts[0][1])


def test_a_later_try_begins_with_the_short_card(world: Microsoft, parcel: Parcel) -> None:
    Teams().send(flow(world.flow_url), outside(), replace(parcel, cursor={"is_short": True}))
    ((_, body),) = world.posts
    assert "Shortened" in body.decode()


def test_what_is_too_large_even_then_fails(world: Microsoft, parcel: Parcel) -> None:
    error = refusal(world, parcel, Fault(413), Fault(413))
    assert error.permanent
    assert "too large, though it was shortened" in str(error)


def test_addresses_that_make_it_too_large_are_seen_before_sending(world: Microsoft, parcel: Parcel) -> None:
    long = replace(parcel, picture=lambda name: f"{PLACE}{'x' * 12_000}{name}")
    Teams().send(flow(world.flow_url), outside(), long)
    assert len(world.posts) == 1
    assert "Shortened" in json.dumps(world.cards[0])


@pytest.mark.parametrize(
    ("status", "is_final", "disables", "pauses"),
    [
        (400, True, False, False),
        (401, True, False, True),
        (403, True, False, False),
        (404, True, True, False),
        (410, True, True, False),
        (302, True, False, False),
        (408, False, False, False),
        (429, False, False, False),
        (500, False, False, False),
        (503, False, False, False),
    ],
)
def test_each_answer_has_its_consequence(
    status: int, is_final: bool, disables: bool, pauses: bool, world: Microsoft, parcel: Parcel
) -> None:
    error = refusal(world, parcel, Fault(status))
    assert (error.permanent, error.disables, error.pauses_connection) == (is_final, disables, pauses)
    assert error.status == status
    assert Teams().is_final(status) is is_final


def test_it_waits_as_long_as_it_is_asked_to(world: Microsoft, parcel: Parcel) -> None:
    assert refusal(world, parcel, Fault(429, {"Retry-After": "2.128"})).retry_after_s == 2.128


def test_an_answer_that_is_lost_leaves_it_unknown(world: Microsoft, parcel: Parcel) -> None:
    assert refusal(world, parcel, Fault(is_lost=True)).is_unknown


def test_one_that_never_answers_is_given_up(world: Microsoft, parcel: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teams_calls, "TRY_S", 0.3)
    began = time.monotonic()
    assert refusal(world, parcel, Fault(waits_s=300)).is_unknown
    assert time.monotonic() - began < 120


def test_its_address_is_shown_nowhere(world: Microsoft, parcel: Parcel) -> None:
    receipt = Teams().send(flow(world.flow_url), outside(), parcel)
    error = refusal(world, parcel, Fault(401, body=f"sig={SIGNATURE} of {world.flow_url}"))
    wrong = flow(world.flow_url.replace("sig=", "sig=x"))
    with pytest.raises(SendError) as caught:
        Teams().send(wrong, outside(), parcel)
    check = Teams().check(flow(world.flow_url), outside())
    shown = [receipt.request, receipt.response, str(error), error.request, error.response, check.text, repr(wrong)]
    for text in [*shown, str(caught.value), caught.value.request, caught.value.response]:
        assert SIGNATURE not in text
        assert "/workflows/" not in text


def test_a_signature_is_hidden_however_it_is_written_and_figures_are_not(world: Microsoft, parcel: Parcel) -> None:
    account = flow(world.flow_url.replace(SIGNATURE, "a%2Bsecret%2Fsignature"))
    world.faults.append(Fault(400, body="wrong: a+secret/signature or a%2Bsecret%2Fsignature, for version 1.05"))
    with pytest.raises(SendError) as caught:
        Teams().send(account, outside(), parcel)
    assert caught.value.response == "wrong: *** or ***, for version 1.05"


def test_a_workflow_is_checked_without_sending_a_card(world: Microsoft) -> None:
    check = Teams().check(flow(world.flow_url), outside())
    assert check.ok
    assert "answered 405" in check.text
    assert not world.posts


def test_without_its_address_nothing_is_called(parcel: Parcel) -> None:
    empty = Account(checked_settings(Teams.fields, {}), {})
    with pytest.raises(SendError, match="has no address of a workflow"):
        Teams().send(empty, outside(), parcel)
    assert not Teams().check(empty, outside()).ok


def test_an_address_is_checked_when_it_is_typed_and_never_repeated() -> None:
    with pytest.raises(DataError, match="begins with https://") as caught:
        checked_secrets(Teams.fields, {"url": "no address with a secret"})
    assert "secret" not in str(caught.value)


def test_private_hosts_are_not_called(world: Microsoft, parcel: Parcel) -> None:
    with pytest.raises(SendError) as caught:
        Teams().send(flow(world.flow_url), Egress(Settings(demo=False)), parcel)
    assert (caught.value.error_class, world.posts) == ("refused", [])


# Microsoft Graph


class House:
    """Microsoft by https, a connector that looks for it there, and an account that keeps what is renewed."""

    def __init__(self, world: Microsoft, door: Egress) -> None:
        self.world, self.door = world, door
        self.teams = Teams(graph=f"{world.base}/v1.0", authority=world.base)
        self.renewed: dict[str, str] = {}

    def account(self, refresh_token: str | None = None, **settings: str) -> Account:
        given = {"way": "graph", "tenant": TENANT, "client_id": CLIENT_ID, "user": USER, **settings}
        secret = self.world.refresh_token if refresh_token is None else refresh_token
        return Account(checked_settings(Teams.fields, given), {"refresh_token": secret}, self.renewed.update)

    def send(self, parcel: Parcel, **settings: str) -> Any:
        return self.teams.send(self.account(), self.door, replace(parcel, settings=CHANNEL | settings))

    def refusal(self, parcel: Parcel, **settings: str) -> SendError:
        with pytest.raises(SendError) as caught:
            self.send(parcel, **settings)
        return caught.value


@pytest.fixture(scope="module")
def door_and_tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = make_certificates(tmp_path_factory.mktemp("tls"), "localhost")
    return outside(tls=made.trusting), made.serving


@pytest.fixture
def house(door_and_tls: Any) -> Iterator[House]:
    door, serving = door_and_tls
    with microsoft(serving) as world:
        yield House(world, door)


def test_somebody_signs_in_by_a_code(house: House) -> None:
    account = house.account("")
    code = house.teams.begin_sign_in(account, house.door)
    assert (code.user_code, code.address) == ("ABCD-EFGH", house.world.base)
    assert house.teams.signed_in(account, house.door, code) is None
    house.world.is_signed_in = True
    code.flow["latest_attempt_at"] = 0
    found = house.teams.signed_in(account, house.door, code)
    assert found is not None
    assert (found.user, found.refresh_token) == (USER, "refresh-1")


def test_a_directory_or_application_that_is_unknown_is_told(house: House) -> None:
    with pytest.raises(DeliveryError, match="does not know the directory 'nowhere'"):
        house.teams.begin_sign_in(house.account("", tenant="nowhere"), house.door)
    with pytest.raises(DeliveryError, match="AADSTS700016: Application not found"):
        house.teams.begin_sign_in(house.account("", client_id="other"), house.door)
    with pytest.raises(DeliveryError, match="application's id is not set"):
        house.teams.begin_sign_in(house.account("", client_id=""), house.door)


def test_a_message_goes_into_the_channel_with_its_pictures_inside(house: House, parcel: Parcel) -> None:
    receipt = house.send(parcel)
    assert (receipt.outcome, receipt.status) == ("succeeded", 201)
    (message,) = house.world.messages
    assert message["channel"] == CHANNEL["channel"]
    assert len(message["hostedContents"]) == 2


def test_the_refresh_token_that_is_exchanged_is_kept(house: House, parcel: Parcel) -> None:
    house.send(parcel)
    assert house.renewed == {"refresh_token": "refresh-2"}


def test_an_access_token_is_used_until_it_ends(house: House, parcel: Parcel) -> None:
    account = house.account()
    for _ in range(2):
        house.teams.send(account, house.door, replace(parcel, settings=CHANNEL))
    assert (house.world.refresh, len(house.world.messages)) == (2, 2)


def test_one_that_is_refused_is_exchanged_once(house: House, parcel: Parcel) -> None:
    house.send(parcel)
    house.world.access += 1
    house.send(parcel)
    assert len(house.world.messages) == 2


def test_a_sign_in_that_ended_pauses_the_connection(house: House, parcel: Parcel) -> None:
    house.world.is_revoked = True
    error = house.refusal(parcel)
    assert (error.permanent, error.pauses_connection, error.is_unknown) == (True, True, False)
    assert "Sign in again under Connections." in str(error)


def test_nobody_signed_in_is_told_before_a_call(house: House) -> None:
    check = house.teams.check(house.account(""), house.door)
    assert (check.ok, check.text) == (False, "Nobody is signed in to Microsoft. Sign in again under Connections.")


def test_a_check_asks_for_the_teams(house: House) -> None:
    check = house.teams.check(house.account(), house.door)
    assert (check.ok, check.text) == (True, f"{USER} is signed in at Microsoft and has joined 2 teams.")


def test_teams_and_channels_are_looked_up_over_all_pages(house: House, world: Microsoft) -> None:
    def found(name: str, **settings: str) -> list[str]:
        return list(house.teams.lookup(house.account(), house.door, name, settings).values())

    assert found("team") == ["Finance", "Sales"]
    assert found("channel", team="t-sales") == ["General", "KPI", "Ops"]
    assert found("channel") == []
    assert Teams().lookup(flow(world.flow_url), outside(), "team", {}) == {}


def test_a_scope_that_is_missing_is_told(house: House, parcel: Parcel) -> None:
    house.world.scopes = "Team.ReadBasic.All"
    error = house.refusal(parcel)
    assert error.permanent
    assert "Missing scope ChannelMessage.Send" in str(error)


def test_a_channel_that_is_gone_or_not_chosen_is_final(house: House, parcel: Parcel) -> None:
    gone = house.refusal(parcel, channel="19:gone@thread")
    assert (gone.permanent, gone.disables) == (True, True)
    assert "No channel is chosen" in str(house.refusal(parcel, channel=""))


def test_graph_too_is_sent_the_short_card_where_the_other_is_too_large(house: House, parcel: Parcel) -> None:
    house.world.faults.append(Fault(413))
    assert house.send(parcel).status == 201
    assert "Shortened" in json.dumps(house.world.messages[0])


def test_pictures_beyond_the_limit_of_a_request_give_way_to_figures(
    house: House, parcel: Parcel, tmp_path: Path
) -> None:
    (tmp_path / "card-chart-1.png").write_bytes(b"\x89PNG" + bytes(3_000_000))
    house.send(parcel)
    (message,) = house.world.messages
    assert message["hostedContents"] == []
    assert "FactSet" in message["attachments"][0]["content"]


def test_no_token_is_shown(house: House, parcel: Parcel) -> None:
    receipt = house.send(parcel)
    house.world.access = 99
    house.world.is_revoked = True
    error = house.refusal(parcel)
    for text in (receipt.request, receipt.response, str(error), error.request, error.response):
        assert "access-" not in text
        assert "refresh-" not in text
    assert "contentBytes" in json.dumps(house.world.messages[0])
    assert len(receipt.request) < 1_100


def test_an_answer_of_graph_that_is_lost_leaves_it_unknown(house: House, parcel: Parcel) -> None:
    house.world.faults.append(Fault(is_lost=True))
    assert house.refusal(parcel).is_unknown
    assert len(house.world.messages) == 1
