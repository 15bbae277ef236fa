"""What every page has: title, menu, the sidecar's mark, and the one place where errors become text."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import streamlit as st
import structlog
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from streamlit.delta_generator import DeltaGenerator

from core.access.rights import Action, may
from core.access.tokens import Caller
from core.app import App
from core.errors import BridgecastError, Cancelled
from core.report.theme import ThemeName
from core.ui import alert_bars, identity, loaders, sending
from core.ui.charts import ROOM_STYLE
from core.ui.state import SECTION_PARAM
from core.ui.text import escape

START_COMMAND = "python3 run.py"
BEAT_LOOK_S = 5
ICON = Path(__file__).with_name("icon.svg")
LOGO = Path(__file__).with_name("logo.svg")
INK, DARK_INK = "#0f172a", "#e5ebf2"
# Streamlit writes white on every primary button, too faint on the dark theme's light accent (WCAG 2.2, 1.4.3).
PRIMARY = '[data-testid^="stBaseButton-primary"]:not(:disabled) :is(p, span)'
BUTTON_INK = f"<style>{PRIMARY} {{ color: light-dark(#ffffff, {INK}); }}</style>"
LINK_STYLE = (
    "display: inline-block; padding: 7px 16px; border-radius: 8px; text-decoration: none; font-weight: 500; "
    f"background: light-dark(#334155, #8fb0d8); color: light-dark(#ffffff, {INK})"
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One line of the menu. action: what a person must be allowed to open it."""

    page: str
    title: str
    icon: str
    action: Action


HOME = Entry("Home.py", "Home", ":material/home:", "report.view")
DATA = Entry("pages/1_Data.py", "Data", ":material/table_chart:", "data.read")
BRIDGE = Entry("pages/2_Bridge.py", "Bridge", ":material/waterfall_chart:", "analysis.read")
EXPORTS = Entry("pages/3_Exports.py", "Exports", ":material/send:", "export.read")
RUNS = Entry("pages/5_Runs.py", "Runs", ":material/history:", "run.read")
CONNECTIONS = Entry("pages/6_Connections.py", "Connections", ":material/cable:", "connection.read")
SETTINGS = Entry("pages/7_Settings.py", "Settings", ":material/settings:", "token.own")
GROUPS = (("Understand", (DATA, BRIDGE)), ("Deliver", (EXPORTS, RUNS)), ("Organise", (CONNECTIONS, SETTINGS)))


def open_page(entry: Entry) -> App:
    """Set the title, let in whoever may, draw the menu, hand out the application. The first line of every page.

    In it every dataset that the person may not see is unknown, and so is what shows one.
    Ends the script with a sentence when the application cannot be opened, and for somebody who may not open the page.
    """
    # A Material icon here would be fetched from another host.
    st.set_page_config(page_title=f"{entry.title} · Bridgecast", page_icon=str(ICON), layout="wide")
    st.html(BUTTON_INK + ROOM_STYLE)
    st.logo(_logo(theme()), size="large")
    app = _open_app()
    caller = identity.find_caller(app)
    if caller is None:
        _ask_to_sign_in(app, entry)
        st.stop()
    with st.sidebar:
        _draw_menu(caller)
        _sidecar_mark(app)
        _show_who(app, caller)
    if not may(caller, entry.action):
        heading(entry.title)
        st.info(f"Your role is {caller.role}, which does not open this page.", icon=":material/lock:")
        st.stop()
    # In one place, however many: Streamlit drops a click in a fragment that has moved down meanwhile.
    with st.container():
        sending.say_when_held(app, caller)
        alert_bars.say_alerts(app, caller)
    return app.seen_by(caller)


def _ask_to_sign_in(app: App, entry: Entry) -> None:
    """One sentence and the way in. A plain link: the new cookie is only seen when the whole page is loaded again."""
    heading("Sign in")
    name = Path(entry.page).stem.partition("_")[2] or ""
    wanted = f"{app.settings.ui_base_url}/{name}" + (f"?{urlencode(st.query_params)}" if st.query_params else "")
    address = f"{app.settings.report_base_url}/login?{urlencode({'next': wanted})}"
    st.markdown("Bridgecast shows its pages to people who are signed in.")
    plain_link("Sign in", address)


def plain_link(label: str, address: str) -> None:
    """A link that leaves the page in the same tab, looking like a primary button; Streamlit's own open another tab."""
    st.html(f'<a href="{html.escape(address)}" target="_self" style="{LINK_STYLE}">{html.escape(label)}</a>')


def _show_who(app: App, caller: Caller) -> None:
    if caller.session_id is None:
        st.caption("Only this computer can open it.")
        st.page_link(SETTINGS.page, label="Add people…", query_params={SECTION_PARAM: "people"})
        return
    st.caption(f"{escape(caller.name)} · {caller.role}")
    st.button(
        "Sign out", key="frame_sign_out", type="tertiary", icon=":material/logout:", on_click=_sign_out, args=(app,)
    )


def _sign_out(app: App) -> None:
    app.sessions.sign_out(identity.session_secret() or "")


def _open_app() -> App:
    app = None
    with errors():
        app = loaders.app()
    if app is None:
        st.stop()
    return app


def heading(title: str) -> DeltaGenerator:
    """The page's title; the row it stands in takes what can be done with the whole page, to the right."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.title(title, anchor=False, width="stretch")
    return row


def _logo(theme: ThemeName) -> str:
    """The sign and the name as one picture; the name readable on the sidebar's colour."""
    picture = LOGO.read_text(encoding="utf-8")
    return picture.replace(INK, DARK_INK) if theme == "dark" else picture


def _draw_menu(caller: Caller) -> None:
    """What the person may open."""
    _link(HOME)
    for title, entries in GROUPS:
        allowed = [entry for entry in entries if may(caller, entry.action)]
        if allowed:
            st.caption(title)
        for entry in allowed:
            _link(entry)


def _link(entry: Entry) -> None:
    st.page_link(entry.page, label=entry.title, icon=entry.icon, width="stretch")


@st.fragment(run_every=BEAT_LOOK_S)
def _sidecar_mark(app: App) -> None:
    if loaders.is_sidecar_alive(app):
        st.markdown(":green[●] Sidecar alive")
        return
    st.markdown(":red[●] **Sidecar down.** Report links do not open. Start it:")
    st.code(START_COMMAND, language="bash")


@contextmanager
def errors() -> Iterator[None]:
    """Show what goes wrong inside the block and go on behind it: a sentence for what Bridgecast raised on purpose,
    a calm line with an id, and the whole story in the log, for anything else.
    """
    try:
        yield
    except BridgecastError as error:
        show_error(error)
    except ValidationError as error:
        st.error("\n\n".join(escape(_sentence(found)) for found in error.errors()), icon=":material/error:")
    except Exception as error:  # noqa: BLE001  the one place where pages turn the unexpected into text
        _show_unexpected(error)


def show_error(error: BridgecastError) -> None:
    """The sentence of an error. What somebody cancelled is no failure."""
    if isinstance(error, Cancelled):
        st.info("Cancelled. Nothing was changed.", icon=":material/block:")
        return
    st.error(escape(str(error)), icon=":material/error:")


def _sentence(found: ErrorDetails) -> str:
    """What pydantic refused, as a sentence."""
    text = found["msg"].removeprefix("Value error, ")
    place = " ".join(str(part) for part in found["loc"])
    return f"{place.capitalize()}: {text}." if place else f"{text}."


def _show_unexpected(error: Exception) -> None:
    number = uuid4().hex[:8]
    log.error("page failed", error_id=number, exc_info=error)
    st.error(
        f"Something unexpected happened, and nothing was changed. Load the page again; if it stays, "
        f"look for {number} in the log of run.py.",
        icon=":material/error:",
    )


def theme() -> ThemeName:
    """Whether the reader's page is light or dark, for charts."""
    return "dark" if st.context.theme.type == "dark" else "light"
