"""Settings: comments, headlines and alerts in the organisation's own words."""

import streamlit as st

from core.ui import frame
from core.ui.bridge_saved import tell
from core.ui.settings_preview import show_preview
from core.ui.settings_words import edit_words, language, message, reset_all_dialog, show_wrong_address

app = frame.open_page(frame.SETTINGS)
tell()
actions = frame.heading("Settings")
with frame.errors():
    templates = app.templates.all(language())
    own = [template for template in templates if template.own is not None]
    if own and actions.button("Reset all texts…", key="settings_reset_all"):
        reset_all_dialog(app, len(own))
    st.subheader("Comments and alerts", anchor=False)
    st.caption("Write them as your organisation would say it. Numbers, colours and segments come from the data.")
    show_wrong_address()
    form, preview = st.columns([5, 6], gap="large")
    with form:
        edit_words(app, templates)
    with preview:
        show_preview(app, next(template for template in templates if template.message == message()))
