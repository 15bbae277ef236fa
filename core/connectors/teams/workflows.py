"""A card by the address of a workflow ("When a Teams webhook request is received").

The answer 202 says that the workflow started, not that the card is seen: what goes wrong later stands in the
workflow's own history, where nobody tells us. The address is the secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from core.connectors.base import Account, Check, Parcel, Receipt, SendError, masked
from core.connectors.teams.calls import MOST_SHOWN, Calls, refused, unanswered
from core.connectors.teams.cards import MOST_TAKEN, Card, filled, workflow_body
from core.errors import DeliveryError

TOO_LARGE = 413
SHORTEST_TOKEN = 8
"""Characters of what in the query may be a secret wherever it is repeated; versions are shorter, as figures are."""
ADVICE = {
    400: "The workflow takes something else than cards: make it from the template “Send webhook alerts to a channel”.",
    401: "The signature in its address is wrong: copy the address again.",
    403: "The workflow takes cards of nobody from outside: let anyone trigger it.",
    404: "The workflow is gone: make a new one and put its address in.",
    410: "The workflow is gone: make a new one and put its address in.",
    TOO_LARGE: "The card is too large, though it was shortened. Choose fewer views.",
}


@dataclass(frozen=True)
class Workflow:
    """A workflow's address."""

    url: str = field(repr=False)

    @classmethod
    def of(cls, account: Account) -> Workflow:
        """Raises SendError while there is none."""
        if url := account.secrets.get("url", "").strip():
            return cls(url)
        raise SendError(
            "The connection has no address of a workflow. Type it.",
            permanent=True,
            pauses_connection=True,
            error_class="auth",
        )

    @property
    def host(self) -> str:
        """Where it is, for sentences."""
        return str(urlsplit(self.url).hostname)

    def said(self, text: str) -> str:
        """What was sent or came back, without the address, and without what its query says, however it is written."""
        parts = urlsplit(self.url)
        written = [pair.partition("=")[2] for pair in parts.query.split("&")]
        meant = [value for _, value in parse_qsl(parts.query)]
        hidden = [self.url, parts.path, parts.query, *(one for one in (*written, *meant) if len(one) >= SHORTEST_TOKEN)]
        return masked(text, [one for one in hidden if len(one) > 1], most=MOST_SHOWN)

    def check(self, calls: Calls) -> Check:
        """Whether its host answers; a workflow itself cannot be asked without starting it."""
        answer = calls.head(self.url)
        came = f"{self.host} was asked by HEAD, without a card, and answered {answer.status_code}."
        return Check(
            ok=answer.status_code < 500, text=f"{came} Whether the workflow shows cards tells the test of an export."
        )

    def send(self, calls: Calls, parcel: Parcel) -> Receipt:
        """Hand a card over, a shorter one where it is too large. Raises SendError."""
        body = b"" if parcel.cursor.get("is_short") else workflow_body(_card(parcel))
        if body and len(body) <= MOST_TAKEN:
            try:
                return self._post(calls, parcel, body)
            except SendError as error:
                if error.status != TOO_LARGE:
                    raise
        parcel.keep({"is_short": True})
        return self._post(calls, parcel, workflow_body(_short(parcel)))

    def _post(self, calls: Calls, parcel: Parcel, body: bytes) -> Receipt:
        request = self.said(f"POST {self.url} {len(body)} bytes: {body.decode('utf-8')}")
        try:
            parcel.begin()
            answer = calls.post(self.url, body, {})
        except DeliveryError as error:
            raise unanswered(error, request) from None
        status, said = answer.status_code, self.said(answer.content.decode("utf-8", "replace"))
        if 200 <= status <= 299:
            return Receipt(outcome="accepted", status=status, request=request, response=said)
        words = f": {said[:200]}" if said else ""
        sentence = f"{self.host} answered {status}{words}. {ADVICE.get(status, 'Look at the history of its runs.')}"
        raise refused(answer, sentence, request=request, said=said, pauses_connection=status == 401)


def _card(parcel: Parcel) -> Card:
    """The card with pictures where all of them can be seen from outside, else the one without."""
    cards, files = parcel.message["cards"], {one["content_id"]: one["file"] for one in parcel.message["pictures"]}
    urls = {content_id: parcel.picture(file) for content_id, file in files.items()}
    drawn = cards["pictured" if all(urls.values()) else "bare"]
    return filled(drawn, delivery_id=parcel.delivery_id, address=lambda content_id: urls[content_id])


def _short(parcel: Parcel) -> Card:
    return filled(parcel.message["cards"]["short"], delivery_id=parcel.delivery_id, address=lambda content_id: "")
