"""An incoming webhook: one address, one channel, JSON. It takes no files: charts are shown by their address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.connectors.base import Check, Outside, Parcel, Receipt, SendError, asked_pause_s
from core.connectors.slack.api import CALL_S, CONNECT_S, Desk, failure, keep_pace
from core.connectors.slack.shown import links_of, shortened, shown
from core.errors import DeliveryError

GONE = {"no_service", "no_active_hooks", "channel_is_archived", "channel_not_found", "invalid_token"}
FINAL = {400, 403, 404, 410}
TOO_LONG = frozenset({"msg_blocks_too_long", "msg_too_long"})


def send_by_hook(desk: Desk, outside: Outside, parcel: Parcel) -> Receipt:
    """Post every message of the report into the webhook's own channel, where it cannot make a thread.

    Raises SendError, HostRefused.
    """
    message, done = parcel.message, int(parcel.cursor.get("hooked", 0))
    request = desk.said(f"POST {desk.host} delivery {parcel.delivery_id}, {len(message['posts'])} messages")
    for number, post in enumerate(message["posts"][done:], done):
        keep_pace(number)
        _post(desk, outside, parcel, post, request)
        parcel.keep({"hooked": number + 1})
    return Receipt(status=200, request=request, response="ok")


def check_hook(desk: Desk, outside: Outside) -> Check:
    """Send a message without text, which a webhook that lives refuses by saying so: nothing is posted."""
    try:
        status, said, _ = _call(desk, outside, {"text": ""})
    except DeliveryError as error:
        return Check(ok=False, text=str(error))
    asked = f"{desk.host} was sent a message without text, which posts nothing, and answered {status} {desk.said(said)}"
    if status == 400 and said in {"no_text", "invalid_payload"}:
        return Check(ok=True, text=f"{asked}: the webhook lives. It posts into its own channel alone.")
    return Check(ok=False, text=f"{asked}. {_advice(said)}")


def _post(desk: Desk, outside: Outside, parcel: Parcel, post: Mapping[str, Any], request: str) -> None:
    blocks = shown(links_of(post["blocks"], parcel.message["choices"]), lambda name: _by_address(parcel, name))
    parcel.begin()
    try:
        status, said, pause = _call(desk, outside, {"text": post["text"], "blocks": blocks})
        if said in TOO_LONG:
            blocks = shortened(blocks, str(parcel.message["cut"]))
            status, said, pause = _call(desk, outside, {"text": post["text"], "blocks": blocks})
    except DeliveryError as error:
        raise failure(error, desk, request=request, is_unknown=True) from None
    if status != 200:
        raise _refused(desk, status, said, pause, request)


def _by_address(parcel: Parcel, name: str) -> Mapping[str, Any]:
    address = parcel.picture(name)
    return {"image_url": address} if address else {}


def _call(desk: Desk, outside: Outside, body: Mapping[str, Any]) -> tuple[int, str, str | None]:
    """Status, text and Retry-After of the answer."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    more = {"unfurl_links": False, "unfurl_media": False} if body.get("blocks") else {}
    data = json.dumps({**body, **more}, ensure_ascii=False).encode("utf-8")
    with outside.session(whole_s=CALL_S) as session:
        answer = session.post(desk.hook_url, data=data, headers=headers, timeout=(CONNECT_S, CALL_S))
    return answer.status_code, answer.content.decode("utf-8", "replace").strip(), answer.headers.get("Retry-After")


def _refused(desk: Desk, status: int, said: str, pause: str | None, request: str) -> SendError:
    bare = desk.said(said)
    return SendError(
        f"{desk.host} answered {status} {bare[:200]}. {_advice(said)}",
        permanent=status in FINAL,
        retry_after_s=asked_pause_s(pause, datetime.now(UTC)),
        disables=said in GONE or status == 410,
        error_class=bare if status in FINAL and len(bare) < 40 else f"http {status}",
        status=status,
        request=request,
        response=bare,
    )


def _advice(said: str) -> str:
    if said in GONE:
        return "The webhook was removed. Make a new one in Slack and paste its address under Connections."
    return "Look at the webhook in Slack."
