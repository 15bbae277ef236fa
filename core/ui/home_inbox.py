"""The inbox on Home: reports and alerts for whoever looks, those first that were not opened."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.model.runs import InboxCard
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.text import ago, escape

SHOWN = 10
ICONS = {"report": ":material/bar_chart:", "alert": ":material/warning:"}


def show_inbox(app: App) -> None:
    """The newest cards; nothing while there is none."""
    me = acting(app, "report.view").person_id
    unread = app.inbox.of(me, limit=SHOWN, only_unread=True)
    read = [card for card in app.inbox.of(me, limit=2 * SHOWN) if card.read_at is not None]
    cards = [*unread, *read][:SHOWN]
    if not cards:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### Inbox", width="stretch")
        if len(unread) > 1:
            st.button("Mark all read", key="home_inbox_all", type="tertiary", on_click=_read_all, args=(app,))
    for card in cards:
        with st.container(border=True, key=f"home_card_{card.id}"):
            _show(app, card)


def _show(app: App, card: InboxCard) -> None:
    is_new = card.read_at is None
    with st.container(horizontal=True, vertical_alignment="center"):
        title = escape(card.title)
        about = " · ".join(filter(None, [escape(str(card.body.get("export", ""))), ago(card.created_at, app.clock())]))
        st.markdown(
            f"{ICONS.get(card.kind, '')} {f'**{title}**' if is_new else title}  \n:small[:gray[{about}]]",
            width="stretch",
        )
        if is_new:
            st.button(
                "Mark read",
                key=f"home_card_read_{card.id}",
                type="tertiary",
                icon=":material/done:",
                on_click=_read,
                args=(app, card.id),
            )
        if card.link:
            st.link_button("Open", card.link, icon=":material/open_in_new:")
    lines = card.body.get("lines")
    if is_new and isinstance(lines, list):
        for line in lines:
            st.markdown(f":small[{escape(str(line))}]")


def _read(app: App, card_id: str) -> None:
    with attempt("The card is marked as read."):
        app.inbox.read(card_id, acting(app, "report.subscribe").person_id)


def _read_all(app: App) -> None:
    with attempt("All cards are marked as read."):
        app.inbox.read_all(acting(app, "report.subscribe").person_id)
