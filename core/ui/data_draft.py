"""A source that is looked at but not loaded yet: where its rows are, what was asked about it, what was answered."""

from __future__ import annotations

import shutil
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.app import App
from core.errors import AmbiguousSource
from core.model.data import FilesSource, ReadOptions, SourceSpec, UploadSource
from core.ui import state
from core.warehouse import Inspection

INCOMING = "incoming"


@dataclass(eq=False)
class Draft:
    """path: the received file; None for a path on the server.

    asked: open and answered questions by the `source.read` setting that decides them.
    """

    plain_source: SourceSpec
    path: Path | None = None
    number: str = field(default_factory=lambda: uuid4().hex)
    asked: dict[str, AmbiguousSource] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    inspection: Inspection | None = None

    @property
    def source(self) -> SourceSpec:
        """The source, read as was answered."""
        return self.plain_source.model_copy(update={"read": ReadOptions.model_validate(self.answers)})

    @property
    def open_questions(self) -> list[AmbiguousSource]:
        """What must be answered before it can be loaded."""
        return [question for option, question in self.asked.items() if option not in self.answers]

    @property
    def title(self) -> str:
        """The file's name without folder and ending, or the path's."""
        source = self.plain_source
        name = source.file_name if isinstance(source, UploadSource) else source.path
        return Path(name).name.split(".")[0].strip("*? ") or "data"

    def answer(self, option: str, value: str) -> None:
        """Read that setting so from now on; the columns are looked at anew."""
        self.answers[option] = value
        self.inspection = None


def from_upload(app: App, upload: UploadedFile) -> Draft:
    """A draft of an uploaded file, kept on disk until the draft is gone."""
    path = keep_upload(app, upload)
    draft = Draft(UploadSource(file_name=upload.name), path)
    weakref.finalize(draft, shutil.rmtree, path.parent, ignore_errors=True)
    return draft


def from_path(path: str) -> Draft:
    """A draft of a path or glob on the server."""
    return Draft(FilesSource(path=path.strip()))


def keep_upload(app: App, upload: UploadedFile) -> Path:
    """Write an uploaded file to a folder of its own in the data directory."""
    folder = app.settings.data_dir / INCOMING / uuid4().hex
    folder.mkdir(parents=True, mode=0o700)
    path = folder / f"upload{''.join(Path(upload.name).suffixes[-2:])}"
    upload.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(upload, target)
    return path


def current() -> Draft | None:
    """The draft of this session."""
    return st.session_state.get(state.DATA_DRAFT)


def keep(draft: Draft) -> None:
    """Make it this session's draft."""
    st.session_state[state.DATA_DRAFT] = draft


def discard() -> None:
    """Forget this session's draft and its file."""
    st.session_state.pop(state.DATA_DRAFT, None)


def ask(question: AmbiguousSource) -> bool:
    """Keep a question that came up while loading; False when there is no draft it could be about."""
    draft = current()
    if draft is None:
        return False
    draft.asked[question.option] = question
    draft.answers.pop(question.option, None)
    return True
