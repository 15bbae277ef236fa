"""Sign-in by an OpenID provider: discovery, authorisation code with PKCE, state and nonce, a checked ID token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.auth import TokenAuth
from authlib.oauth2.client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import HTTPError

from core.access.egress import Egress
from core.errors import AccessDenied, DeliveryError
from core.settings import Settings

SCOPE = "openid email profile"
# Signatures whose key the provider alone holds; "none" and shared secrets are not taken.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
KNOWN_FOR_S = 3600.0
LEEWAY_S = 60
CANNOT = "The provider could not be asked. Try again later; if it stays, tell an administrator."
NOT_ACCEPTED = "The provider did not accept this sign-in. Start again."


@dataclass(frozen=True)
class Way:
    """What must come back unchanged when the person returns from the provider; kept by their browser, signed."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Way:
        """A way that nobody can guess."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Identity:
    """Whom the provider vouches for; role: None where its claim says nothing of one."""

    email: str
    name: str
    role: str | None


class _Client(OAuth2Client):  # type: ignore[misc]  # it is untyped
    client_auth_class = OAuth2ClientAuth
    token_auth_class = TokenAuth


class Provider:
    """The provider that the settings name. Thread-safe; every call to it passes the one door to the outside."""

    def __init__(self, settings: Settings, egress: Egress) -> None:
        self._settings, self._egress = settings, egress
        self._known: dict[str, Any] = {}
        self._known_at = 0.0

    def start_address(self, way: Way, redirect_uri: str) -> str:
        """Where the person signs in. Raises AccessDenied when the provider cannot be asked."""
        address = self._text("authorization_endpoint")
        found, _ = self._client(redirect_uri).create_authorization_url(
            address, state=way.state, code_verifier=way.verifier, nonce=way.nonce
        )
        return str(found)

    def identity(self, way: Way, code: str, redirect_uri: str) -> Identity:
        """Whom the provider vouches for with that code. Raises AccessDenied with a sentence for the reader."""
        try:
            token = self._client(redirect_uri).fetch_token(
                self._text("token_endpoint"), code=code, code_verifier=way.verifier
            )
        except DeliveryError as error:
            raise AccessDenied(f"{CANNOT} {error}") from None
        except AuthlibBaseError:
            raise AccessDenied(NOT_ACCEPTED) from None
        except (HTTPError, ValueError) as error:
            raise AccessDenied(f"{CANNOT} It answered the code by {type(error).__name__}.") from None
        if "id_token" not in token:
            raise AccessDenied(NOT_ACCEPTED)
        claims = self._checked(str(token["id_token"]), way.nonce)
        if not self._needed() <= claims.keys() and "userinfo_endpoint" in self._metadata():
            claims = claims | self._user_info(str(token.get("access_token", "")), str(claims["sub"]))
        return self._identity(claims)

    def _client(self, redirect_uri: str) -> OAuth2Client:
        secret = self._settings.oidc_client_secret
        return _Client(
            self._egress.session(),
            client_id=self._settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that was signed by the provider, for us, now, for this very sign-in."""
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._text("issuer")},
            aud={"essential": True, "value": str(self._settings.oidc_client_id)},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, self._keys(), algorithms=ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise AccessDenied(f"The provider's answer is not to be trusted: {_reason(error)}. Start again.") from None
        return dict(claims)

    def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        found = self._get(self._text("userinfo_endpoint"), {"Authorization": f"Bearer {access_token}"})
        return found if found.get("sub") == subject else {}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email = str(claims.get("email") or "").strip().lower()
        if not email or not self._is_vouched(claims):
            raise AccessDenied("The provider does not vouch for your e-mail address. Ask an administrator.")
        domains = self._settings.oidc_allowed_domains
        if domains and email.rpartition("@")[2] not in domains:
            raise AccessDenied(f"People of {email.rpartition('@')[2]} may not sign in here this way.")
        name = " ".join(str(claims.get("name") or email.partition("@")[0]).split())
        return Identity(email, name[:100], self._role(claims))

    def _needed(self) -> set[str]:
        """The claims without which nobody comes in; what the token lacks may stand in the provider's user info."""
        return {"email"} if self._settings.oidc_trust_email else {"email", "email_verified"}

    def _is_vouched(self, claims: Mapping[str, Any]) -> bool:
        """Whether the address was checked there; what a provider is silent about was not, unless the settings say so.

        Some write the claim as text.
        """
        told = claims.get("email_verified")
        return self._settings.oidc_trust_email if told is None else told in {True, "true"}

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        """The highest role that the values of the role claim stand for; the claim may lie deeper: `realm.roles`."""
        found: Any = claims
        for part in self._settings.oidc_role_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        values = {str(value) for value in found} if isinstance(found, list) else {str(found)}
        return next((role for value, role in self._settings.oidc_role_map if value in values), None)

    def _keys(self) -> KeySet:
        return KeySet.import_key_set(self._get(self._text("jwks_uri")))  # type: ignore[arg-type]

    def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself, asked once an hour. Raises AccessDenied."""
        if not self._known or time.monotonic() - self._known_at > KNOWN_FOR_S:
            issuer = str(self._settings.oidc_issuer).rstrip("/")
            found = self._get(f"{issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != issuer:
                raise AccessDenied(f"{CANNOT} It calls itself '{found.get('issuer')}', not '{issuer}'.")
            self._known, self._known_at = found, time.monotonic()
        return self._known

    def _text(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str):
            raise AccessDenied(f"{CANNOT} It does not name its {name}.")
        return found

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._egress.session().get(address, headers={"Accept": "application/json", **(headers or {})})
            found = answer.json() if answer.status_code == 200 else None
        except DeliveryError as error:
            raise AccessDenied(f"{CANNOT} {error}") from None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AccessDenied(f"{CANNOT} It answered {answer.status_code} without what is needed.")
        return found


def _reason(error: Exception) -> str:
    """What was wrong with a token, in the library's words, which hold no secret."""
    return str(error).rstrip(".").partition(":")[0]
