"""The form of the second comparison: which one, its dates, and how it is drawn with the first."""

from __future__ import annotations

import streamlit as st

from core.comparisons import second_for
from core.model.analysis import ComparisonSpec, SecondComparisonSpec, Show
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_days import days_input
from core.ui.bridge_pairs import SHOWS, SecondKind, has_before, second_kind, shows_for, year_ago
from core.ui.bridge_periods import Days, as_fixed, comparison_label, dates_of, default_dates, fixed_dates
from core.ui.bridge_state import Work, as_now, compare_second, follow_closed, seen

KINDS: dict[SecondKind, str] = {
    "none": "None",
    "before": "The one before the first",
    "year": "The same a year ago",
    "dates": "Own dates",
}


def edit_second(work: Work) -> None:
    """Choose it; what else it needs appears beneath."""
    kind = second_kind(work.spec)
    inputs.selectbox(
        "Second comparison",
        _offered(work, kind),
        format_func=lambda name: KINDS.get(name) or _own_label(work),
        key=follow_closed(keys.SECOND, kind),
        on_change=_change_kind,
        args=(work,),
    )
    second = work.spec.second
    if second is None:
        return
    if kind == "dates" and second.comparison is not None:
        _edit_dates(work, second.comparison)
    _choose_show(work, second)


def _offered(work: Work, kind: SecondKind) -> list[SecondKind]:
    """The entries that fit the first comparison, and the one chosen."""
    first = work.spec.comparison
    fits: dict[SecondKind, bool] = {
        "none": True,
        "before": has_before(first),
        "year": year_ago(first) is not None,
        "dates": has_before(first),
        "other": False,
    }
    return [name for name, is_fit in fits.items() if is_fit or name == kind]


def _own_label(work: Work) -> str:
    second = work.spec.second
    return comparison_label(second.comparison) if second and second.comparison else ""


def _change_kind(work: Work) -> None:
    work = as_now(work)
    kind: SecondKind = seen(keys.SECOND)
    if kind == "none":
        compare_second(work, None)
    elif kind == "before":
        _put(work, SecondComparisonSpec(show=_show_now(work)))
    elif kind == "year":
        _put(work, SecondComparisonSpec(comparison=year_ago(work.spec.comparison), show=_show_now(work)))
    elif kind == "dates":
        _put(work, SecondComparisonSpec(comparison=_first_dates(work), show=_show_now(work)))


def _show_now(work: Work) -> Show:
    return work.spec.second.show if work.spec.second else "merged"


def _put(work: Work, second: SecondComparisonSpec) -> None:
    """Take it, drawn in a way that fits."""
    fitting = shows_for(work.spec.model_copy(update={"second": second}), work.version)
    show = second.show if second.show in fitting else "beside"
    compare_second(work, second.model_copy(update={"show": show}))


def _first_dates(work: Work) -> ComparisonSpec:
    """Own dates to start from: those of the comparison before the first."""
    first = work.spec.comparison.model_copy(update={"metrics": None})
    if first.base is None and first.relative is None:
        return fixed_dates(first.by, *default_dates(work.version))
    before = SecondComparisonSpec(show="beside")
    resolved = second_for(work.spec.model_copy(update={"comparison": first, "second": before}), work.version)
    return (as_fixed(resolved) if resolved else None) or fixed_dates(first.by, *default_dates(work.version))


def _edit_dates(work: Work, own: ComparisonSpec) -> None:
    base, current = _dates(work, own)
    days_input("Second base", keys.SECOND_BASE, base, lambda chosen: _change_dates(work, base=chosen))
    days_input("Second current", keys.SECOND_CURRENT, current, lambda chosen: _change_dates(work, current=chosen))


def _dates(work: Work, own: ComparisonSpec) -> tuple[Days, Days]:
    default = default_dates(work.version)
    return dates_of(own.base) or default[0], dates_of(own.current) or default[1]


def _change_dates(work: Work, *, base: Days | None = None, current: Days | None = None) -> None:
    work = as_now(work)
    second = work.spec.second
    if second is not None and second.comparison is not None:
        own, before = second.comparison, _dates(work, second.comparison)
        changed = fixed_dates(own.by, base or before[0], current or before[1])
        _put(work, second.model_copy(update={"comparison": changed}))


def _choose_show(work: Work, second: SecondComparisonSpec) -> None:
    offered = shows_for(work.spec, work.version)
    inputs.segmented_control(
        "Draw it",
        list(dict.fromkeys([*offered, second.show])),
        format_func=lambda name: SHOWS[name],
        key=follow_closed(keys.SECOND_SHOW, second.show),
        required=True,
        on_change=_change_show,
        args=(work,),
    )
    if "merged" not in offered:
        st.caption("The two do not meet, so they do not fit into one chart.")


def _change_show(work: Work) -> None:
    second = as_now(work).spec.second
    if second is not None:
        compare_second(work, second.model_copy(update={"show": seen(keys.SECOND_SHOW)}))
