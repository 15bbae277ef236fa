"""Who looks at the page: found anew at every run by the browser's cookie, so that an ended session counts at once."""

from __future__ import annotations

import streamlit as st

from core.access.rights import Action, may, require
from core.access.sessions import COOKIE
from core.access.tokens import Caller
from core.app import App
from core.errors import AccessDenied


def session_secret() -> str | None:
    """What the browser's cookie held when the page was loaded."""
    found = st.context.cookies.get(COOKIE)
    # AppTest, which is no browser, answers everything with an object of its own.
    return found if isinstance(found, str) else None


def is_open(app: App) -> bool:
    """Whether the page opens as the built-in owner: nobody has a password, and only this computer can reach it."""
    return app.settings.is_only_local and not app.sessions.has_password()


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
    return caller
