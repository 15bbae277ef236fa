"""The comparison's form: moving periods, fixed dates, two groups, plan and actual. Each change moves the address."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.comparisons import comparison_for
from core.errors import BridgecastError
from core.model.analysis import ComparisonSpec, Scalar
from core.model.data import DATE_TYPES
from core.model.sums import NOT_SET
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_days import choose_period, days_input
from core.ui.bridge_periods import (
    AGAINST,
    KINDS,
    Days,
    Kind,
    as_fixed,
    dates_of,
    default_dates,
    first_comparison,
    fixed_dates,
    kind_of,
)
from core.ui.bridge_plan import begin_plan, edit_plan
from core.ui.bridge_second import edit_second
from core.ui.bridge_state import Work, as_now, compare, follow_closed, seen
from core.warehouse import Version

VALUES_SHOWN = 200


def edit_comparison(work: Work) -> None:
    """The whole form, the second comparison below the first."""
    dates = date_columns(work.version)
    shown = kind_of(work.spec.comparison, dates)
    offered: list[Kind] = [kind for kind in KINDS if dates or kind == "groups"]
    # Groups are chosen value by value and plans column by column, so these are shown before the comparison is one.
    inputs.segmented_control(
        "What is compared",
        offered,
        format_func=lambda kind: KINDS[kind],
        key=follow_closed(keys.KIND, shown),
        required=True,
        on_change=_change_kind,
        args=(work,),
    )
    kind = seen(keys.KIND)
    FORMS[kind](work)
    if kind == shown and dates:
        edit_second(work)


def date_columns(version: Version) -> tuple[str, ...]:
    """Columns that hold days, the dataset's own date column first."""
    found = [column.name for column in version.columns if column.type in DATE_TYPES and column.role != "ignored"]
    own = version.date_column.name if version.date_column else None
    return tuple(sorted(found, key=lambda name: name != own))


def group_values(work: Work, column: str) -> list[str]:
    """The values of a column to choose from; others can be typed."""
    return work.app.warehouse.values(work.version, column, limit=VALUES_SHOWN)


def _change_kind(work: Work) -> None:
    kind = seen(keys.KIND)
    if kind == "relative":
        moving = first_comparison(work.version)
        if moving is not None:
            compare(work, moving)
    elif kind == "metrics":
        begin_plan(work)
    elif kind == "dates":
        compare(
            work, _fixed_now(as_now(work)) or fixed_dates(date_columns(work.version)[0], *default_dates(work.version))
        )


def _fixed_now(work: Work) -> ComparisonSpec | None:
    try:
        return as_fixed(comparison_for(work.spec.comparison, work.version))
    except BridgecastError:
        return None


def _edit_relative(work: Work) -> None:
    comparison = work.spec.comparison
    _choose_date_column(work)
    choose_period(
        comparison.relative or "last_full_month",
        keys.PERIOD,
        keys.DAYS,
        lambda relative: _change_relative(work, relative),
    )
    inputs.radio(
        "Against",
        list(AGAINST),
        format_func=AGAINST.__getitem__,
        key=follow_closed(keys.AGAINST, comparison.against),
        on_change=lambda: _change_relative(work, as_now(work).spec.comparison.relative or "last_full_month"),
    )
    st.caption("Moves with the newest day of the data.")


def _choose_date_column(work: Work) -> None:
    columns = date_columns(work.version)
    if len(columns) > 1:
        inputs.selectbox(
            "Date column",
            columns,
            key=follow_closed(keys.BY, work.spec.comparison.by),
            on_change=_change_by,
            args=(work,),
        )


def _change_by(work: Work) -> None:
    compare(work, as_now(work).spec.comparison.model_copy(update={"by": seen(keys.BY)}))


def _change_relative(work: Work, relative: str) -> None:
    now = as_now(work).spec.comparison
    if work.spec.comparison.relative and not now.relative:
        return  # Another kind of comparison was chosen meanwhile.
    compare(work, ComparisonSpec(by=now.by, relative=relative, against=seen(keys.AGAINST)))


def _edit_dates(work: Work) -> None:
    _choose_date_column(work)
    base, current = _dates(work)
    days_input("Base", keys.BASE, base, lambda chosen: _change_dates(work, base=chosen))
    days_input("Current", keys.CURRENT, current, lambda chosen: _change_dates(work, current=chosen))
    st.caption("Fixed dates stay where they are: newer data does not move them.")


def _dates(work: Work) -> tuple[Days, Days]:
    comparison, default = work.spec.comparison, default_dates(work.version)
    return dates_of(comparison.base) or default[0], dates_of(comparison.current) or default[1]


def _change_dates(work: Work, *, base: Days | None = None, current: Days | None = None) -> None:
    work = as_now(work)
    before = _dates(work)
    compare(work, fixed_dates(work.spec.comparison.by, base or before[0], current or before[1]))


def _edit_groups(work: Work) -> None:
    columns = [c.name for c in work.version.columns if c.role != "ignored" and c.name not in date_columns(work.version)]
    comparison = work.spec.comparison
    is_groups = comparison.by in columns
    first = comparison.by if is_groups else (*work.version.dimensions, *columns)[0]
    inputs.selectbox("Column", columns, key=follow_closed(keys.GROUP_BY, first), on_change=_forget_groups)
    column = seen(keys.GROUP_BY)
    try:
        values = group_values(work, column)
    except BridgecastError as error:
        frame.show_error(error)
        return
    own = is_groups and comparison.by == column
    _choose_group("Base", keys.BASE_GROUP, work, values, comparison.base if own else None)
    _choose_group("Current", keys.CURRENT_GROUP, work, values, comparison.current if own else None)
    if not (seen(keys.BASE_GROUP) and seen(keys.CURRENT_GROUP)):
        st.caption("Choose values on both sides; until then the comparison stays as it is.")


def _choose_group(label: str, key: str, work: Work, values: list[str], chosen: tuple[Scalar, ...] | None) -> None:
    name = follow_closed(key, [shown(value) for value in chosen or ()])
    options = list(dict.fromkeys([*values, *st.session_state[name]]))
    inputs.multiselect(label, options, key=name, on_change=_change_groups, args=(work,), accept_new_options=True)


def _forget_groups() -> None:
    for key in (keys.BASE_GROUP, keys.CURRENT_GROUP):
        st.session_state[follow_closed(key, [])] = []


def _change_groups(work: Work) -> None:
    base, current = seen(keys.BASE_GROUP), seen(keys.CURRENT_GROUP)
    if base and current:
        sides = {"base": tuple(map(meant, base)), "current": tuple(map(meant, current))}
        compare(work, ComparisonSpec(by=seen(keys.GROUP_BY), **sides))


FORMS: dict[Kind, Callable[[Work], None]] = {
    "relative": _edit_relative,
    "dates": _edit_dates,
    "groups": _edit_groups,
    "metrics": edit_plan,
}


def shown(value: Scalar) -> str:
    """A value as the lists show it."""
    if value is None:
        return NOT_SET
    return str(value).lower() if isinstance(value, bool) else str(value)


def meant(text: str) -> str | None:
    """What a chosen entry stands for in a specification."""
    return None if text == NOT_SET else text
