"""The wording of comments and alerts: choose a message, write it in own words, save or reset."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.errors import DataError
from core.model.delivery import Locale
from core.report.editable import EDITABLE, PLACEHOLDERS, SUBJECTS, Editable, Subject
from core.ui import frame, inputs
from core.ui.bridge_state import follow
from core.ui.exports_words import LOCALES
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import ago, escape, plural
from core.wording import Template, checked_template

LANGUAGE, SUBJECT, MESSAGE, TEXT = "settings_language", "settings_subject", "settings_message", "settings_text"
DRAFTS = "settings_drafts"
LANGUAGE_PARAM, MESSAGE_PARAM = "language", "message"
FIRST: dict[Subject, str] = {
    subject: next(key for key, message in EDITABLE.items() if message.subject == subject) for subject in SUBJECTS
}
Drafts = dict[str, str]


def language() -> Locale:
    """The language the address names, else English."""
    asked = st.query_params.get(LANGUAGE_PARAM, "")
    return next((locale for locale in LOCALES if locale == asked), "en")


def message() -> Editable:
    """The message the address names, else the first one."""
    return EDITABLE.get(st.query_params.get(MESSAGE_PARAM, ""), next(iter(EDITABLE.values())))


def drafts(locale: str | None = None) -> Drafts:
    """What is written and not yet saved in a language, the chosen one unless another is said, by key."""
    kept: dict[str, Drafts] = st.session_state.setdefault(DRAFTS, {})
    return kept.setdefault(locale or language(), {})


def sound(written: Drafts) -> Drafts:
    """The drafts that could be kept as they stand."""
    return {key: text for key, text in written.items() if _problem(key, text) is None}


def edit_words(app: App, templates: list[Template]) -> None:
    """The form: language, message, its text."""
    by_key = {template.message.key: template for template in templates}
    _choose(by_key)
    _say_where(by_key)
    template = by_key[message().key]
    _write(template)
    with st.container(horizontal=True, vertical_alignment="center"):
        _save_button(app)
        st.button(
            "Reset to the default",
            key="settings_reset",
            disabled=template.own is None and template.message.key not in drafts(),
            on_click=_reset,
            args=(app,),
        )
    if template.changed_at is not None:
        who = f" by {name}" if (name := app.people.called(template.changed_by)) else ""
        st.caption(escape(f"Changed {ago(template.changed_at, app.clock())}{who}."))


def _choose(by_key: dict[str, Template]) -> None:
    chosen = message()
    with st.container(horizontal=True):
        follow(LANGUAGE, language())
        inputs.segmented_control(
            "Language",
            list(LOCALES),
            format_func=LOCALES.__getitem__,
            key=LANGUAGE,
            required=True,
            on_change=lambda: _go(LANGUAGE_PARAM, st.session_state[LANGUAGE]),
        )
        follow(SUBJECT, chosen.subject)
        inputs.segmented_control(
            "Kind of text",
            list(SUBJECTS),
            format_func=SUBJECTS.__getitem__,
            key=SUBJECT,
            required=True,
            on_change=lambda: _go(MESSAGE_PARAM, FIRST[st.session_state[SUBJECT]]),
        )
    follow(MESSAGE, chosen.key)
    inputs.selectbox(
        "When it is said",
        [key for key, template in by_key.items() if template.message.subject == chosen.subject],
        format_func=lambda key: EDITABLE[key].description,
        key=MESSAGE,
        on_change=lambda: _go(MESSAGE_PARAM, st.session_state[MESSAGE]),
    )


def _go(param: str, value: str) -> None:
    """Into the address, so that a choice can be shared, and the browser's Back undoes it."""
    st.query_params[param] = value


def _say_where(by_key: dict[str, Template]) -> None:
    """Which messages are in own words, and which are written but not saved: the list itself keeps its labels."""
    own = [template.message.description for template in by_key.values() if template.own is not None]
    open_ = [by_key[key].message.description for key in drafts()]
    for lead, found in (("In own words", own), ("Not saved yet", open_)):
        if found:
            st.caption(f"{lead}: {escape('; '.join(found))}")


def _write(template: Template) -> None:
    chosen, written = template.message, drafts()
    key = f"{TEXT}_{template.language}_{chosen.key}"
    follow(key, written.get(chosen.key, template.text))
    inputs.text_area("Text", key=key, height=90, on_change=_keep_draft, args=(template, key))
    if chosen.key in written and (problem := _problem(chosen.key, written[chosen.key])):
        st.error(escape(problem), icon=":material/error:")
    names = " · ".join(f"**{escape('{' + name + '}')}** {PLACEHOLDERS[name]}" for name in chosen.placeholders)
    st.caption(f"Stands for: {names}")
    if template.own is not None or chosen.key in written:
        st.caption(f"Default: {escape(template.default)}")


def _keep_draft(template: Template, key: str) -> None:
    """What is written is kept while other messages are looked at; the saved text is no draft."""
    text, written = st.session_state[key].strip(), drafts(template.language)
    if text == template.text:
        written.pop(template.message.key, None)
    else:
        written[template.message.key] = text


def _problem(key: str, text: str) -> str | None:
    try:
        checked_template(language(), key, text)
    except DataError as error:
        return str(error)
    return None


def _save_button(app: App) -> None:
    count = len(drafts())
    st.button(
        f"Save {count} texts" if count > 1 else "Save",
        key="settings_save",
        type="primary",
        disabled=not count or len(sound(drafts())) < count,
        on_click=_save,
        args=(app, language()),
    )


def _save(app: App, locale: str) -> None:
    written = drafts(locale)
    with attempt("Saved. Reports show it at their next load."):
        me = acting(app, "settings.write").person_id
        for key, text in written.items():
            app.templates.keep(locale, key, text, by=me)
        written.clear()


def _reset(app: App) -> None:
    """The text that is chosen now, also where the page has not shown it yet."""
    key = message().key
    drafts().pop(key, None)
    with attempt("Back to the default."):
        acting(app, "settings.write")
        app.templates.reset(language(), key)


@st.dialog("Reset all texts")
def reset_all_dialog(app: App, count: int) -> None:
    """Ask before all own words of the language are gone."""
    begin_dialog()
    own = plural(count, "text")
    st.markdown(f"{own} in own words in **{LOCALES[language()]}** will read as the default again, in every report.")
    st.button("Reset all", key="settings_reset_all_now", type="primary", on_click=_reset_all, args=(app,))


def _reset_all(app: App) -> None:
    drafts().clear()
    with attempt(f"All texts in {LOCALES[language()]} are back to the default."):
        acting(app, "settings.write")
        app.templates.reset_all(language())


def show_wrong_address() -> None:
    """Say which part of the address is not known."""
    for param, known in ((LANGUAGE_PARAM, LOCALES), (MESSAGE_PARAM, EDITABLE)):
        asked = st.query_params.get(param)
        if asked is not None and asked not in known:
            frame.show_error(DataError(f"The address names the {param} '{asked}', which is not known."))
