"""The parts of the Settings page, each for those who may; the address names the one that is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.access.rights import Action
from core.app import App
from core.ui import inputs
from core.ui.bridge_state import follow
from core.ui.identity import can
from core.ui.settings_account import show_account
from core.ui.settings_audit import show_audit
from core.ui.settings_people import show_people
from core.ui.settings_preview import show_preview
from core.ui.settings_public import show_public
from core.ui.settings_recipients import show_recipients
from core.ui.settings_tokens import show_tokens
from core.ui.settings_words import edit_words, language, message, reset_all_dialog, show_wrong_address
from core.ui.state import SECTION_PARAM

CHOICE = "settings_section"


@dataclass(frozen=True)
class Section:
    """One part. key: what the address calls it."""

    key: str
    title: str
    action: Action
    show: Callable[[App], None]


def show_words(app: App) -> None:
    """Comments and alerts in the organisation's own words."""
    templates = app.templates.all(language())
    own = [template for template in templates if template.own is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Comments and alerts", anchor=False, width="stretch")
        if own and st.button("Reset all texts…", key="settings_reset_all"):
            reset_all_dialog(app, len(own))
    st.caption("Write them as your organisation would say it. Numbers, colours and segments come from the data.")
    show_wrong_address()
    form, preview = st.columns([5, 6], gap="large")
    with form:
        edit_words(app, templates)
    with preview:
        show_preview(app, next(template for template in templates if template.message == message()))


SECTIONS = (
    Section("texts", "Comments and alerts", "settings.write", show_words),
    Section("people", "People", "people.read", show_people),
    Section("tokens", "API tokens", "token.own", show_tokens),
    Section("recipients", "Recipients", "settings.write", show_recipients),
    Section("public", "Public links", "link.list", show_public),
    Section("audit", "Audit", "audit.read", show_audit),
    Section("account", "Your account", "token.own", show_account),
)


def choose(app: App) -> Section:
    """The part that the address names, of those that the person may see; else the first."""
    allowed = {section.key: section for section in SECTIONS if can(app, section.action)}
    asked = st.query_params.get(SECTION_PARAM, "")
    chosen = asked if asked in allowed else next(iter(allowed))
    if len(allowed) > 1:
        follow(CHOICE, chosen)
        inputs.segmented_control(
            "Part of the settings",
            list(allowed),
            format_func=lambda key: allowed[key].title,
            key=CHOICE,
            required=True,
            label_visibility="collapsed",
            on_change=_go,
        )
    return allowed[chosen]


def _go() -> None:
    st.query_params.from_dict({SECTION_PARAM: st.session_state[CHOICE]})
