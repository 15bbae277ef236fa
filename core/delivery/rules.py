"""When a schedule fires: pure functions of its rule and a moment. Every moment that comes out is in UTC.

A rule speaks of wall time in its zone. Where clocks are set forward, a time that is skipped runs once, at the first
moment after it; where they are set back, a time that comes twice runs at its first coming. Rules for every hour, or for
every few minutes, go by real time instead: nothing is made up for, and both hours count.
"""

from __future__ import annotations

import hashlib
from calendar import day_abbr, monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from heapq import heappop, heappush
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from holidays import country_holidays, list_supported_countries

from core.delivery.zones import ZONE_DATA, find_zone
from core.errors import DataError
from core.model.triggers import CalendarRule, ScheduleTrigger

WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Names that cron has for rules."""
A_MINUTE = timedelta(minutes=1)
WIDEST_CHANGE = timedelta(hours=3)
"""No clock is set by more."""
_ANY_DAY = datetime(2026, 1, 1)  # noqa: DTZ001  wall time of no zone
_EVERY = {"day": "Every day", "weekday": "Monday to Friday"}


def next_fires(trigger: ScheduleTrigger, after: datetime, count: int = 5) -> list[datetime]:
    """When it will run next, after a moment; public holidays that it leaves out are not among them."""
    runs = (at for at in occurrences(trigger, after) if not is_holiday(trigger, at))
    return list(islice(runs, count))


def fires_between(trigger: ScheduleTrigger, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The first `most` occurrences after a moment and until another one, itself included; also those on holidays."""
    return list(islice(takewhile(lambda at: at <= until, occurrences(trigger, after)), most))


def occurrences(trigger: ScheduleTrigger, after: datetime) -> Iterator[datetime]:
    """Every occurrence strictly after a moment, rising, also those on holidays; none from `ends_at` on."""
    zone, late = find_zone(trigger.zone), jitter(trigger)
    newest = after
    for moment in _moments(_rhythm(trigger, _wall_before(after - late, zone)), zone):
        at = moment + late
        if trigger.ends_at is not None and at >= trigger.ends_at:
            return
        if at > newest:
            newest = at
            yield at


def is_holiday(trigger: ScheduleTrigger, at: datetime) -> bool:
    """Whether the day of this occurrence, in the trigger's zone, is a public holiday that it leaves out."""
    day = (at - jitter(trigger)).astimezone(find_zone(trigger.zone)).date()
    return _is_day_off(trigger.holidays, day)


def jitter(trigger: ScheduleTrigger) -> timedelta:
    """How much later than its rule says this schedule runs: the same at every occurrence, of no two schedules alike."""
    if not trigger.jitter_minutes:
        return timedelta(0)
    digest = hashlib.sha256((trigger.id or "").encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (trigger.jitter_minutes * 60))


def fingerprint(trigger: ScheduleTrigger) -> str:
    """What its moments are reckoned from, in short: the rule, and after "@" the version of the zones' rules."""
    said = trigger.model_dump_json(include={"id", "cron", "rule", "zone", "holidays", "ends_at", "jitter_minutes"})
    return f"{hashlib.sha256(said.encode()).hexdigest()[:16]}@{ZONE_DATA}"


def check_rule(trigger: ScheduleTrigger) -> None:
    """Raises DataError at `zone`, `holidays` or `cron` for what no schedule can be made of."""
    find_zone(trigger.zone)
    if trigger.holidays is not None:
        _check_holidays(trigger.holidays)
    if trigger.cron is not None and next(_cron(_five_fields(trigger.cron), _ANY_DAY), None) is None:
        raise _no_cron(trigger.cron, "no such day ever comes")


def describe(trigger: ScheduleTrigger) -> str:
    """The rule in words, such as "Monday to Friday at 09:00 (Europe/Paris)"."""
    said = _said(trigger.rule) if trigger.rule else _explained(str(trigger.cron))
    off = f", not on public holidays ({trigger.holidays})" if trigger.holidays else ""
    return f"{said} ({trigger.zone}){off}"


@dataclass(frozen=True)
class _Rhythm:
    """Wall times, rising, and how they meet a change of clocks.

    is_hourly: a time that is skipped is not made up for. comes_again: a time that comes twice runs twice.
    """

    walls: Iterator[datetime]
    is_hourly: bool = False
    comes_again: bool = False


def _rhythm(trigger: ScheduleTrigger, start: datetime) -> _Rhythm:
    if trigger.rule is not None and trigger.rule.every == "month":
        return _Rhythm(_monthly(trigger.rule, trigger.holidays, start))
    text = _cron_of(trigger.rule) if trigger.rule is not None else _five_fields(str(trigger.cron))
    walls = _cron(text, start)
    is_hourly = len(walls.hours) == 24
    return _Rhythm(walls, is_hourly, comes_again=is_hourly or text.startswith("*"))


def _moments(rhythm: _Rhythm, zone: ZoneInfo) -> Iterator[datetime]:
    """The wall times as moments, never falling. A second coming waits until the first ones before it are out."""
    waiting: list[datetime] = []
    for wall in rhythm.walls:
        for place, at in enumerate(_readings(wall, zone, rhythm)):
            if place:
                heappush(waiting, at)
                continue
            while waiting and waiting[0] < at:
                yield heappop(waiting)
            yield at
    yield from sorted(waiting)


def _readings(wall: datetime, zone: ZoneInfo, rhythm: _Rhythm) -> list[datetime]:
    """The moments at which clocks of the zone show this time: one, two, or none."""
    first = _moment(wall, zone)
    if not _exists(wall, zone):
        return [] if rhythm.is_hourly else [_first_valid(wall, zone)]
    again = _moment(wall.replace(fold=1), zone)
    return [first, again] if rhythm.comes_again and again > first else [first]


def _first_valid(wall: datetime, zone: ZoneInfo) -> datetime:
    while not _exists(wall, zone):
        wall += A_MINUTE
    return _moment(wall, zone)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return _moment(wall, zone).astimezone(zone).replace(tzinfo=None, fold=0) == wall


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _wall_before(at: datetime, zone: ZoneInfo) -> datetime:
    """A wall time from which on no occurrence after `at` is missed: earlier where clocks are being changed."""
    around = {(at + by).astimezone(zone).utcoffset() for by in (-WIDEST_CHANGE, WIDEST_CHANGE)}
    shown = at.astimezone(zone).replace(tzinfo=None, fold=0)
    return shown if len(around) == 1 else shown - WIDEST_CHANGE


def _cron_of(rule: CalendarRule) -> str:
    """A rule that is no monthly one, as cron says it."""
    hour, minute = (int(part) for part in rule.at.split(":"))
    days = {"weekday": "1-5", "week": ",".join(map(str, sorted(rule.weekdays)))}.get(rule.every, "*")
    return f"{minute} {'*' if rule.every == 'hour' else hour} * * {days}"


def _monthly(rule: CalendarRule, off: str | None, start: datetime) -> Iterator[datetime]:
    first, at = start.date().replace(day=1), time.fromisoformat(rule.at)
    while True:
        wall = datetime.combine(_day_of_month(rule, off, first), at)
        if wall > start:
            yield wall
        first = (first + timedelta(days=31)).replace(day=1)


def _day_of_month(rule: CalendarRule, off: str | None, first: date) -> date:
    length = monthrange(first.year, first.month)[1]
    if rule.business_day is None:
        return first.replace(day=length if rule.is_last_day else min(rule.day or 1, length))
    days = [first.replace(day=number) for number in range(1, length + 1)]
    business = [day for day in days if day.weekday() < 5 and not _is_day_off(off, day)]
    n = rule.business_day
    return business[min(n, len(business)) - 1] if n > 0 else business[max(n, -len(business))]


def _five_fields(cron: str) -> str:
    text = WORDS.get(cron.strip().lower(), cron.strip())
    if text.startswith("@"):
        raise _no_cron(cron, f"of words there are {', '.join(WORDS)}")
    if (count := len(text.split())) != 5:
        raise _no_cron(cron, f"it has {count} fields")
    return text


def _cron(text: str, start: datetime) -> CronSim:
    try:
        return CronSim(text, start)
    except CronSimError as error:
        part = str(error).removeprefix("Bad ")
        raise _no_cron(text, f"its {part} cannot be read") from None


def _no_cron(cron: str, why: str) -> DataError:
    return DataError(
        f"'{cron[:80]}' is no cron rule: {why}. Write minute, hour, day of the month, month and day of the week, such "
        "as '0 9 * * 1-5' for weekdays at 09:00.",
        field="cron",
    )


def _is_day_off(code: str | None, day: date) -> bool:
    return code is not None and day in _days_off(code, day.year)


@cache
def _days_off(code: str, year: int) -> frozenset[date]:
    _check_holidays(code)
    country, _, region = code.partition("-")
    return frozenset(country_holidays(country, subdiv=region or None, years=year))


def _check_holidays(code: str) -> None:
    country, dash, region = code.partition("-")
    known = list_supported_countries(include_aliases=False)
    if country not in known:
        raise DataError(
            f"Public holidays of '{code[:80]}' are not known. Name a country by two letters, such as DE, or a region "
            "with it, such as DE-BY.",
            field="holidays",
        )
    if dash and region not in known[country]:
        guess = get_close_matches(region, known[country], n=1)
        meant = f" Did you mean '{country}-{guess[0]}'?" if guess else ""
        listed = ", ".join(known[country]) or "none"
        raise DataError(f"'{country}' has no region '{region[:80]}'.{meant} Regions: {listed}.", field="holidays")


def _said(rule: CalendarRule) -> str:
    match rule.every:
        case "hour":
            return f"Every hour at minute {int(rule.at.split(':')[1])}"
        case "week":
            days = ", ".join(day_abbr[number - 1] for number in sorted(rule.weekdays))
            return f"{days} at {rule.at}"
        case "month":
            return f"On {_said_day(rule)} of the month at {rule.at}"
        case _:
            return f"{_EVERY[rule.every]} at {rule.at}"


def _said_day(rule: CalendarRule) -> str:
    if rule.business_day is not None:
        n = rule.business_day
        back = "the last business day" if n == -1 else f"business day {-n} from the end"
        return f"business day {n}" if n > 0 else back
    return "the last day" if rule.is_last_day else f"day {rule.day}"


def _explained(cron: str) -> str:
    walls = _cron(_five_fields(cron), _ANY_DAY)
    either = "" if walls.day_and else ", whichever of the two days comes"
    return f"{walls.explain()}{either}"
