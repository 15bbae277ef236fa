from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.context import StreamlitHeaders

from core.access.audit import acting, actor
from core.access.sessions import COOKIE, Visitor
from core.app import App, open_app
from core.settings import Settings
from core.ui import identity


def asked_as(monkeypatch: pytest.MonkeyPatch, host: str, peer: str | None = None, **more: str) -> None:
    headers = [("Host", host), *((name.replace("_", "-"), value) for name, value in more.items())]
    context = SimpleNamespace(headers=StreamlitHeaders(headers), cookies={}, ip_address=peer)
    monkeypatch.setattr(st, "context", context)


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


@pytest.mark.parametrize("name", ["X_Forwarded_For", "x_real_ip", "Forwarded", "Via", "X_Forwarded_Host"])
def test_behind_a_proxy_that_nobody_told_of_it_opens_for_nobody(
    empty_app: App, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked_as(monkeypatch, "127.0.0.1:8501", **{name: "203.0.113.9"})
    assert identity.find_caller(empty_app) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (None, "203.0.113.9", "203.0.113.9"),
        (None, "", ""),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("198.51.100.7", "", "198.51.100.7"),
    ],
)
def test_a_trusted_proxy_says_from_where_somebody_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: str | None, forwarded: str, address: str
) -> None:
    app = open_app(Settings(data_dir=tmp_path, demo=False, trusted_proxies="127.0.0.1"))
    try:
        own = app.sessions.open(app.owner.id, Visitor())
        asked_as(monkeypatch, "localhost", peer, **({"X_Forwarded_For": forwarded} if forwarded else {}))
        monkeypatch.setattr(st.context, "cookies", {COOKIE: own})
        with acting():
            identity.acting(app, "token.own")
            assert actor().address == address
    finally:
        app.close()


def test_once_somebody_has_a_password_it_opens_for_nobody(empty_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_as(monkeypatch, "localhost:8501")
    empty_app.people.set_password(empty_app.owner.id, "correct horse")
    assert identity.find_caller(empty_app) is None
