"""One schedule in the form of an export: a rule in words or cron, its zone, what is left out, the next five times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import streamlit as st

from core.app import App
from core.delivery.rules import check_rule, next_fires
from core.delivery.zones import ClockChange, clock_change, zone_names
from core.model.triggers import CalendarRule, CatchUp, Overlap, ScheduleTrigger
from core.ui import inputs
from core.ui.text import plural, zone

HOWS = {"rule": "In words", "cron": "Cron"}
EVERY = {
    "hour": "Every hour",
    "day": "Every day",
    "weekday": "Monday to Friday",
    "week": "On chosen weekdays",
    "day_of_month": "Every month, on a day",
    "last_day": "Every month, on the last day",
    "business_day": "Every month, on a business day",
}
DAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 7: "Sun"}
BUSINESS_DAYS = [*range(1, 21), *range(-1, -6, -1)]
CATCH_UPS: dict[CatchUp, str] = {"latest": "Once, for the latest", "all": "Each of them", "skip": "None of them"}
OVERLAPS: dict[Overlap, str] = {"skip": "Leave the new one out", "queue_one": "Let one wait", "allow": "Run both"}
FIRES = 5


def default_schedule() -> ScheduleTrigger:
    """What a new export starts with: weekdays at 09:00 where the person is."""
    here = zone()
    known = here if here in zone_names() else "UTC"
    return ScheduleTrigger(rule=CalendarRule(every="weekday", at="09:00"), zone=known)


def edit_schedule(app: App, key: str, start: ScheduleTrigger) -> None:
    """The inputs of one schedule. key: what the session's keys begin with; start: what they begin as."""
    _fill(key, start)
    inputs.segmented_control("Written", list(HOWS), format_func=HOWS.__getitem__, key=f"{key}_how", required=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state[f"{key}_how"] == "cron":
            inputs.text_input(
                "Cron", key=f"{key}_cron", placeholder="0 9 * * 1-5", help="Minute, hour, day, month, day of the week"
            )
        else:
            _edit_rule(key)
        inputs.selectbox("Time zone", zone_names(), key=f"{key}_zone", width=220)
    with st.expander("Holidays, end, missed times"):
        _edit_rest(key)
    _show_next(app, key, start)


def schedule_of(key: str, start: ScheduleTrigger) -> ScheduleTrigger:
    """What the inputs say. Raises ValidationError."""
    _fill(key, start)
    session = st.session_state
    is_cron = session[f"{key}_how"] == "cron"
    said = {
        "cron": str(session[f"{key}_cron"]).strip() if is_cron else None,
        "rule": None if is_cron else _rule_of(key),
        "zone": session[f"{key}_zone"],
        "holidays": str(session[f"{key}_holidays"]).strip() or None,
        "ends_at": _end_of(key, start),
        "is_paused": session[f"{key}_paused"],
        "catch_up": session[f"{key}_catch_up"],
        "overlap": session[f"{key}_overlap"],
    }
    return ScheduleTrigger.model_validate(start.model_dump() | said)


def _fill(key: str, start: ScheduleTrigger) -> None:
    """Values for inputs that have none: Streamlit forgets those of inputs that were not drawn."""
    rule = start.rule or CalendarRule(every="weekday")
    begins: dict[str, Any] = {
        "how": "cron" if start.cron is not None else "rule",
        "cron": start.cron or "0 9 * * 1-5",
        "every": _choice_of(rule),
        "at": time.fromisoformat(rule.at),
        "minute": int(rule.at.split(":")[1]),
        "weekdays": list(rule.weekdays) or [1],
        "day": rule.day or 1,
        "business_day": rule.business_day or 1,
        "zone": start.zone,
        "holidays": start.holidays or "",
        "ends": _day_of(start),
        "paused": start.is_paused,
        "catch_up": start.catch_up,
        "overlap": start.overlap,
    }
    for name, value in begins.items():
        st.session_state.setdefault(f"{key}_{name}", value)


def _choice_of(rule: CalendarRule) -> str:
    if rule.every != "month":
        return rule.every
    if rule.is_last_day:
        return "last_day"
    return "day_of_month" if rule.business_day is None else "business_day"


def _edit_rule(key: str) -> None:
    inputs.selectbox("When", list(EVERY), format_func=EVERY.__getitem__, key=f"{key}_every", width=240)
    match st.session_state[f"{key}_every"]:
        case "week":
            inputs.pills(
                "Days", list(DAYS), format_func=DAYS.__getitem__, key=f"{key}_weekdays", selection_mode="multi"
            )
        case "day_of_month":
            inputs.number_input(
                "Day", 1, 31, step=1, key=f"{key}_day", help="A shorter month takes its last day", width=110
            )
        case "business_day":
            inputs.selectbox("Business day", BUSINESS_DAYS, format_func=_nth, key=f"{key}_business_day", width=160)
    if st.session_state[f"{key}_every"] == "hour":
        inputs.number_input("At minute", 0, 59, step=1, key=f"{key}_minute", width=110)
    else:
        inputs.time_input("At", key=f"{key}_at", step=300, width=120)


def _nth(number: int) -> str:
    if number > 0:
        return f"No. {number}"
    return "The last one" if number == -1 else f"No. {-number} from the end"


def _rule_of(key: str) -> CalendarRule:
    session = st.session_state
    every = session[f"{key}_every"]
    at = f"00:{session[f'{key}_minute']:02d}" if every == "hour" else f"{session[f'{key}_at']:%H:%M}"
    own: dict[str, dict[str, Any]] = {
        "week": {"every": "week", "weekdays": tuple(sorted(session[f"{key}_weekdays"]))},
        "day_of_month": {"every": "month", "day": session[f"{key}_day"]},
        "last_day": {"every": "month", "is_last_day": True},
        "business_day": {"every": "month", "business_day": session[f"{key}_business_day"]},
    }
    return CalendarRule.model_validate({"at": at, **own.get(every, {"every": every})})


def _edit_rest(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        inputs.text_input(
            "Not on public holidays of",
            key=f"{key}_holidays",
            placeholder="no country",
            help="A country, or country and region: DE, DE-BY",
            width=200,
        )
        inputs.date_input("Ends before", key=f"{key}_ends", help="Nothing runs from this day on", width=180)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        inputs.selectbox(
            "Times that were missed",
            get_args(CatchUp),
            format_func=CATCH_UPS.__getitem__,
            key=f"{key}_catch_up",
            help="While the sidecar was down",
            width=200,
        )
        inputs.selectbox(
            "While a run is under way",
            get_args(Overlap),
            format_func=OVERLAPS.__getitem__,
            key=f"{key}_overlap",
            width=200,
        )
    inputs.toggle("Paused", key=f"{key}_paused")


def _day_of(start: ScheduleTrigger) -> date | None:
    return start.ends_at.astimezone(ZoneInfo(start.zone)).date() if start.ends_at else None


def _end_of(key: str, start: ScheduleTrigger) -> datetime | None:
    """The beginning of the day that was chosen; a moment set by the API stays while nobody chooses another."""
    day, chosen_zone = st.session_state[f"{key}_ends"], st.session_state[f"{key}_zone"]
    if day == _day_of(start) and chosen_zone == start.zone:
        return start.ends_at
    return datetime.combine(day, time(), ZoneInfo(chosen_zone)) if day else None


def _show_next(app: App, key: str, start: ScheduleTrigger) -> None:
    """The next times with their offset. Raises DataError and ValidationError for a rule that is none."""
    trigger = schedule_of(key, start)
    check_rule(trigger)
    if trigger.is_paused:
        st.caption(":material/pause: Paused: nothing runs by this schedule.")
        return
    fires = next_fires(trigger, app.clock(), FIRES)
    shown = [_with_offset(at.astimezone(ZoneInfo(trigger.zone))) for at in fires]
    st.caption("Next: " + " · ".join(shown) if shown else "It never runs again.")
    if change := clock_change(ZoneInfo(trigger.zone), app.clock()):
        st.caption(f":material/schedule: {_said(trigger, change)}")


def _said(trigger: ScheduleTrigger, change: ClockChange) -> str:
    """What a change of clocks means for a schedule."""
    at = change.at.astimezone(ZoneInfo(trigger.zone))
    minutes = int(abs(change.by).total_seconds()) // 60
    by = plural(minutes // 60, "hour") if minutes % 60 == 0 else plural(minutes, "minute")
    if change.by > timedelta(0):
        means = f"forward by {by}: a time that is skipped runs at {at:%H:%M}"
    else:
        means = f"back by {by}: a time that comes twice runs at its first coming"
    return f"On {at:%a %d %b %Y} clocks in {trigger.zone} go {means}. What runs every hour goes on in real hours."


def _with_offset(at: datetime) -> str:
    return f"{at:%a %d %b %Y, %H:%M} (UTC{at.isoformat()[-6:]})"
