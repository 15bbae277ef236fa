"""The address of the Bridge page: which analysis, and in what its view differs from what is saved. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from core.model.analysis import AnalysisSpec, ComparisonSpec, Condition, Scalar, SecondComparisonSpec

View = Literal["waterfall", "table", "funnel", "dimensions", "tree", "segments", "reconcile"]
Shape = Literal["bridge", "moves", "table"]
First = Literal["step", "dimension"]
Choice = TypeVar("Choice", bound=str)
NO_SECOND: Literal["none"] = "none"
"""What the address says where the saved second comparison was taken away."""
SECOND = "second_"
VIEWS: tuple[View, ...] = get_args(View)
SHAPES: tuple[Shape, ...] = get_args(Shape)
FIRSTS: tuple[First, ...] = get_args(First)
CONDITIONS: TypeAdapter[dict[str, Condition]] = TypeAdapter(dict[str, Condition])
METRICS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
VALUES: TypeAdapter[tuple[Scalar, ...]] = TypeAdapter(tuple[Scalar, ...])


@dataclass(frozen=True)
class PageState:
    """What the address says. `dataset` is given for an analysis that is not saved yet.

    comparison, second, where: None where the saved ones hold; second is NO_SECOND where there shall be none.
    view: what the bridge's card shows; shape: what the step's card shows; first: which comes first in it.
    segment: the one that is opened where the dimension comes first.
    unread: names of parameters that could not be read and are passed over.
    """

    analysis: str | None = None
    dataset: str | None = None
    comparison: ComparisonSpec | None = None
    second: SecondComparisonSpec | Literal["none"] | None = None
    where: dict[str, Condition] | None = None
    step: str | None = None
    dimension: str | None = None
    segment: str | None = None
    view: View = "waterfall"
    shape: Shape = "bridge"
    first: First = "step"
    unread: tuple[str, ...] = ()


def read_state(params: Mapping[str, str]) -> PageState:
    """The state an address stands for; whatever is broken in it is named in `unread`."""
    unread: list[str] = []
    state = PageState(
        analysis=params.get("analysis") or None,
        dataset=params.get("dataset") or None,
        step=params.get("step") or None,
        dimension=params.get("dimension") or None,
        segment=params.get("segment") or None,
        view=_one_of(VIEWS, params, "view", unread),
        shape=_one_of(SHAPES, params, "shape", unread),
        first=_one_of(FIRSTS, params, "first", unread),
    )
    try:
        state = replace(state, comparison=_read_comparison(params))
    except ValueError:
        unread.append("comparison")
    try:
        state = replace(state, second=_read_second(params))
    except ValueError:
        unread.append("second")
    try:
        state = replace(state, where=_read_where(params))
    except ValueError:
        unread.append("where")
    return replace(state, unread=tuple(unread))


def _one_of(choices: tuple[Choice, ...], params: Mapping[str, str], name: str, unread: list[str]) -> Choice:
    """The choice the address makes, the first one where it makes none that there is."""
    asked = params.get(name, choices[0])
    found = next((choice for choice in choices if choice == asked), None)
    if found is None:
        unread.append(name)
    return found or choices[0]


def write_state(state: PageState) -> dict[str, str]:
    """The parameters of an address; what is as saved is left out."""
    is_dimension_first = state.first == "dimension"
    params = {
        "analysis": state.analysis,
        "dataset": state.dataset if state.analysis is None else None,
        "step": state.step,
        "dimension": state.dimension if state.step or is_dimension_first else None,
        "segment": state.segment if state.dimension and is_dimension_first else None,
        "view": state.view if state.view != VIEWS[0] else None,
        "shape": state.shape if state.shape != SHAPES[0] else None,
        "first": state.first if state.first != FIRSTS[0] else None,
    }
    written = {name: value for name, value in params.items() if value}
    if state.comparison is not None:
        written |= _write_comparison(state.comparison)
    if state.second is not None:
        written |= _write_second(state.second)
    if state.where is not None:
        written["where"] = json.dumps(CONDITIONS.dump_python(state.where, mode="json"), ensure_ascii=False)
    return written


def apply_state(saved: AnalysisSpec, state: PageState) -> AnalysisSpec:
    """The saved analysis as the address changes it."""
    update: dict[str, object] = {}
    if state.comparison is not None:
        update["comparison"] = state.comparison
    if state.second is not None:
        update["second"] = None if state.second == NO_SECOND else state.second
    if state.where is not None:
        update["where"] = state.where
    return saved.model_copy(update=update)


def with_comparison(state: PageState, comparison: ComparisonSpec, saved: AnalysisSpec) -> PageState:
    """The state after another comparison was chosen."""
    return replace(state, comparison=None if comparison == saved.comparison else comparison)


def with_second(state: PageState, second: SecondComparisonSpec | None, saved: AnalysisSpec) -> PageState:
    """The state after a second comparison was chosen, or none."""
    return replace(state, second=None if second == saved.second else second or NO_SECOND)


def with_where(state: PageState, where: dict[str, Condition], saved: AnalysisSpec) -> PageState:
    """The state after the filters were changed."""
    return replace(state, where=None if where == saved.where else where)


def _read_comparison(params: Mapping[str, str]) -> ComparisonSpec | None:
    if "by" not in params:
        return None
    parts: dict[str, object] = {"by": params["by"]}
    if "metrics" in params:
        parts["metrics"] = METRICS.validate_json(params["metrics"])
    if relative := params.get("relative"):
        parts |= {"relative": relative, "against": params.get("against", "previous")}
    else:
        sides = ("current",) if "metrics" in params else ("base", "current")
        parts |= {side: _read_side(params.get(side, "")) for side in sides}
    return ComparisonSpec.model_validate(parts)


def _read_second(params: Mapping[str, str]) -> SecondComparisonSpec | Literal["none"] | None:
    """Its parameters are those of a comparison with a prefix; without them it is the comparison before the first."""
    show = params.get("second")
    if show is None or show == NO_SECOND:
        return NO_SECOND if show else None
    own = {name.removeprefix(SECOND): value for name, value in params.items() if name.startswith(SECOND)}
    return SecondComparisonSpec.model_validate({"show": show, "comparison": _read_comparison(own)})


def _read_side(text: str) -> tuple[Scalar, ...]:
    """`2026-01-01/2026-01-31` is a range of dates, a JSON list holds the values of a group."""
    if text.startswith("["):
        return VALUES.validate_json(text)
    return tuple(text.split("/"))


def _write_comparison(comparison: ComparisonSpec) -> dict[str, str]:
    written = {"by": comparison.by}
    if comparison.metrics:
        written["metrics"] = json.dumps(comparison.metrics, ensure_ascii=False)
    if comparison.relative:
        return {**written, "relative": comparison.relative, "against": comparison.against}
    sides = {"base": comparison.base, "current": comparison.current}
    return written | {name: _write_side(side) for name, side in sides.items() if side is not None}


def _write_second(second: SecondComparisonSpec | Literal["none"]) -> dict[str, str]:
    if second == NO_SECOND:
        return {"second": NO_SECOND}
    own = _write_comparison(second.comparison) if second.comparison else {}
    return {"second": second.show} | {f"{SECOND}{name}": value for name, value in own.items()}


def _write_side(values: tuple[Scalar, ...]) -> str:
    written = VALUES.dump_python(values, mode="json")
    if len(written) == 2 and all(isinstance(value, str) and _is_day(value) for value in written):
        return "/".join(written)
    return json.dumps(written, ensure_ascii=False)


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def _read_where(params: Mapping[str, str]) -> dict[str, Condition] | None:
    if "where" not in params:
        return None
    try:
        return CONDITIONS.validate_json(params["where"])
    except ValidationError:
        raise ValueError("the filters of the address cannot be read") from None
