"""Triggers: what starts an export."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator
from pydantic import Field as SpecField
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.model.base import Slug, Spec, id_column, json_column, time_column

CatchUp = Literal["latest", "all", "skip"]
Overlap = Literal["skip", "queue_one", "allow"]
Every = Literal["hour", "day", "weekday", "week", "month"]
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


def _clock_time(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError(f"'{text}' is no time of day. Write it like 09:00")
    return text


ClockTime = Annotated[str, AfterValidator(_clock_time)]


class CalendarRule(Spec):
    """A rule in words. at: wall time in the trigger's zone; of an hourly rule only its minute counts.

    weekdays: of a weekly rule, 1 (Monday) to 7. Of a monthly rule one of `day` (1 to 31; a shorter month takes its last
    day), `is_last_day`, `business_day` (the n-th one; -1 is the last one).
    """

    every: Every
    at: ClockTime = "09:00"
    weekdays: tuple[Annotated[int, SpecField(ge=1, le=7)], ...] = ()
    day: int | None = SpecField(None, ge=1, le=31)
    is_last_day: bool = False
    business_day: int | None = SpecField(None, ge=-5, le=20)

    @model_validator(mode="after")
    def _says_which_day(self) -> CalendarRule:
        chosen = [self.day is not None, self.is_last_day, self.business_day is not None]
        if self.business_day == 0:
            raise ValueError("business_day counts from 1, or from -1 for the last one")
        if self.every == "week" and not self.weekdays:
            raise ValueError("a weekly rule needs weekdays, 1 (Monday) to 7 (Sunday)")
        if self.every == "month" and sum(chosen) != 1:
            raise ValueError("a monthly rule needs one of day, is_last_day and business_day")
        if self.every != "month" and any(chosen):
            raise ValueError("day, is_last_day and business_day belong to a monthly rule")
        if self.every != "week" and self.weekdays:
            raise ValueError("weekdays belong to a weekly rule")
        return self


class ScheduleTrigger(Spec):
    """By time: either `cron` (five fields) or `rule`, in an IANA zone.

    holidays: a country, or country and region ("DE", "DE-BY"), whose public holidays are left out.
    ends_at: nothing fires from then on. catchup_window_h: how late a missed occurrence may still run; None decides by
    the rhythm. jitter_minutes: spreads schedules that would all start in one minute.
    """

    kind: Literal["schedule"] = "schedule"
    id: str | None = None
    cron: str | None = None
    rule: CalendarRule | None = None
    zone: str = "UTC"
    holidays: str | None = None
    ends_at: datetime | None = None
    is_paused: bool = False
    catch_up: CatchUp = "latest"
    catchup_window_h: float | None = SpecField(None, gt=0, le=24 * 31)
    overlap: Overlap = "skip"
    jitter_minutes: int = SpecField(0, ge=0, le=60)

    @model_validator(mode="after")
    def _has_one_rule(self) -> ScheduleTrigger:
        if (self.cron is None) == (self.rule is None):
            raise ValueError("a schedule needs either cron or rule")
        if self.ends_at is not None and self.ends_at.tzinfo is None:
            raise ValueError("ends_at needs an offset, such as 2026-12-31T00:00:00+01:00")
        return self


class Parameter(Spec):
    """What a caller of a trigger URL may set: a filter on a column, locked for that run."""

    column: str = SpecField(min_length=1, max_length=200)
    type: Literal["text", "number", "date", "boolean"] = "text"


class UrlTrigger(Spec):
    """By calling a URL. parameters: by the name that callers use. post_only: a GET starts nothing.

    is_signed: only a POST with a signature of Standard Webhooks starts it.
    """

    kind: Literal["url"] = "url"
    id: str | None = None
    post_only: bool = False
    is_signed: bool = False
    is_paused: bool = False
    parameters: dict[Annotated[str, SpecField(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")], Parameter] = SpecField(
        {}, max_length=20
    )


class DatasetTrigger(Spec):
    """By new data: after the dataset's refresh has published, with exactly that version.

    instead_of: schedules that start nothing meanwhile, and come back when the dataset is no longer followed.
    """

    kind: Literal["dataset"] = "dataset"
    id: str | None = None
    dataset: Slug
    is_paused: bool = False
    instead_of: tuple[ScheduleTrigger, ...] = SpecField((), max_length=20)


TriggerSpec = Annotated[ScheduleTrigger | UrlTrigger | DatasetTrigger, SpecField(discriminator="kind")]


class Trigger(SQLModel, table=True):
    """A trigger's row: `rule` is a TriggerSpec.

    subject: what it starts, an export or the refresh of a dataset. next_fire_at: of schedules, the occurrence that
    is not planned yet. next_rule: fingerprint of what next_fire_at was reckoned from (rule, zone data); of those that
    follow a dataset, the version that was seen last, "" before the first look.
    sha256: of the token of a URL; the one before it works until old_until. problem: why a schedule was stopped.
    """

    __table_args__ = (Index("ix_trigger_due", "is_active", "next_fire_at"),)

    id: str = id_column()
    organisation_id: str
    subject_kind: str = "export"
    subject_id: str = Field(index=True)
    kind: str = Field(index=True)
    rule: dict[str, object] = json_column()
    rule_revision: int = 1
    is_active: bool = True
    next_fire_at: datetime | None = time_column(nullable=True)
    next_rule: str = ""
    public_id: str | None = Field(default=None, unique=True)
    sha256: str | None = Field(default=None, repr=False)
    old_sha256: str | None = Field(default=None, repr=False)
    old_until: datetime | None = time_column(nullable=True)
    last_used_at: datetime | None = time_column(nullable=True)
    problem: str = ""
    created_at: datetime = time_column()
