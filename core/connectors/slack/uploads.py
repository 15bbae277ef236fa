"""Pictures of a message: uploaded in Slack's three steps, each written down, so that a new try goes on where one died.

(1) An address and an id are asked for, (2) the bytes are sent there, (3) the upload is completed, without a channel:
nobody sees a file before a message shows it. Then Slack looks at it for a while, before which no message may name it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError

from core.connectors.base import File, SendError
from core.connectors.slack.api import TRANSIENT, GuardedClient, error_name

ASKED, UPLOADED, COMPLETE = "asked", "uploaded", "complete"
LOOKS_EVERY_S, LOOKS_FOR_S = 0.25, 20.0
LONGEST_ALT, LONGEST_TITLE = 1_000, 100
Uploads = MutableMapping[str, dict[str, str]]


def upload(
    client: GuardedClient, files: Sequence[File], known: Mapping[str, Any], keep: Callable[[Uploads], None]
) -> dict[str, str]:
    """The id of each file, by name. known: what an earlier try kept of each: `id`, `url`, `step`. keep: writes it down.

    Raises SlackApiError, SendError, DeliveryError.
    """
    uploads: Uploads = {name: dict(one) for name, one in known.items()}
    for file in files:
        _send_bytes(client, file, uploads, keep)
    waiting = [file for file in files if uploads[file.name]["step"] != COMPLETE]
    if waiting:
        _complete(client, waiting, uploads, keep)
    for file in files:
        _wait_until_shown(client, uploads[file.name]["id"])
    return {file.name: uploads[file.name]["id"] for file in files}


def _send_bytes(client: GuardedClient, file: File, uploads: Uploads, keep: Callable[[Uploads], None]) -> None:
    """Steps 1 and 2. An address of an earlier try that no longer takes anything is replaced once."""
    was_known = file.name in uploads
    if not was_known:
        _ask(client, file, uploads, keep)
    if uploads[file.name]["step"] != ASKED:
        return
    headers = {"Content-Type": "application/octet-stream"}
    status, _, said = client.post(uploads[file.name]["url"], file.path.read_bytes(), headers)
    if status == 200:
        uploads[file.name]["step"] = UPLOADED
        keep(uploads)
    elif was_known and status < 500:
        del uploads[file.name]
        _send_bytes(client, file, uploads, keep)
    else:
        raise SendError(
            f"Slack did not take '{file.name}' and answered {status}. Another try follows.",
            error_class=f"upload {status}",
            status=status,
            response=said[:300],
        )


def _ask(client: GuardedClient, file: File, uploads: Uploads, keep: Callable[[Uploads], None]) -> None:
    size = file.path.stat().st_size
    answer = client.files_getUploadURLExternal(filename=file.name, length=size, alt_txt=file.alt[:LONGEST_ALT])
    uploads[file.name] = {"id": str(answer["file_id"]), "url": str(answer["upload_url"]), "step": ASKED}
    keep(uploads)


def _complete(client: GuardedClient, files: Sequence[File], uploads: Uploads, keep: Callable[[Uploads], None]) -> None:
    """Step 3. One that was done by a try which died before it could be written down is done."""
    named: list[dict[str, str | None]] = [
        {"id": uploads[file.name]["id"], "title": (file.alt or file.name)[:LONGEST_TITLE]} for file in files
    ]
    try:
        client.files_completeUploadExternal(files=named)
    except SlackApiError as error:
        if error_name(error) in TRANSIENT or not all(_is_there(client, uploads[file.name]["id"]) for file in files):
            raise
    for file in files:
        uploads[file.name]["step"] = COMPLETE
    keep(uploads)


def _is_there(client: GuardedClient, file_id: str) -> bool:
    try:
        return bool(client.files_info(file=file_id)["file"]["mimetype"])
    except SlackApiError:
        return False


def _wait_until_shown(client: GuardedClient, file_id: str) -> None:
    """Raises SendError when Slack looks at a file for longer than a try has time."""
    until_s = time.monotonic() + LOOKS_FOR_S
    while not client.files_info(file=file_id)["file"]["mimetype"]:
        if time.monotonic() > until_s:
            raise SendError("Slack still looks at the pictures. Another try follows.", error_class="file not ready")
        time.sleep(LOOKS_EVERY_S)
