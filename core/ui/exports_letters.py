"""What a destination is sent, seen before it is sent: a mail in a frame, a webhook's message; and a test of it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import streamlit as st

from core.app import App
from core.connectors import CHANNELS
from core.connectors.base import checked_settings
from core.connectors.email import UNSUBSCRIBE
from core.delivery.exports import SavedExport
from core.delivery.messages import Letter, content_for, draw
from core.delivery.rendering import Occasion, drawing_of, file_stem
from core.delivery.reports import Made
from core.model.base import new_id
from core.model.delivery import ChannelDestination, ExportSpec, ReportContent
from core.ui import exports_slack, exports_teams
from core.ui.exports_condition import condition_of
from core.ui.exports_drawn import data_of, made_now
from core.ui.exports_preview import HEIGHT
from core.ui.identity import acting
from core.ui.text import escape

LETTERS_KEPT, LETTERS_TTL_S = 16, 60


def show_letter(
    app: App, content: ReportContent, channel: ChannelDestination, export: SavedExport | None, *, name: str = ""
) -> None:
    """The message of a channel, as the form says it and as it would be drawn now. name: of the export.

    Raises DataError, ValidationError.
    """
    shown = content_for(content, channel)
    condition = condition_of(export)
    made = made_now(app, shown, name=name, condition=condition)
    occasion = Occasion(
        export_id=export.id if export else "",
        export_name=name,
        file_stem=file_stem(name, app.clock()),
        run_id="preview",
        link=app.exports.address(export.id) if export else "",
        can_leave=not app.settings.is_only_local,
    )
    said = (condition.model_dump_json(), made.report.rendered_at.isoformat(), *data_of(app, shown))
    letter = _letter(app, made, channel.kind, shown.model_dump_json(), occasion, said)
    if channel.kind == "email":
        st.markdown(f"**{escape(letter.message['subject'])}**")
        st.iframe(with_pictures(letter), height=HEIGHT, alt="Preview of the mail")
        if attached := letter.message["attachments"]:
            st.caption(f"Attached: {escape(', '.join(attached))}")
    elif channel.kind == "slack":
        exports_slack.show_message(app, channel, letter)
    elif channel.kind == "teams":
        exports_teams.show_card(app, channel, letter)
    else:
        st.code(json.dumps(letter.message, indent=2, ensure_ascii=False), language="json", height=HEIGHT)


def with_pictures(letter: Letter) -> str:
    """A mail's HTML with its pictures written into it. Each recipient has an address of their own to leave by."""
    page = str(letter.message["html"]).replace(UNSUBSCRIBE, "#")
    for picture in letter.message["pictures"]:
        data = b64encode(letter.files[picture["file"]]).decode()
        # With its quote: "cid:chart-1" begins "cid:chart-1-phone" too.
        page = page.replace(f'cid:{picture["content_id"]}"', f'data:image/png;base64,{data}"')
    return page


def send_test(app: App, export: SavedExport | None, spec: ExportSpec, channel: ChannelDestination) -> str:
    """Ask for a run of what the form says, unsaved, to one destination; of mails to whoever asks alone. Its id.

    Raises DataError, AccessDenied.
    """
    me = acting(app, "run.start")
    own: dict[str, Any] = {"to": [me.email], "cc": [], "bcc": []} if channel.kind == "email" else {}
    if channel.kind == "slack":
        own = exports_slack.to_whoever_asks(app, channel, me.email)
    settings = checked_settings(CHANNELS[channel.kind].destination_fields, {**channel.settings, **own})
    only = channel.model_copy(update={"id": channel.id or new_id(), "settings": settings})
    tested = spec.model_copy(update={"destinations": (only,)})
    subject = export.id if export else new_id()
    asked = app.ledger.ask(
        subject_id=subject,
        name=spec.name,
        definition={"spec": tested.model_dump(mode="json"), "revision": export.revision if export else 0},
        trigger_kind="hand",
        occurrence_key=f"{subject}:test:{new_id()}",
        planned_at=app.clock(),
        by=me.person_id,
        is_test=True,
    )
    return asked.run_id


@st.cache_resource(show_spinner="Drawing…", max_entries=LETTERS_KEPT, ttl=LETTERS_TTL_S)
def _letter(_app: App, _made: Made, kind: str, content_json: str, occasion: Occasion, said: tuple[str, ...]) -> Letter:
    """said: what tells reports of the same content from one another."""
    content = ReportContent.model_validate_json(content_json)
    return draw(kind, drawing_of(_made, content, occasion, _app.templates.words(content.locale)))
