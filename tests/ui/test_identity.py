from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit as st

from core.app import App
from core.ui import identity


def asked_as(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(st, "context", SimpleNamespace(headers={"Host": host}, cookies={}))


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "localhost"])
def test_this_computer_by_its_own_name_opens_it_as_the_owner(
    empty_app: App, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    asked_as(monkeypatch, host)
    caller = identity.find_caller(empty_app)
    assert caller is not None
    assert (caller.role, caller.session_id) == ("owner", None)


@pytest.mark.parametrize("host", ["evil.example:8501", "192.168.0.5:8501", "localhost.evil.example", ""])
def test_under_another_name_it_opens_for_nobody(empty_app: App, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    asked_as(monkeypatch, host)
    assert identity.find_caller(empty_app) is None


def test_once_somebody_has_a_password_it_opens_for_nobody(empty_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_as(monkeypatch, "localhost:8501")
    empty_app.people.set_password(empty_app.owner.id, "correct horse")
    assert identity.find_caller(empty_app) is None
