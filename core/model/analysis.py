"""Analyses: the KPI's equation, what is compared, and how it is shown."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator
from pydantic import Field as SpecField
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import Slug, Spec, id_column, json_column, time_column
from core.model.units import UnitText

Method = Literal["shapley", "lmdi", "sequential", "covariance"]
Direction = Literal["up", "down"]
Show = Literal["merged", "behind", "beside", "below"]
Scalar = str | int | float | bool | date | None
RELATIVE = r"last_full_(day|week|month|quarter|year)|last_[1-9][0-9]{0,3}_days|month_to_date|year_to_date"


def _in_words(sentence: str) -> WrapValidator:
    """One sentence, where each of the types that do not fit would bring one of its own."""

    def read(value: object, inner: ValidatorFunctionWrapHandler) -> object:
        try:
            return inner(value)
        except ValidationError:
            raise ValueError(sentence) from None

    return WrapValidator(read)


Value = Annotated[Scalar, _in_words("give a text, a number, true, false or null")]
Condition = Annotated[
    Scalar | list[Scalar] | dict[str, Scalar | list[Scalar]],
    _in_words('give a value, a list of values, or operators with values such as {">=": 5} or {"not in": ["FR", "DE"]}'),
]
"""A value, one of some values, or operators; only "in" and "not in" take a list. None stands for what is not set."""


def _relative(name: str) -> str:
    if not re.fullmatch(RELATIVE, name):
        raise ValueError(
            f"'{name}' is no relative period. Use last_full_day, last_full_week, last_full_month, last_full_quarter, "
            "last_full_year, last_7_days (or any number up to 9999), month_to_date or year_to_date"
        )
    return name


class StepSpec(Spec):
    """One step: `metric` or `numerator / denominator`. `focus` and `exclude` name dimensions.

    unit: a suffix or currency ("€", "%"), or a pattern in which ".*" stands for the number ("$.*M").
    decimals: places its values are printed with; None leaves it to their size.
    """

    formula: str
    name: str | None = None
    unit: UnitText = ""
    decimals: int | None = SpecField(None, ge=0, le=6)
    threshold_pct: float | None = SpecField(None, ge=0)
    focus: str | None = None
    exclude: tuple[str, ...] = ()
    good: Direction | None = None


class EquationSpec(Spec):
    """KPI = product of the steps, or `formula` over `[1] … [n]`; `unit` and `decimals` as of a step."""

    steps: tuple[StepSpec, ...] = SpecField(min_length=1)
    total: str | None = None
    formula: str | None = None
    unit: UnitText = ""
    decimals: int | None = SpecField(None, ge=0, le=6)
    good: Direction = "up"
    total_threshold_pct: float | None = SpecField(None, ge=0)


class ComparisonSpec(Spec):
    """Base against current: two date ranges (first and last, inclusive), a relative pair, or two groups of `by`.

    metrics: compares two columns instead of two periods or groups: actual column → its plan column. Both sides are then
        `current` (or the current period of `relative`); `base` is not given.
    """

    by: str
    base: tuple[Value, ...] | None = None
    current: tuple[Value, ...] | None = None
    relative: Annotated[str, AfterValidator(_relative), SpecField(examples=["last_full_month"])] | None = None
    against: Literal["previous", "same_last_year"] = "previous"
    metrics: dict[str, str] | None = SpecField(None, min_length=1)

    @model_validator(mode="after")
    def _either_fixed_or_relative(self) -> ComparisonSpec:
        if self.metrics is not None:
            return self._of_metrics()
        fixed = self.base is not None or self.current is not None
        if fixed and self.relative:
            raise ValueError("give either base and current, or relative, not both")
        if not self.relative and not (self.base and self.current):
            raise ValueError("base and current are both needed (or relative, such as last_full_month)")
        return self

    def _of_metrics(self) -> ComparisonSpec:
        if self.base is not None:
            raise ValueError("metrics are compared over one period or group: give current (or relative), and no base")
        if bool(self.current) == bool(self.relative):
            raise ValueError("with metrics give either current or relative, such as last_full_month")
        return self


class SecondComparisonSpec(Spec):
    """A second comparison drawn with the first one.

    comparison: None means the one before it: it ends where the first one begins (A to B, then B to C).
    show: merged (one chart A, B, C; only where one comparison ends where the other begins), behind, beside or below.
    """

    comparison: ComparisonSpec | None = None
    show: Show = "merged"


class AnalysisSpec(Spec):
    """A saved analysis. `per_day` puts the number of days in front as a step of its own."""

    version: Literal[1] = 1
    slug: Slug
    name: str
    description: str = ""
    dataset: Slug
    equation: EquationSpec
    comparison: ComparisonSpec
    second: SecondComparisonSpec | None = None
    dimensions: tuple[str, ...] | None = None
    where: dict[str, Condition] = {}
    method: Method = "shapley"
    per_day: bool = False
    other_below_pct: float = SpecField(2.0, ge=0, le=100)
    max_segments: int = SpecField(4, ge=1, le=50)
    comment_depth: Literal["low", "medium", "high"] = "medium"


class Analysis(SQLModel, table=True):
    """A saved analysis: `revision` is the newest one's number, `spec` its AnalysisSpec, `dataset` the one it names."""

    __table_args__ = (UniqueConstraint("organisation_id", "slug"),)

    id: str = id_column()
    organisation_id: str
    slug: str
    dataset: str = Field(index=True)
    revision: int = 1
    spec: dict[str, object] = json_column()
    created_by: str
    created_at: datetime = time_column()
    modified_at: datetime = time_column()


class AnalysisRevision(SQLModel, table=True):
    """One state of an analysis that was saved; never changed again."""

    __tablename__ = "analysis_revision"
    __table_args__ = (UniqueConstraint("analysis_id", "revision"),)

    id: str = id_column()
    analysis_id: str = Field(foreign_key="analysis.id", ondelete="CASCADE")
    revision: int
    spec: dict[str, object] = json_column()
    note: str = ""
    created_by: str
    created_at: datetime = time_column()
