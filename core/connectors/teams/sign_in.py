"""Sign-in to Microsoft by device code, and access tokens afterwards (msal, which calls through the door).

Only the refresh token is kept, sealed with the connection; Microsoft exchanges it for a new one at each use.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msal import PublicClientApplication
from requests import RequestException

from core.connectors.base import Account, SendError, masked
from core.connectors.teams.calls import Calls
from core.errors import DeliveryError

AUTHORITY = "https://login.microsoftonline.com"
ANY_TENANT = "organizations"
SCOPES = (
    "https://graph.microsoft.com/Team.ReadBasic.All",
    "https://graph.microsoft.com/Channel.ReadBasic.All",
    "https://graph.microsoft.com/ChannelMessage.Send",
)
"""What people agree to: to read the names of their teams and of the channels in them, and to write there as them."""
PENDING = frozenset({"authorization_pending", "slow_down"})
SPARE_S = 120
MOST_KEPT = 50


@dataclass(frozen=True)
class DeviceCode:
    """A sign-in that waits: the code is typed at the address. flow: what msal goes on with; it changes it."""

    user_code: str
    address: str
    interval_s: int
    ends_at: float
    flow: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class SignedIn:
    """Whoever signed in, with what is kept of it."""

    user: str
    refresh_token: str = field(repr=False)


class SignIn:
    """Signs in at one authority. Thread-safe."""

    def __init__(self, authority: str = AUTHORITY) -> None:
        self._authority = authority
        self._tokens: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._guard = threading.Lock()

    def begin(self, account: Account, calls: Calls) -> DeviceCode:
        """Ask for a code. Raises DeliveryError."""
        flow = self._ask(account, calls, lambda client: client.initiate_device_flow(list(SCOPES)))
        if "user_code" not in flow:
            raise DeliveryError(f"Microsoft gave no code: {_reason(flow)}", permanent=True)
        return DeviceCode(
            user_code=str(flow["user_code"]),
            address=str(flow["verification_uri"]),
            interval_s=int(flow.get("interval", 5)),
            ends_at=float(flow["expires_at"]),
            flow=flow,
        )

    def poll(self, account: Account, calls: Calls, code: DeviceCode) -> SignedIn | None:
        """Whether somebody has signed in meanwhile; None while nobody has. Raises DeliveryError once it is over."""
        if time.time() < code.flow.get("latest_attempt_at", 0) + code.flow.get("interval", code.interval_s):
            return None
        found = self._ask(
            account,
            calls,
            lambda client: client.acquire_token_by_device_flow(code.flow, exit_condition=lambda flow: True),
        )
        if found.get("error") in PENDING:
            return None
        if "refresh_token" not in found:
            raise DeliveryError(f"Nobody was signed in: {_reason(found)}", permanent=True)
        claims: Mapping[str, Any] = found.get("id_token_claims") or {}
        user = str(claims.get("preferred_username") or claims.get("name") or "")
        self._remember(found)
        return SignedIn(user, str(found["refresh_token"]))

    def token(self, account: Account, calls: Calls, *, is_fresh: bool = False) -> str:
        """An access token. is_fresh: the one that is remembered was refused. Raises SendError and DeliveryError."""
        refresh = account.secrets.get("refresh_token", "")
        if not refresh:
            raise _signed_out("Nobody is signed in to Microsoft.")
        if not is_fresh and (known := self._known(refresh)):
            return known
        found = self._ask(
            account, calls, lambda client: client.acquire_token_by_refresh_token(refresh, scopes=list(SCOPES))
        )
        if "access_token" not in found:
            raise _signed_out(f"Microsoft ended the sign-in: {masked(_reason(found), [refresh])}")
        renewed = str(found.get("refresh_token") or refresh)
        self._remember({**found, "refresh_token": renewed})
        if renewed != refresh:
            # Whoever still holds the one of before gets the same token.
            self._remember({**found, "refresh_token": refresh})
            account.renew({"refresh_token": renewed})
        return str(found["access_token"])

    def _ask(self, account: Account, calls: Calls, what: Any) -> dict[str, Any]:
        """One question by msal. What it says of an answer that it cannot read is no sentence for people."""
        tenant = str(account.settings.get("tenant") or ANY_TENANT)
        client_id = str(account.settings.get("client_id") or "")
        if not client_id:
            raise SendError("The application's id is not set. Type it.", permanent=True, error_class="auth")
        with calls.session() as session:
            try:
                client = PublicClientApplication(
                    client_id,
                    authority=f"{self._authority}/{tenant}",
                    http_client=session,
                    instance_discovery=False,
                )
                answer: dict[str, Any] = what(client)
            except (ValueError, RuntimeError, RequestException):
                raise DeliveryError(
                    f"Microsoft does not know the directory '{tenant}', or did not answer as expected. Correct the "
                    "directory's id."
                ) from None
        return answer

    def _known(self, refresh: str) -> str:
        with self._guard:
            token, until = self._tokens.get(_digest(refresh), ("", 0.0))
        return token if time.monotonic() < until else ""

    def _remember(self, found: Mapping[str, Any]) -> None:
        until = time.monotonic() + float(found.get("expires_in", 0)) - SPARE_S
        with self._guard:
            self._tokens[_digest(str(found["refresh_token"]))] = (str(found["access_token"]), until)
            while len(self._tokens) > MOST_KEPT:
                self._tokens.popitem(last=False)


def _digest(refresh: str) -> str:
    return hashlib.sha256(refresh.encode("utf-8")).hexdigest()


def _reason(answer: Mapping[str, Any]) -> str:
    """The first line of what Microsoft says; below it stand ids and times."""
    said = str(answer.get("error_description") or answer.get("error") or "no reason was given").splitlines()[0]
    return masked(said, [])


def _signed_out(sentence: str) -> SendError:
    return SendError(
        f"{sentence} Sign in again under Connections.", permanent=True, pauses_connection=True, error_class="auth"
    )
