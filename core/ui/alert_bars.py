"""Red bars on every page: mail itself fails, or alerts wait that nobody could be told by mail."""

from __future__ import annotations

import streamlit as st

from core.access.rights import may
from core.access.tokens import Caller
from core.app import App
from core.ui.text import escape, moment, plural, zone


def say_alerts(app: App, caller: Caller) -> None:
    """What is wrong with mail, for those who can look after it, and that the caller's own alerts wait on Home."""
    trouble = app.alerts.mail_trouble() if may(caller, "connection.read") else None
    if trouble is not None:
        st.error(
            f"**Mail fails since {moment(trouble.since)} {zone()}, so nobody is told by mail.** "
            f"{escape(trouble.connection)}: {escape(trouble.text)} Correct it under Connections and test it.",
            icon=":material/mail_off:",
        )
    if unread := app.inbox.unread(caller.person_id, "alert"):
        st.error(
            f"**{plural(unread, 'alert')} about exports.** Read them in the inbox on Home.", icon=":material/warning:"
        )
