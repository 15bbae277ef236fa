"""The domains that mails may go to, on the Settings page."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.ui.identity import acting
from core.ui.notices import attempt

DOMAINS = "settings_recipient_domains"


def show_recipients(app: App) -> None:
    """The domains, one beside the other."""
    acting(app, "settings.write")
    st.subheader("Recipients", anchor=False)
    st.caption(
        "Mails go to addresses of these domains alone; to any while there is none. Asked when an export is saved, when "
        "somebody subscribes, and again whenever a mail is sent."
    )
    known = list(app.domains.all())
    with st.form("settings_recipients", border=False):
        st.multiselect(
            "Allowed domains",
            known,
            known,
            key=DOMAINS,
            placeholder="Any domain",
            help="Type a domain and press Enter: example.org, or *.example.org for its subdomains",
            accept_new_options=True,
        )
        st.form_submit_button("Keep", key="settings_recipients_keep", on_click=_keep, args=(app,))


def _keep(app: App) -> None:
    with attempt("Mails go to these domains alone." if st.session_state[DOMAINS] else "Mails go to any domain."):
        acting(app, "settings.write")
        app.domains.keep(st.session_state[DOMAINS])
        del st.session_state[DOMAINS]
