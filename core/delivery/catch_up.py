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
    due, following, has_more = _due(trigger, since, now)
    if trigger.is_paused:
        return Plan((), tuple(_left_out("paused", due, has_more)), following)
    off = {at for at in due if is_holiday(trigger, at)} if trigger.holidays else set()
    business = [at for at in due if at not in off]
    runs = _late_enough(trigger, business, now)
    missed = [at for at in business if at not in set(runs)]
    left_out = (*_left_out("holiday", sorted(off)), *_left_out("missed", missed, has_more))
    return Plan(tuple(runs), left_out, following)


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
    is_on_time = trigger.catch_up == "skip" or now - due[0] <= ON_TIME
    window = ON_TIME if is_on_time else catchup_window(trigger, due[-1])
    in_time = [at for at in due if now - at <= window]
    return in_time[-MOST_AT_ONCE:] if trigger.catch_up == "all" else in_time[-1:]


def _due(trigger: ScheduleTrigger, since: datetime, now: datetime) -> tuple[list[datetime], datetime | None, bool]:
    """What is due, rising, and the one after it. After a long sleep of a fast schedule not all is listed, as is said:
    the first ones and those of the last hours."""
    due: list[datetime] = []
    for at in occurrences(trigger, since - _INSTANT):
        if at > now:
            return due, at, False
        due.append(at)
        if len(due) == MOST_COUNTED:
            last = fires_between(trigger, max(at, now - LONGEST_WINDOW), now, MOST_COUNTED)
            return [*due, *last], next(occurrences(trigger, now), None), True
    return due, None, False


def _left_out(reason: str, moments: Sequence[datetime], has_more: bool = False) -> Iterator[LeftOut]:
    if moments:
        yield LeftOut(reason, tuple(moments), has_more)
