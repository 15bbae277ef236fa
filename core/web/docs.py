"""The API's description: OpenAPI as JSON, and a page to read it that needs nothing from elsewhere."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from core.web.api.dataset_bodies import DatasetBody
from core.web.problems import Problem

CODE = re.compile(r"`([^`]+)`")
REFS = "#/components/schemas/{model}"
ABOUT = """Everything a page can do, through the same functions.

Send an API token: `Authorization: Bearer <token>`. `GET /api/v1/me` says whose it is and the `organization_id` that
stands in every other address. Errors are `application/problem+json` (RFC 9457): a sentence in `detail`, and in `errors`
what is wrong with which field. Lists come in pages: follow `next`. Send the `ETag` of what you read as `If-Match`, and
nobody's change is lost: 412 says that somebody was faster.
"""
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2330;background:#fff}
details{border:1px solid #d5dae1;border-radius:6px;margin:.5rem 0;padding:.5rem .8rem}summary{cursor:pointer}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f4f6f8;padding:.6rem;overflow:auto;border-radius:4px}
.method{display:inline-block;min-width:4.2rem;font-weight:600}table{border-collapse:collapse}td,th{text-align:left;
padding:.15rem .9rem .15rem 0;vertical-align:top}.muted{color:#5b6675}
@media(prefers-color-scheme:dark){body{background:#12171f;color:#e5e9ef}pre{background:#1c232e}details{border-color:#333d4b}
.muted{color:#9aa5b4}}
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def openapi(web: FastAPI) -> dict[str, Any]:
    """The description of the API, made once."""
    if web.openapi_schema is None:
        schema = get_openapi(title=web.title, version=web.version, description=ABOUT, routes=web.routes)
        schemas = schema["components"]["schemas"]
        for model in (Problem, DatasetBody):
            own = model.model_json_schema(ref_template=REFS)
            schemas.update(own.pop("$defs", {}))
            schemas[model.__name__] = own
        _drop_defaults(schema)
        web.openapi_schema = schema
    return web.openapi_schema


def _drop_defaults(schema: dict[str, Any]) -> None:
    """FastAPI promises an own form of 422 wherever there is a parameter, also where none can be wrong."""
    for methods in schema["paths"].values():
        for operation in methods.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(unused, None)


def docs_routes(web: FastAPI) -> APIRouter:
    """`/openapi.json` and `/docs`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/openapi.json")
    def get_schema() -> JSONResponse:
        return JSONResponse(web.openapi())

    @routes.get("/docs")
    def get_page() -> HTMLResponse:
        return HTMLResponse(_page(web.openapi()), headers={"Content-Security-Policy": CSP})

    return routes


def _page(schema: dict[str, Any]) -> str:
    operations = [
        _operation(method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    models = [_model(name, model) for name, model in sorted(schema["components"]["schemas"].items())]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Bridgecast API</title><style>{STYLE}</style><h1>Bridgecast API</h1>"
        f"{_paragraphs(schema['info']['description'])}"
        f'<p><a href="openapi.json">openapi.json</a></p><h2>Operations</h2>{"".join(operations)}'
        f"<h2>Models</h2>{''.join(models)}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(_parameter(p) for p in operation.get("parameters", []))
    bodies = operation.get("requestBody", {}).get("content", {})
    answers = "".join(_answer(code, answer) for code, answer in operation["responses"].items())
    return (
        f'<details><summary><span class="method">{method.upper()}</span> <code>{html.escape(path)}</code> '
        f'<span class="muted">{html.escape(operation.get("summary", ""))}</span></summary>'
        f"{_paragraphs(operation.get('description', ''))}"
        + (f"<table><tr><th>Parameter<th>In<th>{parameters}</table>" if parameters else "")
        + "".join(f"<p>Body, <code>{kind}</code>: {_schema(body['schema'])}" for kind, body in bodies.items())
        + f"<table><tr><th>Answer<th>{answers}</table></details>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    about = parameter.get("description", "") + (" Needed." if parameter.get("required") else "")
    return f"<tr><td><code>{html.escape(parameter['name'])}</code><td>{parameter['in']}<td>{html.escape(about)}"


def _answer(code: str, answer: dict[str, Any]) -> str:
    schemas = [_schema(body.get("schema", {})) for body in answer.get("content", {}).values()]
    return f"<tr><td>{code}<td>{html.escape(answer['description'])} {' '.join(schemas)}"


def _schema(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{name}">{html.escape(name)}</a>'
    return f"<code>{html.escape(json.dumps(schema))}</code>" if "properties" in schema else ""


def _model(name: str, model: dict[str, Any]) -> str:
    text = html.escape(json.dumps(model, indent=2, ensure_ascii=False))
    return f'<details id="{name}"><summary><code>{html.escape(name)}</code></summary><pre>{text}</pre></details>'


def _paragraphs(text: str) -> str:
    """Paragraphs, with code between backticks."""
    marked = CODE.sub(r"<code>\1</code>", html.escape(text))
    return "".join(f"<p>{part}</p>" for part in marked.split("\n\n") if part.strip())
