"""The environment, read once into a frozen `Settings`. A wrong value stops the start with a sentence."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parent.parent
PRODUCT_VERSION = "0.1.0"
SQLITE = "sqlite:///"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERY_ADDRESS = ("0.0.0.0", "::", "*")  # noqa: S104  named, not bound
SHORTEST_PASSWORD = 8
SECRET = (
    "oidc_client_secret",
    "owner_password",
    "owner_token",
    "secret_key",
    "egress_proxy",
    "heartbeat_url",
    "slack_client_secret",
    "slack_signing_secret",
)
_PROXY = re.compile(r"http://(?:[^\s/@]+@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}/?")
GIVEN_ROLES = ("admin", "analyst", "viewer")
"""The roles that a provider's claim may give, the highest first: owners are made by owners."""
_SIZE = re.compile(r"\d+(\.\d+)?\s?(%|[KMGT]i?B)", re.I)


class Settings(BaseSettings):
    """Variables `BRIDGECAST_<NAME>`; README.md lists them all."""

    model_config = SettingsConfigDict(env_prefix="BRIDGECAST_", frozen=True, extra="ignore")

    data_dir: Path = REPOSITORY / "data" / "var"
    database_url: str | None = None
    ui_port: int = Field(8501, ge=1, le=65535)
    api_port: int = Field(8502, ge=1, le=65535)
    host: str = "localhost"
    public_url: str | None = None
    ui_url: str | None = None
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    owner_email: str | None = None
    owner_password: SecretStr | None = None
    owner_token: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_domains: str = ""
    oidc_role_claim: str = ""
    oidc_roles: str = ""
    oidc_trust_email: bool = False
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_url: str = "https://slack.com"
    threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    memory_limit: str = "60%"
    egress_allow: str = ""
    egress_proxy: SecretStr | None = None
    trusted_proxies: str = ""
    log: Literal["debug", "info", "warning", "error"] = "info"
    demo: bool = True
    sending: bool = True
    heartbeat_url: SecretStr | None = None

    @field_validator("heartbeat_url")
    @classmethod
    def _is_called(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.fullmatch(r"https?://[^/\s]+\S*", url.get_secret_value()):
            raise ValueError("this is no address. Write it like https://hc-ping.com/<id>")
        return url

    @field_validator("memory_limit")
    @classmethod
    def _is_a_size(cls, text: str) -> str:
        if not _SIZE.fullmatch(text):
            raise ValueError("this is no amount of memory. Use a share such as 60%, or a size such as 4GB")
        return text

    @field_validator("owner_password")
    @classmethod
    def _is_long_enough(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and len(password.get_secret_value()) < SHORTEST_PASSWORD:
            raise ValueError(f"use at least {SHORTEST_PASSWORD} characters")
        return password

    @field_validator("egress_proxy")
    @classmethod
    def _is_a_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy is not None and not _PROXY.fullmatch(proxy.get_secret_value()):
            raise ValueError("this is no proxy. Write http://host:port, or http://user:password@host:port")
        return proxy

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        try:
            _networks(text)
        except ValueError:
            raise ValueError(
                "these are no addresses or networks. Name the proxies that you run, such as 10.0.0.5, 10.1.0.0/16"
            ) from None
        return text

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Where proxies stand that are believed what they say about visitors."""
        return _networks(self.trusted_proxies)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the sidecar by https."""
        return self.report_base_url.startswith("https:")

    @field_validator("oidc_roles")
    @classmethod
    def _are_roles(cls, text: str) -> str:
        wrong = [pair for pair in _listed(text) if pair.rpartition("=")[2].strip() not in GIVEN_ROLES]
        if wrong:
            raise ValueError(
                f"'{wrong[0]}' gives no role. Write values of the claim with roles: staff=analyst, it=admin"
            )
        return text

    @property
    def has_oidc(self) -> bool:
        """Whether people may sign in by an OpenID provider."""
        return bool(self.oidc_issuer and self.oidc_client_id)

    @property
    def has_slack_app(self) -> bool:
        """Whether workspaces are connected by Slack's own consent page."""
        return bool(self.slack_client_id and self.slack_client_secret)

    @property
    def oidc_allowed_domains(self) -> frozenset[str]:
        """Domains of e-mail addresses; empty for all, but then only those who were invited come in."""
        return frozenset(domain.lower().removeprefix("@") for domain in _listed(self.oidc_domains))

    @property
    def oidc_role_map(self) -> tuple[tuple[str, str], ...]:
        """Values of the role claim and the role that each stands for, the highest role first."""
        pairs = [pair.rpartition("=") for pair in _listed(self.oidc_roles)]
        found = [(value.strip(), role.strip()) for value, _, role in pairs]
        return tuple(sorted(found, key=lambda pair: GIVEN_ROLES.index(pair[1])))

    @property
    def report_base_url(self) -> str:
        """What report and API links begin with, without a slash at the end."""
        return (self.public_url or f"http://{self._host_in_links}:{self.api_port}").rstrip("/")

    @property
    def ui_base_url(self) -> str:
        """What links to pages begin with, without a slash at the end."""
        return (self.ui_url or f"http://{self._host_in_links}:{self.ui_port}").rstrip("/")

    @property
    def _host_in_links(self) -> str:
        """A host that a browser can open: of "every address" the own one."""
        host = "localhost" if self.host in EVERY_ADDRESS else self.host
        return f"[{host}]" if ":" in host else host

    @property
    def is_only_local(self) -> bool:
        """Whether nobody outside this computer can reach the app, neither directly nor by a proxy's address."""
        addresses = [url for url in (self.public_url, self.ui_url) if url]
        return self.host in LOOPBACK and all(urlsplit(url).hostname in LOOPBACK for url in addresses)

    @property
    def is_public_url_local(self) -> bool:
        """Whether recipients outside this computer could not open a link."""
        return any(name in self.report_base_url for name in ("//localhost", "//127.", "//[::1]"))

    @property
    def has_public_https(self) -> bool:
        """Whether services outside can fetch pictures and call back: by https, at an address that is not local."""
        return self.is_https and not self.is_public_url_local

    @property
    def store_url(self) -> str:
        """SQLAlchemy's address of the store."""
        return self.database_url or f"{SQLITE}{self.data_dir / 'bridgecast.sqlite'}"

    @property
    def warehouse_dir(self) -> Path:
        """Where dataset versions lie."""
        return self.data_dir / "warehouse"

    @property
    def private_paths(self) -> tuple[Path, ...]:
        """What nobody may load as data: store and keys, wherever they lie, and processes with their environment."""
        named = [self.secret_key_file] if self.secret_key_file else []
        if self.store_url.startswith(SQLITE):
            named.append(Path(self.store_url.removeprefix(SQLITE)))
        return (self.data_dir, Path("/proc"), *named)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def read_settings() -> Settings:
    """Settings from the environment.

    Raises SettingsError with one sentence a wrong variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(dict(e)) for e in error.errors())) from None


def _sentence(error: dict[str, object]) -> str:
    place = error["loc"]
    text = str(error["msg"]).removeprefix("Value error, ")
    if not isinstance(place, tuple) or not place:
        return text
    given = "" if isinstance(error["input"], SecretStr) or place[0] in SECRET else f" is {error['input']!r}"
    return f"BRIDGECAST_{str(place[0]).upper()}{given}: {text}."
