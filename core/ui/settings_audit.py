"""The audit on the Settings page: who did what, when, from where; by act, person and time, and as a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from core.access.rights import may
from core.app import App
from core.audit_log import LONGEST_DAYS, Filter, csv_of
from core.model.access import AuditEntry
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.text import counted, plural, zone

ACT, PERSON, TIME = "settings_audit_act", "settings_audit_person", "settings_audit_time"
DAYS = "settings_audit_days"
SHOWN = 500
MOST_IN_FILE = 100_000
LAST_DAYS = 30
ITSELF = "Bridgecast"


def show_audit(app: App) -> None:
    """Filters, the newest entries, the file, and for how long they are kept."""
    caller = acting(app, "audit.read")
    st.subheader("Audit", anchor=False)
    st.caption("Sign-ins, changes, rotations, and who looked at reports that are not public. Nobody can change it.")
    people = app.audit.people()
    asked = _filter(app, people)
    entries = app.audit.entries(asked, limit=SHOWN + 1)
    if entries:
        st.dataframe(_table(entries[:SHOWN]), hide_index=True, width="stretch", column_config=_columns())
    else:
        st.info("There is no such entry. Choose other filters.", icon=":material/search_off:")
    shown = f"The newest {counted(SHOWN)} entries." if len(entries) > SHOWN else plural(len(entries), "act") + "."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{shown} Times in {zone()}.", width="stretch")
        st.download_button(
            "Download CSV",
            data=lambda: csv_of(app.audit.entries(asked, limit=MOST_IN_FILE)).encode("utf-8-sig"),
            file_name="audit.csv",
            mime="text/csv",
            key="settings_audit_csv",
            icon=":material/download:",
            on_click="ignore",
            disabled=not entries,
        )
    if may(caller, "settings.write"):
        _retention(app)


def _filter(app: App, people: dict[str, str]) -> Filter:
    today = datetime.now(ZoneInfo(zone())).date()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        act = st.selectbox("Act", _offered(app.audit.acts()), index=None, format_func=_said, key=ACT, placeholder="All")
        person = st.selectbox(
            "Person", list(people), index=None, format_func=people.__getitem__, key=PERSON, placeholder="Everybody"
        )
        days = st.date_input("From, to", (today - timedelta(days=LAST_DAYS - 1), today), key=TIME, max_value=today)
    first, last = (days[0], days[-1]) if isinstance(days, tuple) and days else (None, None)
    until = _midnight(last + timedelta(days=1)) if last else None
    return Filter(act=act, person=person, since=_midnight(first) if first else None, until=until)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone()))


def _offered(acts: list[str]) -> list[str]:
    """All acts, with the kinds that have several before them."""
    kinds = [act.partition(".")[0] for act in acts]
    several = {kind for kind in kinds if kinds.count(kind) > 1}
    return sorted({*acts, *several})


def _said(act: str) -> str:
    """ "link.rotated" as "Link rotated", "link" as "Link: all"."""
    kind, dot, verb = act.replace("_", " ").partition(".")
    return f"{kind.capitalize()} {verb}" if dot else f"{kind.capitalize()}: all"


def _table(entries: list[AuditEntry]) -> pl.DataFrame:
    here = ZoneInfo(zone())
    rows: list[dict[str, Any]] = [
        {
            "When": entry.at.astimezone(UTC).astimezone(here).replace(tzinfo=None),
            "Who": entry.person or (ITSELF if not entry.address else "Unknown"),
            "What": _said(entry.act),
            "On": entry.subject,
            "From where": entry.address,
            "Details": ", ".join(f"{name}: {_plain(value)}" for name, value in entry.detail.items()),
        }
        for entry in entries
    ]
    return pl.DataFrame(rows)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _columns() -> dict[str, Any]:
    return {"When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss")}


def _retention(app: App) -> None:
    with st.form("settings_audit_retention", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Keep entries for, in days", 1, LONGEST_DAYS, app.audit.days, key=DAYS, width=220)
        st.form_submit_button("Keep", key="settings_audit_keep", on_click=_keep, args=(app,))


def _keep(app: App) -> None:
    days = int(st.session_state[DAYS])
    with attempt(f"Entries are kept for {plural(days, 'day')}."):
        acting(app, "settings.write")
        app.audit.keep_for(days)
