"""What is sent and answered about datasets."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from core.delivery.keeping import SavedTrigger
from core.errors import DataError, UnknownColumn
from core.model.base import Slug, Spec
from core.model.data import Calendar, ColumnSpec, DatasetAccess, DatasetSpec, FilesSource, ReadOptions, SourceSpec
from core.model.triggers import ScheduleTrigger
from core.warehouse import Version
from core.web.api.partial import checked, partial, sent
from core.web.api.triggers import ScheduleAnswer, schedule_answer
from core.web.uploads import Upload

Name = Annotated[str, Field(min_length=1, max_length=200)]


class DatasetBody(Spec):
    """A dataset from a path or glob on the server."""

    slug: Slug
    name: Name
    description: str = ""
    source: FilesSource
    columns: tuple[ColumnSpec, ...] = ()
    calendar: Calendar = Calendar()
    access: DatasetAccess = DatasetAccess()


class DatasetForm(Spec):
    """The fields beside an uploaded file. `read` (`source.read`) and `access` are JSON objects."""

    slug: Slug
    name: Name
    description: str = ""
    read: str = "{}"
    access: str = "{}"


class RefreshBody(Spec):
    """By what the source is read again besides its readers. schedule: as of an export; null: by none."""

    schedule: ScheduleTrigger | None


class RefreshAnswer(BaseModel):
    """By what the source is read again; `schedule` null: by none."""

    schedule: ScheduleAnswer | None


ColumnPatch = partial(ColumnSpec, "ColumnPatch")


BESIDE = frozenset({"access", "refresh"})
"""What is kept beside a dataset's definition."""


class DatasetPatch(Spec):
    """What is to change; of `columns` only those named, and of each only what is sent.

    `access`: who may see it and all that is built on it, nobody named for every analyst; set by administrators.
    `refresh`: when a live source is read again by itself.
    """

    name: Name = ""
    description: str = ""
    columns: tuple[ColumnPatch, ...] = ()  # type: ignore[valid-type]
    calendar: Calendar = Calendar()
    access: DatasetAccess = DatasetAccess()
    refresh: RefreshBody = RefreshBody(schedule=None)

    @property
    def changes_spec(self) -> bool:
        """Whether anything else changes than what is kept beside the definition."""
        return not self.model_fields_set or bool(self.model_fields_set - BESIDE)


class DatasetAnswer(BaseModel):
    """A dataset with its newest version. access: who may see it, people by e-mail address; none: every analyst."""

    slug: str
    name: str
    description: str
    access: DatasetAccess
    refresh: RefreshAnswer
    source: SourceSpec
    calendar: Calendar
    version: int
    rows: int
    bytes: int
    columns: list[ColumnSpec]
    oldest: date | None
    newest: date | None
    as_of: datetime
    published_at: datetime
    notes: list[str]


class VersionAnswer(BaseModel):
    """One version of a dataset."""

    version: int
    rows: int
    bytes: int
    oldest: date | None
    newest: date | None
    as_of: datetime
    published_at: datetime


FILE = {"type": "string", "format": "binary"}
SCHEMA = "#/components/schemas/"
NEW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": f"{SCHEMA}DatasetBody"},
                "example": {"slug": "sales", "name": "Sales", "source": {"kind": "files", "path": "/srv/sales/*.csv"}},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["slug", "name", "file"],
                    "properties": {
                        "slug": {"type": "string"},
                        "name": {"type": "string"},
                        "description": {"type": "string"},
                        "read": {"type": "string", "description": "`source.read` as JSON"},
                        "access": {"type": "string", "description": "`access` as JSON"},
                        "file": FILE,
                    },
                }
            },
        },
    }
}
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILE}}}
        },
    }
}


def dataset_answer(
    spec: DatasetSpec, version: Version, access: DatasetAccess, schedule: SavedTrigger | None
) -> DatasetAnswer:
    """A dataset as it is answered."""
    return DatasetAnswer(
        slug=spec.slug,
        name=spec.name,
        description=spec.description,
        access=access,
        refresh=RefreshAnswer(schedule=None if schedule is None else schedule_answer(schedule)),
        source=spec.source,
        calendar=spec.calendar,
        version=version.number,
        rows=version.rows,
        bytes=version.bytes,
        columns=list(version.columns),
        oldest=version.oldest,
        newest=version.newest,
        as_of=version.as_of,
        published_at=version.published_at,
        notes=list(version.notes),
    )


def without_times(answer: DatasetAnswer) -> DatasetAnswer:
    """What the ETag of a dataset stands for: nothing that goes by with time."""
    if answer.refresh.schedule is None:
        return answer
    still = answer.refresh.schedule.model_copy(update={"next_fires": ()})
    return answer.model_copy(update={"refresh": RefreshAnswer(schedule=still)})


def version_answer(version: Version) -> VersionAnswer:
    """A version as it is answered."""
    return VersionAnswer(
        version=version.number,
        rows=version.rows,
        bytes=version.bytes,
        oldest=version.oldest,
        newest=version.newest,
        as_of=version.as_of,
        published_at=version.published_at,
    )


def new_of_body(body: bytes) -> tuple[DatasetSpec, DatasetAccess]:
    """The dataset that a JSON body describes, and whom it is for."""
    try:
        asked = DatasetBody.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None
    return checked(DatasetSpec, asked.model_dump(mode="json", exclude={"access"})), asked.access


def new_of_upload(upload: Upload) -> tuple[DatasetSpec, DatasetAccess]:
    """The dataset that a form describes, and whom it is for."""
    form = checked(DatasetForm, dict(upload.fields))
    read = checked(ReadOptions, _json(form.read, "read"), place=("read",))
    access = checked(DatasetAccess, _json(form.access, "access"), place=("access",))
    source = {"kind": "upload", "file_name": upload.file_name, "read": read.model_dump()}
    return checked(DatasetSpec, form.model_dump(exclude={"read", "access"}) | {"source": source}), access


def changed_spec(spec: DatasetSpec, patch: DatasetPatch) -> DatasetSpec:
    """The dataset after the change, whoever may see it. Raises UnknownColumn."""
    changes = {name: value for name, value in sent(patch).items() if name not in BESIDE}
    if "columns" in changes:
        changes["columns"] = _merged_columns(spec, patch)
    return checked(DatasetSpec, spec.model_dump(mode="json") | changes)


def _merged_columns(spec: DatasetSpec, patch: DatasetPatch) -> list[dict[str, Any]]:
    columns = {c.name: c.model_dump(mode="json") for c in spec.columns}
    for position, change in enumerate(patch.columns):
        changes = sent(change)
        name = changes.get("name")
        if name is None:
            raise DataError("Each column needs its name.", field=f"columns.{position}.name")
        if name not in columns:
            raise UnknownColumn.named(name, spec.slug, columns, field=f"columns.{position}.name")
        columns[name] |= changes
    return list(columns.values())


def _json(text: str, field: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        problem = {"type": "value_error", "loc": (field,), "msg": "This is no JSON object", "input": text}
        raise RequestValidationError([problem]) from None
