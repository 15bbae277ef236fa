"""What becomes of occurrences that are due: which run, which were missed, and when the next one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.delivery.rules import fires_between, is_holiday, occurrences
from core.model.triggers import ScheduleTrigger

ON_TIME = timedelta(minutes=1)
"""An occurrence that is planned within this is not missed, whatever the policy."""
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(hours=1), timedelta(hours=12)
MOST_AT_ONCE = 100
"""How many missed occurrences run at most where all of them are to."""
MOST_SINGLE = 20
"""So many are written down one by one; more, as one row."""
MOST_COUNTED = 20_000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class LeftOut:
    """Occurrences that do not run, of one reason. has_more: there were more than were counted."""

    reason: str
    moments: tuple[datetime, ...]
    has_more: bool = False

    @property
    def is_one_row(self) -> bool:
        """Whether they are written down together."""
        return len(self.moments) > MOST_SINGLE


@dataclass(frozen=True)
class Plan:
    """What to do with the occurrences that are due."""

    runs: tuple[datetime, ...]
    left_out: tuple[LeftOut, ...]
    next_fire_at: datetime | None


def plan_due(trigger: ScheduleTrigger, since: datetime, now: datetime) -> Plan:
    """Judge every occurrence from `since`, the first that is not planned yet, until now."""
    due, has_more = _due(trigger, since, now)
    if trigger.is_paused:
        return Plan((), tuple(_left_out("paused", due, has_more)), next(occurrences(trigger, now), None))
    off = [at for at in due if is_holiday(trigger, at)]
    business = sorted(set(due) - set(off)) if off else due
    runs = _late_enough(trigger, business, now)
    missed = [at for at in business if at not in set(runs)]
    left_out = (*_left_out("holiday", off), *_left_out("missed", missed, has_more))
    return Plan(tuple(runs), left_out, next(occurrences(trigger, now), None))


def catchup_window(trigger: ScheduleTrigger, at: datetime) -> timedelta:
    """How late an occurrence may still run: as the trigger says, or half of the time to the next one, within bounds."""
    if trigger.catchup_window_h is not None:
        return timedelta(hours=trigger.catchup_window_h)
    following = next(occurrences(trigger, at), None)
    half = (following - at) / 2 if following else LONGEST_WINDOW
    return min(LONGEST_WINDOW, max(SHORTEST_WINDOW, half))


def _late_enough(trigger: ScheduleTrigger, due: Sequence[datetime], now: datetime) -> Sequence[datetime]:
    """Those that run."""
    if not due:
        return ()
    window = ON_TIME if trigger.catch_up == "skip" else catchup_window(trigger, due[-1])
    in_time = [at for at in due if now - at <= window]
    return in_time[-MOST_AT_ONCE:] if trigger.catch_up == "all" else in_time[-1:]


def _due(trigger: ScheduleTrigger, since: datetime, now: datetime) -> tuple[list[datetime], bool]:
    """What is due, rising. After a long sleep of a fast schedule not all of it: the first ones and the last hours."""
    first = fires_between(trigger, since - _INSTANT, now, MOST_COUNTED)
    if len(first) < MOST_COUNTED:
        return first, False
    last = fires_between(trigger, max(first[-1], now - LONGEST_WINDOW), now, MOST_COUNTED)
    return [*first, *last], True


def _left_out(reason: str, moments: Sequence[datetime], has_more: bool = False) -> Iterator[LeftOut]:
    if moments:
        yield LeftOut(reason, tuple(moments), has_more)
