"""An analysis travels: an export is made, looked at, tried, started from outside, fails at one place, and arrives."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from core.app import App, open_app
from core.model.runs import FINAL
from core.settings import Settings
from tests.browser.conftest import VISITOR, WIDE, House, come, open_house, picture, settled
from tests.browser.test_first_way import by_key, press
from tests.browser.test_first_way import open_app as open_page
from tests.connectors.mailing import Post, mail_server
from tests.connectors.slack_server import TOKEN, Call, Fault, Workspace, slack_server
from tests.connectors.teams_server import Microsoft, microsoft
from tests.polling import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ANNA, TEAM, OPS = "anna@example.org", "team@example.org", "ops@example.org"
KEY = "a key that is only for tests"
TRIES, SEEN_WITHIN_MS = 5, 5_000
SLOWER, VISITORS = 4, 2
SAMPLES = ("avocados", "shop")
PREVIEWS = {
    "Report page": "Preview of the report",
    "E-mail": "Preview of the mail",
    "Slack": "Preview of the Slack message",
    "Teams": "Preview of the card for Teams",
}


@dataclass(frozen=True)
class World:
    """The house, the installation behind it as a test asks it, and where its messages go."""

    house: House
    app: App
    post: Post
    slack: Workspace
    teams: Microsoft

    def mails_to(self, address: str) -> list[str]:
        """Subjects of what an address got."""
        pairs = zip(self.post.envelopes, self.post.messages, strict=True)
        return [str(message["Subject"]) for envelope, message in pairs if address in envelope.rcpt_tos]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    told = {"BRIDGECAST_SECRET_KEY": KEY, "BRIDGECAST_OWNER_EMAIL": ANNA}
    told |= {"BRIDGECAST_EGRESS_ALLOW": "127.0.0.1,localhost"}
    with ExitStack() as opened:
        post, slack = opened.enter_context(mail_server()), opened.enter_context(slack_server())
        teams = opened.enter_context(microsoft())
        house = opened.enter_context(open_house(folder, **told))
        app = open_app(Settings(data_dir=house.data_dir, demo=False, secret_key=KEY))
        opened.callback(app.close)
        wait_for(lambda: len(app.exports.all()) == len(SAMPLES), what="samples")
        connect(app, post, slack, teams)
        yield World(house, app, post, slack, teams)


def connect(app: App, post: Post, slack: Workspace, teams: Microsoft) -> None:
    mail = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "Reports <reports@example.org>"}
    app.connections.create("email", "Mail", mail, {}, by=app.owner.id)
    app.connections.create("slack", "Slack", {"base_url": slack.base_url}, {"token": TOKEN}, by=app.owner.id)
    app.connections.create("teams", "Teams", {"way": "workflows"}, {"url": teams.flow_url}, by=app.owner.id)


def test_a_report_is_made_looked_at_tried_and_started_from_outside(page: Page, world: World) -> None:
    begin(page, world, "Morning revenue")
    press(page, "exports_add_url")
    expect(by_key(page, "exports_trigger_1_post_only")).to_be_visible()
    settled(page)
    send_to_all(page)
    for layout in ("List", "Dropdown", "Slides"):
        by_key(page, "exports_layout").get_by_text(layout, exact=True).click()
        settled(page)
        for where in PREVIEWS:
            look(page, where, layout)
    try_by_mail(page, world)
    save(page)
    run_id = call(page, by_key(page, "exports_new_urls_box").locator("code").first.inner_text())
    press(page, "exports_new_urls_seen")
    arrives(world, run_id, "succeeded")
    assert len(world.mails_to(TEAM)) == len(world.teams.cards) == 1
    assert len(world.slack.messages) >= 1
    assert world.teams.died == []
    show_run(page, world, run_id, "Morning revenue", "Succeeded")
    picture(page, "way-run", whole=True)


def test_a_digest_fails_at_one_place_somebody_is_told_and_a_replay_arrives(page: Page, world: World) -> None:
    begin(page, world, "Both of them")
    by_key(page, "exports_more_analyses").locator("input").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    settled(page)
    send_to_all(page)
    hear_of_failures(page)
    look(page, "E-mail", "digest")
    save(page)
    world.slack.fault = posts_fail(Fault(503))
    run_id = run_now(page, world, "Both of them")
    arrives(world, run_id, "retry")
    show_run(page, world, run_id, "Both of them", "Retry")
    world.slack.fault = posts_fail(Fault(200, body='{"ok": false, "error": "is_archived"}'))
    press(page, "runs_start")
    arrives(world, run_id, "failed")
    expect(page.get_by_text("archived").first).to_be_visible()
    picture(page, "way-failed", whole=True)
    wait_for(lambda: any("Both of them" in subject for subject in world.mails_to(OPS)), what="mail about the failure")
    world.slack.fault = lambda call: None
    before = len(world.slack.messages), len(world.mails_to(TEAM))
    switch_on(page, world)
    show_run(page, world, run_id, "Both of them", "Failed")
    press(page, "runs_replay_ask")
    press(page, "runs_replay_now")
    arrives(world, run_of(world, "Both of them", "replay"), "succeeded")
    assert len(world.slack.messages) > before[0]
    assert len(world.mails_to(TEAM)) == before[1]
    wait_for(lambda: len(world.mails_to(OPS)) == 2, what="mail that it works again")


def test_a_hurried_click_changes_nothing_of_what_a_form_begins_with(page: Page, world: World) -> None:
    """On a slow machine inputs are drawn after the button that one clicks, and by another run than the first."""
    for _ in range(VISITORS):
        with new_visitor(page) as visitor:
            begin(visitor, world, "Hurried")
            press(visitor, "exports_add_url")
            expect(by_key(visitor, "exports_trigger_0_every").locator("input").first).to_have_value("Monday to Friday")
            expect(by_key(visitor, "exports_trigger_0_zone").locator("input").first).to_have_value("UTC")
            expect(by_key(visitor, "exports_layout").get_by_role("radio", name="Slides")).to_be_checked()
            expect(by_key(visitor, "exports_views").locator("[aria-pressed=true]")).to_have_text(
                ["Alert", "Waterfall", "Main step in detail"]
            )


@contextmanager
def new_visitor(page: Page) -> Iterator[Page]:
    """A browser without a cache on a slow machine: it loads the code of each input when it first draws one."""
    browser = page.context.browser
    assert browser is not None
    context = come(browser, **VISITOR, viewport=WIDE)
    with closing(context):
        visitor = context.new_page()
        context.new_cdp_session(visitor).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        yield visitor


def begin(page: Page, world: World, name: str) -> None:
    """A new export, by its name; it begins with a schedule."""
    open_page(page, world.house, "Exports")
    press(page, "exports_new")
    by_key(page, "exports_first_name").locator("input").fill(name)
    page.keyboard.press("Tab")
    press(page, "exports_name_done")
    expect(by_key(page, "exports_name").locator("input")).to_have_value(name)
    expect(by_key(page, "exports_trigger_0_box").get_by_text("Schedule", exact=True)).to_be_visible()


def send_to_all(page: Page) -> None:
    """A mail, a Slack channel that is looked up, and a workflow of Teams; the link is there by itself."""
    for place, kind in enumerate(("email", "slack", "teams")):
        press(page, f"exports_add_{kind}")
        expect(by_key(page, f"exports_channel_{place}_box")).to_be_visible()
        settled(page)
    type_into(page, "exports_channel_0_set_to", TEAM, f"Add: {TEAM}")
    type_into(page, "exports_channel_1_set_channel", "general", "#general")


def type_into(page: Page, key: str, text: str, option: str) -> None:
    """Type into a list of choices until what is meant is offered, and take it.

    Where Streamlit draws the input anew meanwhile it forgets what was typed: one types again, as a person does.
    """
    offered, chosen, room = (
        page.get_by_role("option", name=option, exact=True),
        option.removeprefix("Add: "),
        by_key(page, key),
    )
    # What was added stands beside what is typed; the same text in the input alone says that it was not.
    taken = room.get_by_text(chosen, exact=True) if option != chosen else room.locator(f"input[value='{chosen}']")
    for _ in range(TRIES):
        room.locator("input").click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        with suppress(PlaywrightTimeout):
            offered.click(timeout=SEEN_WITHIN_MS)
            taken.first.wait_for(timeout=SEEN_WITHIN_MS)
            settled(page)
            return
    raise AssertionError(f"{option} is never offered by {key}")


def look(page: Page, where: str, name: str) -> None:
    """See what a destination is sent."""
    by_key(page, "exports_shown").get_by_text(where, exact=True).click()
    settled(page)
    shown = page.frame_locator(f"iframe[title='{PREVIEWS[where]}']")
    expect(shown.locator("body")).to_contain_text(re.compile("fell by|rose by|moved beyond"))
    expect(page.locator("[data-testid=stException], [data-testid=stAlertContentError]")).to_have_count(0)
    picture(page, f"way-{where.lower().replace(' ', '-')}-{name.lower()}")


def try_by_mail(page: Page, world: World) -> None:
    """A test goes to whoever asks, from what is not saved yet."""
    by_key(page, "exports_shown").get_by_text("E-mail", exact=True).click()
    settled(page)
    press(page, "exports_test")
    expect(page.get_by_text("The test is on its way to")).to_be_visible()
    wait_for(lambda: len(world.mails_to(ANNA)) == 1, what="test mail")
    assert world.mails_to(TEAM) == []
    assert len(world.app.exports.all()) == len(SAMPLES)


def hear_of_failures(page: Page) -> None:
    page.get_by_text("Alerts about this export").click()
    type_into(page, "exports_alert_failures", OPS, f"Add: {OPS}")


def save(page: Page) -> None:
    press(page, "exports_save")
    expect(page.get_by_text("The export is saved.")).to_be_visible()


def call(page: Page, url: str) -> str:
    """A plain GET, as a cron job does it; the run's id."""
    picture(page, "way-trigger-url")
    answer = subprocess.run(["curl", "-sS", url.strip()], capture_output=True, text=True, check=True).stdout
    return str(json.loads(answer)["run_id"])


def run_now(page: Page, world: World, name: str) -> str:
    card = page.locator("[class*=st-key-exports_card_]").filter(has_text=name)
    card.locator("[class*=st-key-exports_run_] button").first.click()
    settled(page)
    return run_of(world, name, "hand")


def switch_on(page: Page, world: World) -> None:
    """An archived channel was switched off: nothing goes there until a person says so."""
    open_page(page, world.house, "Exports")
    picture(page, "way-switched-off")
    page.locator("[class*=st-key-off_on_] button").click()
    expect(page.get_by_text("It is switched on.")).to_be_visible()


def run_of(world: World, name: str, how: str) -> str:
    """The id of the run of an export that began in this way."""
    rows = world.app.ledger.runs
    found = lambda: next((row.run.id for row in rows() if (row.run.name, row.run.trigger_kind) == (name, how)), "")  # noqa: E731
    return wait_for(found, what=f"run of {name} by {how}")


def posts_fail(fault: Fault) -> Callable[[Call], Fault | None]:
    return lambda call: fault if call.method == "chat.postMessage" else None


def arrives(world: World, run_id: str, state: str) -> None:
    wait_for(lambda: world.app.ledger.run(run_id).run.state in FINAL | {state}, what="end of the run")
    found = world.app.ledger.run(run_id)
    assert found.run.state == state, [(row.name, row.state, row.reason) for row in found.deliveries]


def show_run(page: Page, world: World, run_id: str, name: str, state: str) -> None:
    """The history has it, and tells all of it."""
    open_page(page, world.house, f"Runs?run={run_id}")
    heading = page.get_by_role("heading", name=re.compile(name))
    expect(heading).to_contain_text(state)
    for kind in ("Report link", "E-mail", "Slack", "Teams"):
        expect(page.get_by_text(re.compile(f"^{kind}")).first).to_be_visible()
