"""The connector of kind "teams": by a workflow's address, or by Microsoft Graph as somebody who signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.connectors.base import Account, Check, Field, Outside, Parcel, Receipt, RetryRule
from core.connectors.teams.calls import TRY_S, Calls, is_final
from core.connectors.teams.graph import GRAPH, Graph
from core.connectors.teams.sign_in import AUTHORITY, DeviceCode, SignedIn, SignIn
from core.connectors.teams.workflows import Workflow
from core.errors import DeliveryError

MINUTE, HOUR = 60.0, 3_600.0
WORKFLOWS, BY_GRAPH = "workflows", "graph"
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


def _url_complaint(url: str) -> str:
    """Never with the address: it is the secret."""
    try:
        parts = urlsplit(url.strip())
        is_one = parts.scheme in {"https", "http"} and bool(parts.hostname)
    except ValueError:
        is_one = False
    return "" if is_one else "begins with https://, as Workflows shows it"


def _id_complaint(text: str) -> str:
    return "" if PLAIN.issuperset(text) else "is an id of letters, digits and hyphens, as Entra shows it"


class Teams:
    """The connector of kind "teams". graph, authority: where Microsoft is."""

    kind = "teams"
    label = "Microsoft Teams"
    fields = (
        Field(
            "way",
            "Way",
            "choice",
            default=WORKFLOWS,
            choices={WORKFLOWS: "Workflows address", BY_GRAPH: "Microsoft Graph"},
            help="A workflow posts into one channel; by Graph messages go as you into any channel of your teams",
        ),
        Field(
            "url",
            "Workflows address",
            "secret",
            placeholder="https://….logic.azure.com/workflows/…",
            help="From the template “Send webhook alerts to a channel”. Whoever has it can post there",
            complaint=_url_complaint,
        ),
        Field(
            "tenant",
            "Directory (tenant) id",
            placeholder="contoso.onmicrosoft.com",
            help="Of Microsoft Graph",
            complaint=_id_complaint,
        ),
        Field(
            "client_id",
            "Application (client) id",
            placeholder="00000000-0000-0000-0000-000000000000",
            help="Of Microsoft Graph: the application that you registered in Entra",
            complaint=_id_complaint,
        ),
        Field("user", "Signed in as", is_typed=False),
        Field("refresh_token", "Sign-in", "secret", is_typed=False),
    )
    destination_fields = (
        Field("team", "Team", "lookup", help="Of Microsoft Graph; a workflow has its channel"),
        Field("channel", "Channel", "lookup", help="Of Microsoft Graph; a workflow has its channel"),
    )
    retry = RetryRule(delays_s=(10, MINUTE, 10 * MINUTE, HOUR), deadline_s=4 * HOUR, total_s=TRY_S)

    def __init__(self, graph: str = GRAPH, authority: str = AUTHORITY) -> None:
        self._graph, self._sign_in = graph, SignIn(authority)

    def check(self, account: Account, outside: Outside) -> Check:
        """Call Microsoft without sending anything."""
        calls = Calls(outside)
        try:
            return self._asked(account, calls).check() if _is_graph(account) else Workflow.of(account).check(calls)
        except DeliveryError as error:
            return Check(ok=False, text=str(error))

    def send(self, account: Account, outside: Outside, parcel: Parcel) -> Receipt:
        """Send a card. Raises SendError."""
        calls = Calls(outside)
        if _is_graph(account):
            return self._asked(account, calls).send(parcel)
        return Workflow.of(account).send(calls, parcel)

    def is_final(self, status: int) -> bool:
        """Too much at once and trouble at Microsoft pass; all else stays."""
        return is_final(status)

    def lookup(self, account: Account, outside: Outside, name: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """What a field of a destination may hold: id to name; channels are those of the team in `settings`.

        Raises DeliveryError.
        """
        if not _is_graph(account):
            return {}
        graph, team = self._asked(account, Calls(outside)), str(settings.get("team") or "")
        if name == "team":
            return graph.teams()
        return graph.channels(team) if team else {}

    def begin_sign_in(self, account: Account, outside: Outside) -> DeviceCode:
        """A code for whoever is to sign in. Raises DeliveryError."""
        return self._sign_in.begin(account, Calls(outside))

    def signed_in(self, account: Account, outside: Outside, code: DeviceCode) -> SignedIn | None:
        """Whether the code was used meanwhile. Raises DeliveryError once it is over."""
        return self._sign_in.poll(account, Calls(outside), code)

    def _asked(self, account: Account, calls: Calls) -> Graph:
        return Graph(account, calls, self._sign_in, self._graph)


def _is_graph(account: Account) -> bool:
    return account.settings.get("way") == BY_GRAPH
