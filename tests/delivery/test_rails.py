"""The sidecar's rounds: what begins, and what waits until that is sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.app import App
from core.delivery.meters import Meters
from core.delivery.rails import Rails
from core.scheduler import rails_of


@pytest.fixture
def rails(sales_app: App) -> Iterator[Rails]:
    made = rails_of(sales_app, Meters())
    yield made
    made.end()


def test_nothing_is_sent_before_it_is_sure_that_this_store_is_no_copy(rails: Rails, tmp_path: Path) -> None:
    """The mark of the folder cannot be read at first."""
    mark = tmp_path / "a folder"
    mark.mkdir()
    blind = replace(rails, sending=replace(rails.sending, home=mark))
    blind.begin()
    blind.plan()
    assert not rails.executor.is_started
    rails.plan()
    assert rails.executor.is_started
