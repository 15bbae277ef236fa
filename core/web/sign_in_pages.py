"""Pages with one small form, in the look of reports: sign in, welcome, a new password. Every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.report.assets import asset_name
from core.settings import SHORTEST_PASSWORD, Settings
from core.web.csrf import csrf_token

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Field:
    """One input. autocomplete: what a password manager is told; shortest: fewest characters, 0 for any number."""

    name: str
    label: str
    type: str = "text"
    autocomplete: str = "off"
    value: str = ""
    hint: str = ""
    shortest: int = 0
    is_first: bool = False


@dataclass(frozen=True)
class FormPage:
    """A page: what it is about, perhaps a form that is sent to `action`, and where else to go."""

    title: str
    text: str = ""
    error: str = ""
    status: int = 200
    action: str = ""
    fields: tuple[Field, ...] = ()
    button: str = ""
    next: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """Label and address of each."""


EMAIL = Field("email", "E-mail", "email", "username", is_first=True)
PASSWORD = Field("password", "Password", "password", "current-password")
NEW_PASSWORD = Field(
    "password",
    "New password",
    "password",
    "new-password",
    hint=f"At least {SHORTEST_PASSWORD} characters. Several words are easy to keep and hard to guess.",
    shortest=SHORTEST_PASSWORD,
)


def answer(
    request: Request, settings: Settings, page: FormPage, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page as an answer. A form may only be sent here, and lead to the app's own pages from here."""
    html = (
        _environment()
        .get_template("sign_in.html")
        .render(
            title=page.title,
            text=page.text,
            error=page.error,
            action=page.action,
            fields=page.fields,
            button=page.button,
            next=page.next,
            links=[{"label": label, "url": url} for label, url in page.links],
            csrf=csrf_token(request) if page.button else "",
            style=asset_name("sign_in.css"),
            report_style=asset_name("report.css"),
        )
    )
    policy = (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {_origin(settings.ui_base_url)}"
    )
    return HTMLResponse(html, page.status, {"Content-Security-Policy": policy, **(headers or {})})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
