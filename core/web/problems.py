"""Errors as answers: application/problem+json (RFC 9457), one sentence each, never a stack trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from core.errors import (
    AccessDenied,
    AlreadyExists,
    AmbiguousSource,
    BridgecastError,
    Busy,
    Cancelled,
    Conflict,
    DataError,
    Gone,
    NotFound,
    Stale,
)

MEDIA_TYPE = "application/problem+json"
# From the leaf to the branch: the first that fits decides.
STATUS_OF: tuple[tuple[type[BridgecastError], int], ...] = (
    (NotFound, 404),
    (Gone, 410),
    (AlreadyExists, 409),
    (Stale, 412),
    (Conflict, 409),
    (AccessDenied, 403),
    (DataError, 422),
    (Cancelled, 503),
    (Busy, 429),
)
# What the framework says in words of Python.
SHAPES = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
}
BUSY_FOR_S = "5"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What FastAPI says of a body that its JSON reader gave up on.
UNREADABLE = "There was an error parsing the body"
SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    400: "The body cannot be read as JSON: it is nested too deeply, or a number in it is too long.",
    500: "Something went wrong here. The log of the sidecar names it under this request's id.",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457, and what is wrong with which field."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class ProblemResponse(JSONResponse):
    """A problem as an answer."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        fields = [FieldProblem(field=field, message=message) for field, message in errors]
        problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=fields)
        super().__init__({**problem.model_dump(), **(more or {})}, status, headers)


def add_problem_handlers(web: FastAPI) -> None:
    """Answer every error of the product, of the framework and of validation as a problem."""
    web.add_exception_handler(BridgecastError, _answer_error)
    web.add_exception_handler(HTTPException, _answer_http)
    web.add_exception_handler(RequestValidationError, _answer_invalid)


def problem_of(error: BridgecastError) -> ProblemResponse:
    """The answer to an error of the product."""
    status = next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)
    field = error.field if isinstance(error, DataError) else None
    errors = [(field, str(error))] if field else []
    if isinstance(error, AmbiguousSource):
        more = {"column": error.column, "option": error.option, "readings": error.readings}
        return ProblemResponse(status, str(error), errors, more=more)
    return ProblemResponse(status, str(error), errors, {"Retry-After": BUSY_FOR_S} if status == 429 else None)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of the problems that an operation may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


async def _answer_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, BridgecastError)  # noqa: S101 the registration says so
    return problem_of(error)


async def _answer_http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 the registration says so
    if error.status_code == 405:
        return ProblemResponse(405, SENTENCES[405], headers={"Allow": ", ".join(_allowed(request))})
    given = error.detail if error.detail not in {HTTPStatus(error.status_code).phrase, UNREADABLE} else None
    detail = given or SENTENCES.get(error.status_code) or HTTPStatus(error.status_code).description
    return ProblemResponse(error.status_code, detail, headers=error.headers)


def _allowed(request: Request) -> list[str]:
    """All methods of an address; the framework names those of its first route only."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    routes = request.app.routes
    found = [m for m, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found


async def _answer_invalid(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 the registration says so
    found = error.errors()
    if any(isinstance(e.get("input"), bytes) and tuple(e["loc"]) == ("body",) for e in found):
        return ProblemResponse(415, f"The body is {_kind(request)}. Send JSON, with 'Content-Type: application/json'.")
    if any(e["type"] == "json_invalid" for e in found):
        return ProblemResponse(
            400, f"The body is no JSON: {found[0].get('ctx', {}).get('error', 'it does not parse')}."
        )
    errors = [(_field(e["loc"]), _sentence(e)) for e in found]
    return ProblemResponse(422, " ".join(f"{field}: {message}" for field, message in errors[:5]), errors)


def _kind(request: Request) -> str:
    return f"'{request.headers['content-type']}'" if "content-type" in request.headers else "of no kind that is told"


def _field(place: Sequence[int | str]) -> str:
    """`equation.steps.0.formula`; where it stood (body, query, path) goes without saying."""
    parts = [str(part) for part in place]
    if parts and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:]
    return ".".join(parts) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field. Remove it or correct its name."
    if error["type"] == "missing":
        return "This field is needed."
    if error["type"] == "too_short":
        return f"Too few: at least {error['ctx']['min_length']} of them."
    if error["type"] in SHAPES:
        return f"Input should be {SHAPES[error['type']]}."
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
