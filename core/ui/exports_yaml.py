"""One export as YAML: to download, and to change by a text of which the difference is seen before it is taken."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.definitions import Definer
from core.delivery.exports import SavedExport
from core.model.naming import plain_name
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog

TEXT, FILE = "exports_yaml_text", "exports_yaml_file"
CHANGED = "The text has changed. Look at what it would change now, then take it."


@st.dialog("Export as YAML", width="large")
def yaml_dialog(app: App, export: SavedExport) -> None:
    """Download it, or change it by another text. Passwords and tokens are not in it, connections stand by name."""
    begin_dialog()
    now = _definer(app).text_of(export)
    st.download_button(
        "Download",
        now,
        file_name=f"{plain_name(export.spec.name, longest=60, otherwise='export')}.yaml",
        mime="application/yaml",
        icon=":material/download:",
        key="exports_yaml_download",
        on_click="ignore",
    )
    key = f"{TEXT}_{export.id}_{export.revision}"
    st.session_state.setdefault(key, now)
    inputs.text_area("Change it here, or paste another", key=key, height=320)
    st.file_uploader("Or upload a file", type=["yaml", "yml"], key=FILE, max_upload_size=1)
    text = _text(key)
    if text == now:
        return
    with frame.errors():
        change = _definer(app).take_export(text, export.id, by=_me(app), is_dry_run=True)
        if not change.diff:
            st.caption("It says the same.")
            return
        st.markdown("**What would change**")
        st.code(change.diff, language="diff", wrap_lines=True)
        st.button("Take it", key="exports_yaml_take", type="primary", on_click=_take, args=(app, export, key, text))


def _text(key: str) -> str:
    """The file, else what is typed."""
    uploaded = st.session_state.get(FILE)
    return uploaded.getvalue().decode("utf-8", errors="replace") if uploaded else str(st.session_state[key])


def _take(app: App, export: SavedExport, key: str, text: str) -> None:
    """text: of which the difference was seen; another one, written since, is shown first."""
    if _text(key) != text:
        st.session_state[keys.PROBLEM] = CHANGED
        return
    with attempt(f"'{export.spec.name}' is what the YAML says."):
        _definer(app).take_export(text, export.id, by=_me(app), is_dry_run=False)


def _me(app: App) -> str:
    return acting(app, "export.write").person_id


def _definer(app: App) -> Definer:
    return Definer(app.store, app.analyses, app.exports, app.connections)
