"""Channel messages by Microsoft Graph, as the person who signed in: teams joined, their channels, a card with its
pictures inside.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from requests import Response

from core.connectors.base import Account, Check, Parcel, Receipt, SendError, masked
from core.connectors.teams.calls import MOST_SHOWN, Calls, refused, unanswered
from core.connectors.teams.cards import as_json, filled, graph_message
from core.connectors.teams.sign_in import SignIn
from core.errors import DeliveryError

GRAPH = "https://graph.microsoft.com/v1.0"
MOST_BYTES = 3_900_000
"""Graph takes 4 MB a request, pictures included."""
MOST_PAGES = 20
TOO_LARGE = 413
ADVICE = {
    401: "Sign in again under Connections.",
    403: "Whoever signed in may not write there, or did not agree to it. Sign in again, or choose another channel.",
    404: "The channel is gone, or whoever signed in has left the team. Choose another one.",
    TOO_LARGE: "The card is too large, though it was shortened. Choose fewer views.",
}


@dataclass(frozen=True)
class Graph:
    """Graph for one account, within one try."""

    account: Account
    calls: Calls
    sign_in: SignIn
    base: str = GRAPH
    _secrets: list[str] = field(default_factory=list, repr=False)

    def teams(self) -> dict[str, str]:
        """The teams that whoever signed in has joined: id to name. Raises DeliveryError."""
        return self._listed("/me/joinedTeams")

    def channels(self, team: str) -> dict[str, str]:
        """The channels of a team: id to name. Raises DeliveryError."""
        return self._listed(f"/teams/{quote(team, safe='')}/channels")

    def check(self) -> Check:
        """Ask for the teams."""
        count = len(self.teams())
        who = self.account.settings.get("user") or "Somebody"
        return Check(ok=True, text=f"{who} is signed in at Microsoft and has joined {count} teams.")

    def send(self, parcel: Parcel) -> Receipt:
        """Write into the channel, a shorter card where it is too large. Raises SendError."""
        place = _place(parcel.settings)
        if not parcel.cursor.get("is_short"):
            message = _pictured(parcel) or _bare(parcel)
            try:
                return self._post(parcel, place, message)
            except SendError as error:
                if error.status != TOO_LARGE:
                    raise
        parcel.keep({"is_short": True})
        return self._post(parcel, place, _message(parcel, "short"))

    def _post(self, parcel: Parcel, place: str, message: Mapping[str, Any]) -> Receipt:
        body = as_json(message)
        request = f"POST {self.base}{place} {len(body)} bytes: {as_json(_without_bytes(message)).decode('utf-8')}"
        has_begun = False

        def post(headers: Mapping[str, str]) -> Response:
            nonlocal has_begun
            has_begun = True
            parcel.begin()
            return self.calls.post(f"{self.base}{place}", body, headers)

        try:
            answer = self._signed(post)
        except SendError:
            raise
        except DeliveryError as error:
            raise unanswered(error, self._said(request), has_begun=has_begun) from None
        said = self._said(answer.content.decode("utf-8", "replace"))
        if answer.status_code != 201:
            raise self._refused(answer, self._said(request), said)
        return Receipt(status=201, request=self._said(request), response=said)

    def _listed(self, path: str) -> dict[str, str]:
        url, found = f"{self.base}{path}", dict[str, str]()
        for _ in range(MOST_PAGES):
            asked = url
            answer = self._signed(lambda headers, asked=asked: self.calls.get(asked, headers))  # type: ignore[misc]
            said = self._said(answer.content.decode("utf-8", "replace"))
            if answer.status_code != 200:
                raise self._refused(answer, f"GET {asked}", said)
            page = _parsed(answer)
            found |= {str(one["id"]): str(one["displayName"]) for one in page.get("value", ())}
            url = str(page.get("@odata.nextLink") or "")
            # The next page is asked for with the token: never elsewhere than here.
            if not url.startswith(f"{self.base}/"):
                break
        return dict(sorted(found.items(), key=lambda pair: pair[1].casefold()))

    def _signed(self, ask: Callable[[Mapping[str, str]], Response]) -> Response:
        """A call with a token, and once more with a fresh one where it is refused."""
        for is_fresh in (False, True):
            token = self.sign_in.token(self.account, self.calls, is_fresh=is_fresh)
            self._secrets.append(token)
            answer = ask({"Authorization": f"Bearer {token}"})
            if answer.status_code != 401:
                break
        return answer

    def _refused(self, answer: Response, request: str, said: str) -> SendError:
        status = answer.status_code
        error = _parsed(answer).get("error")
        words = masked(str(error.get("message", "")), self._secrets, most=200) if isinstance(error, dict) else ""
        sentence = f"Microsoft Graph answered {status}{f': {words}' if words else ''}."
        return refused(
            answer,
            f"{sentence} {ADVICE.get(status, 'Try again later.')}",
            request=request,
            said=said,
            pauses_connection=status == 401,
        )

    def _said(self, text: str) -> str:
        return masked(text, [*self._secrets, self.account.secrets.get("refresh_token", "")], most=MOST_SHOWN)


def _place(settings: Mapping[str, Any]) -> str:
    """Where messages of a channel go. Raises SendError while none is chosen."""
    team, channel = str(settings.get("team") or ""), str(settings.get("channel") or "")
    if not team or not channel:
        raise SendError("No channel is chosen. Choose a team and a channel.", permanent=True, error_class="channel")
    return f"/teams/{quote(team, safe='')}/channels/{quote(channel, safe='')}/messages"


def _pictured(parcel: Parcel) -> dict[str, Any] | None:
    """The card with its pictures inside; None where they are too large."""
    files = {file.name: file for file in parcel.files}
    hosted, places = [], {}
    for number, picture in enumerate(parcel.message["pictures"], 1):
        content = b64encode(files[picture["file"]].path.read_bytes()).decode("ascii")
        temporary = {"@microsoft.graph.temporaryId": str(number)}
        hosted.append({**temporary, "contentBytes": content, "contentType": files[picture["file"]].media_type})
        places[picture["content_id"]] = f"../hostedContents/{number}/$value"
    message = _message(parcel, "pictured", places) | ({"hostedContents": hosted} if hosted else {})
    return message if len(as_json(message)) <= MOST_BYTES else None


def _bare(parcel: Parcel) -> dict[str, Any]:
    return _message(parcel, "bare")


def _message(parcel: Parcel, name: str, places: Mapping[str, str] | None = None) -> dict[str, Any]:
    known = places or {}
    card = filled(
        parcel.message["cards"][name], delivery_id=parcel.delivery_id, address=lambda content_id: known[content_id]
    )
    return graph_message(card, parcel.delivery_id)


def _without_bytes(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message as it is shown to people: of pictures only how large they are."""
    hosted = [
        {**one, "contentBytes": f"{len(one['contentBytes'])} characters"} for one in message.get("hostedContents", ())
    ]
    return {**message, **({"hostedContents": hosted} if hosted else {})}


def _parsed(answer: Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
