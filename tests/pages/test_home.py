"""Home: empty, filled, one action, failures shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.app import App
from core.store import heartbeat
from tests.pages.driving import Open, texts


def test_an_empty_home_says_so_and_offers_one_button(open_page: Open) -> None:
    home = open_page()
    assert "No KPI is saved yet." in texts(home)
    assert home.button(key="home_load").label == "Load data"


@pytest.mark.usefixtures("demo")
def test_it_shows_the_samples_as_bridges_with_their_headlines(open_page: Open) -> None:
    home = open_page()
    assert "##### Shop revenue" in texts(home)
    assert "##### Avocado revenue" in texts(home)
    assert len(home.get("vega_lite_chart")) == 2
    assert "Revenue" in texts(home)
    assert not home.error


@pytest.mark.usefixtures("demo")
def test_each_card_says_which_data_it_is_drawn_from(open_page: Open) -> None:
    ages = [caption.value for caption in open_page().caption if caption.value.startswith("Data version 1")]
    assert len(ages) == 2
    assert all("covers until" in age for age in ages)


@pytest.mark.usefixtures("demo")
def test_reports_are_called_by_the_names_of_their_exports(open_page: Open) -> None:
    labels = sorted(link.proto.label for link in open_page().get("link_button"))
    assert labels == ["Avocado revenue report", "Shop revenue report"]


def test_load_data_goes_to_the_form_for_new_data(open_page: Open) -> None:
    home = open_page()
    home.button(key="home_load").click().run()
    assert "Load new data" in texts(home)


def test_a_sidecar_that_is_down_is_marked_with_the_command_that_starts_it(open_page: Open) -> None:
    home = open_page()
    assert ":red[●] **Sidecar down.**" in texts(home)
    assert [code.value for code in home.code] == ["python3 run.py"]


def test_a_fresh_heartbeat_is_a_green_dot(app: App, open_page: Open) -> None:
    with app.store.write() as session:
        heartbeat.write_beat(session, pid=os.getpid(), now=app.clock(), started_at=app.clock())
    assert ":green[●] Sidecar alive" in texts(open_page())


def test_a_wrong_setting_is_shown_as_a_sentence(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGECAST_API_PORT", "99999")
    home = open_page()
    assert len(home.error) == 1
    assert "BRIDGECAST\\_API\\_PORT" in home.error[0].value


@pytest.mark.usefixtures("demo")
def test_a_card_whose_data_is_gone_says_so_and_the_others_stay(open_page: Open, app: App, data_dir: Path) -> None:
    app.warehouse.drop("avocados")
    home = open_page()
    assert len(home.get("vega_lite_chart")) == 1
    assert len(home.error) == 1
