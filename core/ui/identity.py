"""Who looks at the page: found anew at every run by the browser's cookie, so that an ended session counts at once."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from core.access.audit import now_acts
from core.access.rights import Action, may, require
from core.access.sessions import COOKIE
from core.access.tokens import Caller
from core.app import App
from core.errors import AccessDenied
from core.settings import LOOPBACK
from core.web.proxies import visitor_address

OF_PROXIES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def session_secret() -> str | None:
    """What the browser's cookie held when the page was loaded."""
    found = st.context.cookies.get(COOKIE)
    # AppTest, which is no browser, answers everything with an object of its own.
    return found if isinstance(found, str) else None


def is_open(app: App) -> bool:
    """Whether the page opens as the built-in owner: nobody has a password, and only this computer can reach it."""
    is_set_up = app.settings.has_oidc or app.sessions.has_password()
    return app.settings.is_only_local and is_asked_locally() and not is_set_up


def is_asked_locally() -> bool:
    """Whether the browser calls this computer by its own name, and nobody in between does so for it.

    Another name may be a stranger's that was made to lead here (DNS rebinding), whose page could then act as the
    owner. A proxy that nobody told us of calls by our own name whoever comes to it.
    """
    headers = st.context.headers
    if any(isinstance(headers.get(name), str) for name in OF_PROXIES):
        return False
    host = headers.get("Host")
    return not isinstance(host, str) or urlsplit(f"//{host}").hostname in LOOPBACK


def find_caller(app: App) -> Caller | None:
    """Who looks at the page; None for somebody who is not signed in."""
    if caller := app.sessions.caller_of(session_secret()):
        return caller
    return app.sessions.built_in_owner() if is_open(app) else None


def can(app: App, action: Action) -> bool:
    """Whether whoever looks at the page may do this: for what is shown, not for what is done."""
    caller = find_caller(app)
    return caller is not None and may(caller, action)


def acting(app: App, action: Action) -> Caller:
    """The person who does this. What a click sets going runs before the page's own guard: it asks here.

    Raises AccessDenied when the session has ended meanwhile, or the person may not.
    """
    caller = find_caller(app)
    if caller is None:
        raise AccessDenied("You are no longer signed in. Load the page again and sign in; nothing was changed.")
    require(caller, action)
    now_acts(caller, caller_address(app))
    return caller


def caller_address(app: App) -> str:
    """From where the page is looked at, as far as trusted proxies tell; empty for this computer itself."""
    peer, trusted = st.context.ip_address, app.settings.trusted_networks
    forwarded = st.context.headers.get_all("X-Forwarded-For") if trusted else []
    found = visitor_address(peer if isinstance(peer, str) else LOOPBACK[1], forwarded, trusted)
    return "" if found in LOOPBACK else found
