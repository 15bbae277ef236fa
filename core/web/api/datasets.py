"""Datasets: made from an upload or a path, looked at, changed, published again, deleted."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from core.access.rights import require
from core.access.tokens import Caller
from core.app import App
from core.model.data import DatasetAccess, DatasetSpec
from core.web.api.dataset_bodies import (
    FILE_BODY,
    NEW_BODY,
    DatasetAnswer,
    DatasetPatch,
    VersionAnswer,
    changed_spec,
    dataset_answer,
    new_of_body,
    new_of_upload,
    version_answer,
    without_times,
)
from core.web.api.queries import QueryAnswer, QueryBody, answered
from core.web.auth import DataReader, DataWriter, TheApp
from core.web.etags import IfMatch, etag_of, require_match
from core.web.paging import AskedPage, Page
from core.web.problems import answers
from core.web.uploads import is_multipart, received

routes = APIRouter(tags=["datasets"])


@routes.get("/datasets", responses=answers(422), summary="All datasets, by slug")
def list_all(page: AskedPage, app: TheApp, _caller: DataReader) -> Page[DatasetAnswer]:
    """All datasets, by slug."""
    window = page.page(app.catalogue.all(), lambda spec: spec.slug)
    results = [_answer(app, spec) for spec in window.results]
    return Page(next=window.next, previous=window.previous, results=results)


@routes.post(
    "/datasets",
    status_code=201,
    responses=answers(400, 409, 413, 415, 422),
    openapi_extra=NEW_BODY,
    summary="Load a new dataset",
)
async def create(request: Request, response: Response, app: TheApp, caller: DataWriter) -> DatasetAnswer:
    """From a path or glob on the server (JSON; owner and administrators only), or from an upload (multipart).

    `access` says who may see it from its first moment; owner and administrators alone send it.
    """
    if is_multipart(request):
        async with received(request, _incoming(app)) as upload:
            spec, access = new_of_upload(upload)
            _require_may_share(caller, access)
            await run_in_threadpool(app.catalogue.create, spec, path=upload.path, by=caller.person_id, access=access)
    else:
        _require_json(request)
        spec, access = new_of_body(await request.body())
        require(caller, "data.path")
        _require_may_share(caller, access)
        await run_in_threadpool(app.catalogue.create, spec, by=caller.person_id, access=access)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{spec.slug}"
    return _tagged(response, await run_in_threadpool(_current, app, spec.slug))


@routes.get("/datasets/{slug}", summary="One dataset")
def get_one(slug: str, response: Response, app: TheApp, _caller: DataReader) -> DatasetAnswer:
    """A dataset with its newest version."""
    return _tagged(response, _current(app, slug))


@routes.patch("/datasets/{slug}", responses=answers(400, 409, 412, 413, 415, 422), summary="Change a dataset")
def change(
    slug: str, body: DatasetPatch, response: Response, app: TheApp, caller: DataWriter, if_match: IfMatch = None
) -> DatasetAnswer:
    """Change names and the meaning of columns. New types, roles or a new calendar publish a new version.

    `access` says who may see the dataset; owner and administrators alone send it. `refresh.schedule` says when a live
    source is read again by itself: each time is a run, which starts the exports that follow the dataset.
    """
    require_match(if_match, without_times(_current(app, slug)))
    is_shared = "access" in body.model_fields_set
    if is_shared:
        require(caller, "data.share")
        app.catalogue.named(body.access)
    is_scheduled = "refresh" in body.model_fields_set
    if is_scheduled:
        app.refreshes.check(slug, body.refresh.schedule)
    spec, revision = app.catalogue.get_with_revision(slug)
    if body.changes_spec:
        app.catalogue.change(changed_spec(spec, body), if_revision=revision)
    if is_scheduled:
        app.refreshes.keep(slug, body.refresh.schedule)
    if is_shared:
        app.catalogue.share(slug, body.access)
    return _tagged(response, _current(app, slug))


@routes.delete("/datasets/{slug}", status_code=204, responses=answers(409, 412), summary="Delete a dataset")
def delete(slug: str, app: TheApp, _caller: DataWriter, if_match: IfMatch = None) -> None:
    """Delete definition and versions. 409 names the analyses that stand on it."""
    require_match(if_match, without_times(_current(app, slug)))
    app.catalogue.delete(slug)


@routes.get("/datasets/{slug}/versions", responses=answers(422), summary="The versions that are kept")
def list_versions(slug: str, page: AskedPage, app: TheApp, _caller: DataReader) -> Page[VersionAnswer]:
    """The versions that are kept, oldest first."""
    app.catalogue.get(slug)
    window = page.page(app.catalogue.versions(slug), lambda version: f"{version.number:012d}")
    return Page(next=window.next, previous=window.previous, results=[version_answer(v) for v in window.results])


@routes.post(
    "/datasets/{slug}/versions",
    status_code=201,
    responses=answers(400, 409, 413, 415, 422),
    openapi_extra=FILE_BODY,
    summary="Replace the rows of an uploaded dataset",
)
async def replace(slug: str, request: Request, response: Response, app: TheApp, _caller: DataWriter) -> DatasetAnswer:
    """Publish a newer file of an uploaded dataset."""
    await run_in_threadpool(app.catalogue.get, slug)
    if not is_multipart(request):
        raise HTTPException(415, "Send the file as multipart/form-data, in the form field 'file'.")
    async with received(request, _incoming(app)) as upload:
        await run_in_threadpool(app.catalogue.replace, slug, upload.path, upload.file_name)
    response.headers["Location"] = request.url.path
    return _tagged(response, await run_in_threadpool(_current, app, slug))


@routes.post("/datasets/{slug}/refresh", responses=answers(409, 422), summary="Read the source again")
def refresh(slug: str, response: Response, app: TheApp, _caller: DataWriter) -> DatasetAnswer:
    """Publish what changed in a live source; an upload stays as it is."""
    app.catalogue.refresh(slug)
    return _tagged(response, _current(app, slug))


@routes.post("/datasets/{slug}/query", responses=answers(400, 413, 415, 422, 429), summary="Ask in SQL")
def query(slug: str, body: QueryBody, app: TheApp, _caller: DataReader) -> QueryAnswer:
    """The rows of one SELECT over datasets by their slugs (in double quotes where they hold `-`).

    20 seconds, 512 MiB of memory, 8 MiB of rows; no other files, network or settings. 429: too many ask at once.
    """
    return answered(app, slug, body)


def _current(app: App, slug: str) -> DatasetAnswer:
    return _answer(app, app.catalogue.get(slug))


def _answer(app: App, spec: DatasetSpec) -> DatasetAnswer:
    access = app.catalogue.access(spec.slug)
    named = access.model_copy(update={"people": tuple(map(app.people.called, access.people))})
    return dataset_answer(spec, app.catalogue.latest(spec.slug), named, app.refreshes.schedule(spec.slug))


def _tagged(response: Response, answer: DatasetAnswer) -> DatasetAnswer:
    response.headers["ETag"] = etag_of(without_times(answer))
    return answer


def _require_may_share(caller: Caller, access: DatasetAccess) -> None:
    if access.people or access.roles:
        require(caller, "data.share")


def _incoming(app: App) -> Path:
    """Beside the warehouse, so that a received file can be moved into it without another copy."""
    return app.settings.data_dir / "incoming"


def _require_json(request: Request) -> None:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HTTPException(415, "Send JSON (a path on the server) or multipart/form-data (a file).")
