"""Bodies of PATCH: every field may be left out, and what is left out stays."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError, create_model

from core.model.base import Spec

T = TypeVar("T", bound=BaseModel)


def partial(model: type[BaseModel], name: str, *, without: frozenset[str] = frozenset()) -> type[Spec]:
    """A model with the fields of `model`, each of which may be left out."""
    fields: dict[str, Any] = {
        field: (info.annotation, info.default if not info.is_required() else None)
        for field, info in model.model_fields.items()
        if field not in without
    }
    return create_model(name, __base__=Spec, __doc__=f"What of {model.__name__} is to change.", **fields)


def sent(body: BaseModel) -> dict[str, Any]:
    """The fields that were sent, as JSON values."""
    return body.model_dump(mode="json", include=body.model_fields_set)


def checked(model: type[T], values: object, *, place: tuple[str, ...] = ()) -> T:
    """The values as `model`; what is wrong is answered like a wrong body. place: of the values in what was sent."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = [{**wrong, "loc": (*place, *wrong["loc"])} for wrong in error.errors()]
        raise RequestValidationError(found) from None
