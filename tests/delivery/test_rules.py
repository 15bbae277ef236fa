from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.delivery import rules
from core.delivery.zones import ZONE_DATA, clock_change, find_zone
from core.errors import DataError
from core.model.triggers import ScheduleTrigger

A_MINUTE = timedelta(minutes=1)


def cron(text: str, zone: str = "UTC", **more: Any) -> ScheduleTrigger:
    return ScheduleTrigger(cron=text, zone=zone, **more)


def rule(zone: str = "UTC", **said: Any) -> ScheduleTrigger:
    return ScheduleTrigger.model_validate({"rule": said, "zone": zone})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(trigger: ScheduleTrigger, after: str, count: int = 3) -> list[str]:
    """The next moments, as `09-30 08:00` in UTC."""
    return [f"{at:%m-%d %H:%M}" for at in rules.next_fires(trigger, utc(after), count)]


# Zone, a rule inside the hour that is skipped, moments in UTC around that day, the offset before and after.
FORWARD = [
    ("Europe/Berlin", "30 2 * * *", "2026-03-28T02:00", ["03-29 01:00", "03-30 00:30"]),
    ("America/New_York", "30 2 * * *", "2026-03-07T08:00", ["03-08 07:00", "03-09 06:30"]),
    ("America/St_Johns", "15 2 * * *", "2026-03-07T08:00", ["03-08 05:30", "03-09 04:45"]),
    ("Australia/Lord_Howe", "15 2 * * *", "2026-10-02T20:00", ["10-03 15:30", "10-04 15:15"]),
    ("Africa/Cairo", "30 0 * * *", "2026-04-22T23:00", ["04-23 22:00", "04-24 21:30"]),
    ("America/Santiago", "30 0 * * *", "2026-09-05T05:00", ["09-06 04:00", "09-07 03:30"]),
    ("Pacific/Chatham", "0 3 * * *", "2026-09-26T00:00", ["09-26 14:00", "09-27 13:15"]),
]
BACK = [
    ("Europe/Berlin", "30 2 * * *", "2026-10-24T01:00", ["10-25 00:30", "10-26 01:30"]),
    ("America/New_York", "30 1 * * *", "2026-10-31T06:00", ["11-01 05:30", "11-02 06:30"]),
    ("America/St_Johns", "30 1 * * *", "2026-10-31T05:00", ["11-01 04:00", "11-02 05:00"]),
    ("Australia/Lord_Howe", "45 1 * * *", "2026-04-03T20:00", ["04-04 14:45", "04-05 15:15"]),
    ("Africa/Cairo", "30 23 * * *", "2026-10-28T21:00", ["10-29 20:30", "10-30 21:30"]),
    ("America/Santiago", "30 23 * * *", "2026-04-04T02:35", ["04-05 02:30", "04-06 03:30"]),
    ("Pacific/Chatham", "0 3 * * *", "2026-04-04T00:00", ["04-04 13:15", "04-05 14:15"]),
]


@pytest.mark.parametrize(("zone", "text", "after", "expected"), FORWARD)
def test_a_time_that_is_skipped_runs_once_at_the_first_moment_after_it(
    zone: str, text: str, after: str, expected: list[str]
) -> None:
    assert fires(cron(text, zone), after, 2) == expected


@pytest.mark.parametrize(("zone", "text", "after", "expected"), BACK)
def test_a_time_that_comes_twice_runs_at_its_first_coming(
    zone: str, text: str, after: str, expected: list[str]
) -> None:
    assert fires(cron(text, zone), after, 2) == expected


@pytest.mark.parametrize("zone", sorted({zone for zone, *_ in FORWARD}))
def test_an_hourly_rule_goes_by_real_time_where_clocks_change_by_whole_hours(zone: str) -> None:
    year = [*rules.fires_between(cron("0 * * * *", zone), utc("2026-01-01"), utc("2027-01-01"), 10_000)]
    steps = {later - earlier for earlier, later in pairwise(year)}
    half_hours = {timedelta(minutes=30), timedelta(minutes=90)}
    assert steps - half_hours == {timedelta(hours=1)}
    assert bool(steps & half_hours) is (zone == "Australia/Lord_Howe")


def test_the_second_coming_of_an_hour_follows_when_asked_within_the_first() -> None:
    assert fires(cron("0 * * * *", "Europe/Berlin"), "2026-10-25T00:30", 2) == ["10-25 01:00", "10-25 02:00"]


def test_two_times_within_a_skipped_hour_run_once() -> None:
    twice = cron("0,30 2,3 * * *", "Europe/Berlin")
    assert fires(twice, "2026-03-29T00:00", 3) == ["03-29 01:00", "03-29 01:30", "03-30 00:00"]


def test_every_few_minutes_goes_on_through_both_hours() -> None:
    night = cron("*/30 2 * * *", "Europe/Berlin")
    assert fires(night, "2026-10-24T12:00", 4) == ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30"]


ZONES = st.sampled_from([zone for zone, *_ in FORWARD] + ["Asia/Kolkata", "UTC", "Antarctica/Troll", "Europe/Dublin"])
CRONS = st.builds(
    lambda minute, hour, day: f"{minute} {hour} * * {day}",
    st.sampled_from(["0", "30", "15,45", "*/20", "*", "59"]),
    st.sampled_from(["*", "0", "1", "2", "3", "23", "*/2", "0-5", "1,2,3", "2-4/2"]),
    st.sampled_from(["*", "0", "1-5", "6,7"]),
)
CHANGES = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-04-24", "2026-09-06", "2026-09-27", "2026-10-04"]
CHANGES += ["2026-10-25", "2026-10-30", "2026-11-01", "2026-06-15", "2026-12-31"]
STARTS = st.builds(
    lambda day, hours, minutes: utc(day) + timedelta(hours=hours, minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-36, 12),
    st.integers(0, 59),
)


def field(text: str, low: int, high: int) -> set[int]:
    """The numbers that one cron field names."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        bounds = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(bounds[0], bounds[1] + 1, int(step or 1)))
    return found


def by_the_minute(text: str, zone_name: str, after: datetime, until: datetime) -> list[datetime]:
    """The same moments by looking at the clock on the wall in every single minute."""
    minutes, hours, _, _, days = text.split()
    named = field(minutes, 0, 59), field(hours, 0, 23), {day % 7 for day in field(days, 0, 7)}
    is_hourly = len(named[1]) == 24
    zone, found, at = find_zone(zone_name), set(), after - timedelta(hours=4)
    shown = at.astimezone(zone).replace(tzinfo=None)

    def is_named(wall: datetime) -> bool:
        return wall.minute in named[0] and wall.hour in named[1] and wall.isoweekday() % 7 in named[2]

    while at <= until:
        here = at.astimezone(zone)
        wall = here.replace(tzinfo=None, fold=0)
        if is_named(wall) and (not here.fold or is_hourly or minutes.startswith("*")):
            found.add(at)
        skipped = shown
        while skipped < wall and not is_hourly:
            if is_named(skipped):
                found.add(at)
            skipped += A_MINUTE
        at, shown = at + A_MINUTE, wall + A_MINUTE
    return sorted(at for at in found if after < at <= until)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=CRONS, zone=ZONES, after=STARTS)
def test_it_fires_as_a_look_at_the_clock_in_every_minute_would(text: str, zone: str, after: datetime) -> None:
    until = after + timedelta(days=2)
    assert rules.fires_between(cron(text, zone), after, until, 10_000) == by_the_minute(text, zone, after, until)


@settings(max_examples=150, deadline=None)
@given(text=CRONS, zone=ZONES, after=STARTS, jitter=st.integers(0, 60))
def test_occurrences_rise_strictly_and_are_the_same_from_wherever_one_asks(
    text: str, zone: str, after: datetime, jitter: int
) -> None:
    trigger = cron(text, zone, id="a", jitter_minutes=jitter)
    found = rules.next_fires(trigger, after, 40)
    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    for earlier, later in pairwise(found):
        assert rules.next_fires(trigger, earlier, 1) == [later]


@settings(max_examples=60, deadline=None)
@given(
    zone=ZONES,
    after=STARTS,
    said=st.sampled_from(
        [{"day": 31}, {"day": 1}, {"is_last_day": True}, *({"business_day": n} for n in (1, 3, 20, -1, -5))]
    ),
)
def test_a_monthly_rule_runs_once_a_month(zone: str, after: datetime, said: dict[str, Any]) -> None:
    found = rules.next_fires(rule(zone, every="month", at="02:30", **said), after, 24)
    months = [(at.astimezone(find_zone(zone)).year * 12 + at.astimezone(find_zone(zone)).month) for at in found]
    assert months == list(range(months[0], months[0] + 24))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"every": "hour", "at": "09:20"}, ["01-30 10:20", "01-30 11:20"]),
        ({"every": "day", "at": "09:00"}, ["01-31 09:00", "02-01 09:00"]),
        ({"every": "weekday", "at": "09:00"}, ["02-02 09:00", "02-03 09:00"]),
        ({"every": "week", "at": "09:00", "weekdays": [7, 1]}, ["02-01 09:00", "02-02 09:00"]),
        ({"every": "month", "at": "09:00", "day": 31}, ["01-31 09:00", "02-28 09:00"]),
        ({"every": "month", "at": "09:00", "is_last_day": True}, ["01-31 09:00", "02-28 09:00"]),
        ({"every": "month", "at": "09:00", "business_day": 2}, ["02-03 09:00", "03-03 09:00"]),
        ({"every": "month", "at": "09:00", "business_day": -1}, ["02-27 09:00", "03-31 09:00"]),
    ],
)
def test_a_calendar_rule_means_what_it_says(said: dict[str, Any], expected: list[str]) -> None:
    assert fires(rule(**said), "2026-01-30T10:00", 2) == expected


def test_a_leap_day_is_waited_for() -> None:
    assert rules.next_fires(cron("0 9 29 2 *"), utc("2026-01-01"), 1) == [utc("2028-02-29T09:00")]


def test_it_leaves_public_holidays_out_but_counts_them_as_occurrences() -> None:
    trigger = rule("Europe/Berlin", every="weekday", at="09:00").model_copy(update={"holidays": "DE"})
    assert fires(trigger, "2026-04-02T12:00", 2) == ["04-07 07:00", "04-08 07:00"]
    all_of_them = rules.fires_between(trigger, utc("2026-04-02T12:00"), utc("2026-04-07T12:00"), 10)
    assert [rules.is_holiday(trigger, at) for at in all_of_them] == [True, True, False]


def test_a_holiday_of_a_region_counts_there_alone() -> None:
    epiphany = utc("2026-01-06T08:00")
    assert rules.is_holiday(cron("@daily", "Europe/Berlin", holidays="DE-BY"), epiphany)
    assert not rules.is_holiday(cron("@daily", "Europe/Berlin", holidays="DE-BE"), epiphany)


def test_a_holiday_begins_at_midnight_of_the_zone() -> None:
    sydney = cron("0 6 * * *", "Australia/Sydney", holidays="AU")
    assert rules.is_holiday(sydney, utc("2026-01-25T19:00"))


def test_business_days_are_no_holidays() -> None:
    trigger = ScheduleTrigger.model_validate(
        {"rule": {"every": "month", "at": "09:00", "business_day": 1}, "holidays": "DE"}
    )
    assert fires(trigger, "2026-01-01T00:00", 1) == ["01-02 09:00"]


def test_nothing_fires_from_its_end_on() -> None:
    trigger = cron("0 9 * * *", ends_at=utc("2026-01-03T09:00"))
    assert fires(trigger, "2026-01-01T00:00", 5) == ["01-01 09:00", "01-02 09:00"]


def spread(name: str) -> ScheduleTrigger:
    return cron("0 9 * * *", id=name, jitter_minutes=10)


def test_jitter_is_the_same_each_time_and_differs_between_schedules() -> None:
    found = {
        name: {at.minute * 60 + at.second for at in rules.next_fires(spread(name), utc("2026-01-01"))}
        for name in ("one", "two", "three")
    }
    assert all(len(delays) == 1 and max(delays) < 600 for delays in found.values())
    assert len(set.union(*found.values())) == 3


@pytest.mark.parametrize("word", ["@daily", "@Midnight", " 0 0 * * * "])
def test_words_of_cron_are_known(word: str) -> None:
    assert fires(cron(word), "2026-01-01T12:00", 1) == ["01-02 00:00"]


@pytest.mark.parametrize(
    ("given", "field", "found"),
    [
        ({"cron": "0 9 * * 1-5 *"}, "cron", "it has 6 fields"),
        ({"cron": "0 25 * * *"}, "cron", "its hour cannot be read"),
        ({"cron": "@reboot"}, "cron", "of words there are @yearly"),
        ({"cron": "0 9 31 2 *"}, "cron", "'0 9 31 2 *' is no cron rule"),
        ({"cron": "@daily", "zone": "Europe/Pairs"}, "zone", "Did you mean 'Europe/Paris'?"),
        ({"cron": "@daily", "zone": "../../etc/passwd"}, "zone", "is no time zone"),
        ({"cron": "@daily", "holidays": "DE-BZ"}, "holidays", "Regions: BB, BE"),
        ({"cron": "@daily", "holidays": "Germany"}, "holidays", "Name a country by two letters"),
    ],
)
def test_what_no_schedule_can_be_made_of_is_refused_at_its_field(given: dict[str, Any], field: str, found: str) -> None:
    with pytest.raises(DataError) as caught:
        rules.check_rule(ScheduleTrigger(**given))
    assert (caught.value.field, found in str(caught.value)) == (field, True)


def test_its_fingerprint_follows_the_rule_and_the_zones_data_but_not_the_pause() -> None:
    daily = cron("@daily", id="a")
    assert rules.fingerprint(daily) == rules.fingerprint(daily.model_copy(update={"is_paused": True}))
    assert rules.fingerprint(daily) != rules.fingerprint(daily.model_copy(update={"zone": "Europe/Paris"}))
    assert rules.fingerprint(daily).endswith(f"@{ZONE_DATA}")


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (cron("0 9 * * 1-5", "Europe/Paris"), "At 09:00 on Monday through Friday (Europe/Paris)"),
        (rule(every="weekday", at="09:00"), "Monday to Friday at 09:00 (UTC)"),
        (rule(every="week", at="07:30", weekdays=[5, 1]), "Mon, Fri at 07:30 (UTC)"),
        (
            rule(every="month", at="07:30", business_day=-2),
            "On business day 2 from the end of the month at 07:30 (UTC)",
        ),
        (rule(every="hour", at="00:05"), "Every hour at minute 5 (UTC)"),
    ],
)
def test_it_is_described_in_words(trigger: ScheduleTrigger, said: str) -> None:
    assert rules.describe(trigger) == said


def test_cron_s_rule_of_either_day_is_explained() -> None:
    assert "whichever of the two days comes" in rules.describe(cron("0 9 1 * 1"))


# Zone, the first moment after clocks were set in 2026, and by how many minutes: both edges of each.
EDGES = [
    ("Europe/Berlin", "2026-03-29T01:00", 60),
    ("Europe/Berlin", "2026-10-25T01:00", -60),
    ("America/New_York", "2026-03-08T07:00", 60),
    ("America/New_York", "2026-11-01T06:00", -60),
    ("America/St_Johns", "2026-03-08T05:30", 60),
    ("America/St_Johns", "2026-11-01T04:30", -60),
    ("Australia/Lord_Howe", "2026-04-04T15:00", -30),
    ("Australia/Lord_Howe", "2026-10-03T15:30", 30),
    ("America/Santiago", "2026-04-05T03:00", -60),
    ("America/Santiago", "2026-09-06T04:00", 60),
    ("Pacific/Chatham", "2026-04-04T14:00", -60),
    ("Pacific/Chatham", "2026-09-26T14:00", 60),
]


@pytest.mark.parametrize(("zone", "at", "minutes"), EDGES)
@pytest.mark.parametrize("days", [0.01, 1, 6.3, 13.9])
def test_a_change_of_clocks_is_told_two_weeks_ahead(zone: str, at: str, minutes: int, days: float) -> None:
    told = clock_change(find_zone(zone), utc(at) - timedelta(days=days))
    assert told is not None
    assert (told.at, told.by) == (utc(at), timedelta(minutes=minutes))


@pytest.mark.parametrize(("zone", "at", "minutes"), EDGES)
def test_a_change_that_is_over_or_further_away_is_not_told(zone: str, at: str, minutes: int) -> None:
    for days in (-0.01, 14.1):
        assert clock_change(find_zone(zone), utc(at) - timedelta(days=days)) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_where_clocks_are_never_set_nothing_is_told(zone: str) -> None:
    assert not any(clock_change(find_zone(zone), utc("2026-01-01") + timedelta(days=14 * n)) for n in range(26))
