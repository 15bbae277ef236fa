"""One try of a delivery by a bot: pictures first, then message by message, each written down when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from core.connectors.base import Parcel, Receipt, SendError
from core.connectors.slack.api import Desk, GuardedClient, error_name, is_transient, keep_pace
from core.connectors.slack.shown import links_of, menu_of, shortened, shown
from core.connectors.slack.uploads import Uploads, upload
from core.errors import DeliveryError

EVENT = "bridgecast_report"
LOOKS_BACK = 50
TOO_LONG = frozenset({"msg_blocks_too_long", "msg_too_long"})


@dataclass
class Posting:
    """One try. cursor: how far the delivery has come: `files` by name, `channel`, `posts` with the time that Slack
    gave each message, which is also its name, and `posting`, the number of the one that was under way.
    """

    desk: Desk
    client: GuardedClient
    parcel: Parcel
    has_begun: bool = False

    def __post_init__(self) -> None:
        self.cursor: dict[str, Any] = dict(self.parcel.cursor)

    def carry(self) -> Receipt:
        """Send what is not there yet. Raises SlackApiError, DeliveryError, SendError."""
        channel = self.cursor.get("channel") or self._channel()
        files = self._upload()
        posts, message = list(self.cursor.get("posts", ())), self.parcel.message
        for number, post in enumerate(message["posts"][len(posts) :], len(posts)):
            thread = posts[0] if number else None
            ts = self._arrived(channel, number, thread) if self.cursor.get("posting") == number else None
            if ts is None:
                self._begin(number)
                answer = self._post(channel, number, post, files, thread)
                channel, ts = str(answer["channel"]), str(answer["ts"])
            posts.append(ts)
            self._keep(channel=channel, posts=posts)
        said = f"ok: {len(posts)} messages in {channel}, the first {posts[0]}"
        return Receipt(status=200, request=self.request(), response=self.desk.said(said))

    def request(self) -> str:
        """What people see of it in the history."""
        message, way = self.parcel.message, f"chat.postMessage {self.parcel.settings.get('channel', '')}"
        size = f"{len(message['posts'])} messages, {len(message['pictures'])} pictures"
        return self.desk.said(f"{way} delivery {self.parcel.delivery_id}, {size}: {message['text']}")

    def _begin(self, number: int) -> None:
        """Write down which message is under way, and begin."""
        keep_pace(number)
        self._keep(posting=number)
        if not self.has_begun:
            self.parcel.begin()
            self.has_begun = True

    def _arrived(self, channel: str, number: int, thread: str | None) -> str | None:
        """The time of a message that an earlier try may have posted, where the app may look into the channel.

        Raises SlackApiError where a later look may tell: to post without it might post twice.
        """
        try:
            if thread is None:
                found = self.client.conversations_history(channel=channel, limit=LOOKS_BACK, include_all_metadata=True)
            else:
                found = self.client.conversations_replies(
                    channel=channel, ts=thread, limit=LOOKS_BACK, include_all_metadata=True
                )
        except SlackApiError as error:
            if is_transient(error):
                raise
            return None
        for one in found["messages"]:
            own = one.get("metadata", {}).get("event_payload", {})
            if (own.get("delivery_id"), own.get("number")) == (self.parcel.delivery_id, number):
                return str(one["ts"])
        return None

    def _channel(self) -> str:
        """Where it goes: a channel's or person's id, or a person by their address."""
        asked = str(self.parcel.settings.get("channel") or "").strip()
        if not asked:
            raise SendError(
                "The destination names no channel. Choose one in the export.", permanent=True, error_class="no channel"
            )
        if "@" not in asked.removeprefix("@"):
            return asked
        return str(self.client.users_lookupByEmail(email=asked)["user"]["id"])

    def _upload(self) -> dict[str, str]:
        named = {picture["file"] for picture in self.parcel.message["pictures"]}
        files = [file for file in self.parcel.files if file.name in named]
        return upload(self.client, files, self.cursor.get("files", {}), self._keep_files)

    def _keep_files(self, files: Uploads) -> None:
        self._keep(files={name: dict(one) for name, one in files.items()})

    def _keep(self, **changed: Any) -> None:
        self.cursor |= changed
        self.parcel.keep(self.cursor)

    def _post(
        self, channel: str, number: int, post: Mapping[str, Any], files: Mapping[str, str], thread: str | None
    ) -> SlackResponse:
        """One message; one that is too long for Slack once more, shortened, which it then says."""
        blocks = shown(self._with_menu(post["blocks"]), partial(_as_file, files))
        try:
            return self._call(channel, number, str(post["text"]), blocks, thread)
        except SlackApiError as error:
            if error_name(error) not in TOO_LONG:
                raise
        shorter = shortened(blocks, str(self.parcel.message["cut"]))
        return self._call(channel, number, str(post["text"]), shorter, thread)

    def _call(
        self, channel: str, number: int, text: str, blocks: list[dict[str, Any]], thread: str | None
    ) -> SlackResponse:
        payload = {"delivery_id": self.parcel.delivery_id, "run_id": self.parcel.run_id, "number": number}
        return self.client.chat_postMessage(
            channel=channel,
            text=text,
            blocks=blocks,
            thread_ts=thread,
            metadata={"event_type": EVENT, "event_payload": payload},
            username=str(self.parcel.settings.get("user_name") or "") or None,
            icon_url=self.desk.icon_url or None,
            unfurl_links=False,
            unfurl_media=False,
        )

    def _with_menu(self, blocks: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if self.desk.hears_choices(is_reached=self.parcel.is_reached):
            return menu_of(blocks, self.parcel.delivery_id)
        return links_of(blocks, self.parcel.message["choices"])


def _as_file(files: Mapping[str, str], name: str) -> Mapping[str, Any]:
    """Raises DeliveryError for a picture that is not among the run's files."""
    if name not in files:
        raise DeliveryError(f"The picture '{name}' is no longer kept. Replay with fresh data.", permanent=True)
    return {"slack_file": {"id": files[name]}}
