"""People sign in and out, come by an invitation, and set a new password."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse

from core.access.attempts import Attempts
from core.access.sessions import COOKIE, SIGNED_IN_FOR, Visitor
from core.app import App
from core.errors import AccessDenied, BridgecastError
from core.model.access import Person
from core.settings import Settings
from core.store.people import OWNER_EMAIL
from core.web.csrf import checked_form
from core.web.sign_in_pages import EMAIL, NEW_PASSWORD, PASSWORD, Field, FormPage, answer

OIDC_PATH = "/login/oidc"
WRONG = "E-mail or password is not right."
SIGN_IN = FormPage("Sign in", action="/login", fields=(EMAIL, PASSWORD), button="Sign in")
FORGOTTEN = ("Forgot your password?", "/forgot")
ASK_SOMEBODY = FormPage(
    "A new password",
    "Ask an administrator of your Bridgecast for a link, which they make under Settings, People.",
    links=(("Back to sign in", "/login"),),
)
FORGOT = FormPage(
    "A new password",
    "A link to set one will be mailed to you.",
    action="/forgot",
    fields=(EMAIL,),
    button="Mail me a link",
    links=(("Back to sign in", "/login"),),
)
ON_ITS_WAY = FormPage(
    "Look into your mail",
    "If somebody with that address is known here, a link is on its way. It works for 2 hours.",
    links=(("Back to sign in", "/login"),),
)
CODE = FormPage(
    "Become the owner",
    "Nobody has a password here yet. Bridgecast has printed a one-time code where it was started (in the log of a "
    "container). Enter it to begin.",
    action="/welcome",
    fields=(Field("code", "One-time code", is_first=True),),
    button="Continue",
)
NOBODY_YET = FormPage(
    "Nobody can sign in yet",
    "Nobody has a password here, and only this computer can open Bridgecast: it opens without one. To let people sign "
    "in, set a password for yourself under Settings.",
)
GONE = FormPage(
    "This link does not work",
    "It does not exist, was used already, or has expired. Ask for a new one.",
    status=404,
    links=(("Sign in", "/login"),),
)
SIGN_OUT = FormPage("Sign out", "End your session in this browser?", action="/logout", button="Sign out")


def sign_in_routes(app: App) -> APIRouter:
    """`/login`, `/logout`, `/forgot` and `/welcome`."""
    routes = APIRouter(include_in_schema=False)
    attempts, asked = Attempts(), Attempts()

    @routes.get("/login")
    def show_sign_in(request: Request, next: str = "") -> Response:  # noqa: A002  as links call it
        if app.sessions.caller_of(request.cookies.get(COOKIE)):
            return RedirectResponse(own_address(next, app.settings), 303)
        return answer(request, app.settings, replace(_sign_in_page(app, next), next=next))

    @routes.post("/login")
    async def sign_in(request: Request) -> Response:
        try:
            form = await checked_form(request)
        except AccessDenied as refusal:
            return answer(request, app.settings, replace(SIGN_IN, status=403, error=str(refusal)))
        visitor, email, now = visitor_of(request), form.get("email", ""), app.clock()
        page = replace(SIGN_IN, fields=(replace(EMAIL, value=email), PASSWORD), next=form.get("next", ""))
        if seconds := attempts.refused_for(visitor.address, now):
            error = f"Too many attempts failed from your address. Try again in {-(-seconds // 60)} min."
            return answer(request, app.settings, replace(page, status=429, error=error), {"Retry-After": str(seconds)})
        await asyncio.sleep(attempts.begin(visitor.address, email, now))
        secret = await run_in_threadpool(app.sessions.sign_in, email, form.get("password", ""), visitor)
        if secret is None:
            return answer(request, app.settings, replace(page, status=401, error=WRONG, links=(FORGOTTEN,)))
        attempts.succeeded(email, visitor.address)
        return await run_in_threadpool(let_in, app, request, secret, form.get("next", ""))

    @routes.get("/logout")
    def ask_to_sign_out(request: Request) -> Response:
        return answer(request, app.settings, SIGN_OUT)

    @routes.post("/logout")
    async def sign_out(request: Request) -> Response:
        await checked_form(request)
        await run_in_threadpool(app.sessions.sign_out, request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure(app.settings))
        return response

    @routes.get("/forgot")
    def show_forgot(request: Request) -> Response:
        return answer(request, app.settings, FORGOT if app.connections.mailer() else ASK_SOMEBODY)

    @routes.post("/forgot")
    async def mail_link(request: Request) -> Response:
        email, visitor, now = (await checked_form(request)).get("email", ""), visitor_of(request), app.clock()
        page = answer(request, app.settings, ON_ITS_WAY)
        if asked.refused_for(visitor.address, now) == 0 and asked.delay_s(email, now) == 0:
            # Behind the answer: how long a mail takes would tell who is known here.
            page.background = BackgroundTask(app.invitations.reset, email)
        asked.failed(visitor.address, email, now)
        return page

    @routes.get("/welcome")
    def ask_for_code() -> Response:
        return RedirectResponse("/login", 303)

    @routes.post("/welcome")
    async def enter_code(request: Request) -> Response:
        code = (await checked_form(request)).get("code", "").strip()
        if await run_in_threadpool(app.people.link_person, code) is None:
            error = "This code is not the newest one, or was used already."
            return answer(request, app.settings, replace(CODE, status=401, error=error))
        return RedirectResponse(f"/welcome/{quote(code, safe='')}", 303)

    @routes.get("/welcome/{token}")
    def show_welcome(token: str, request: Request) -> Response:
        person = app.people.link_person(token)
        return answer(request, app.settings, GONE if person is None else _welcome_page(person, token))

    @routes.post("/welcome/{token}")
    async def accept(token: str, request: Request) -> Response:
        form = await checked_form(request)
        person = await run_in_threadpool(app.people.link_person, token)
        if person is None:
            return answer(request, app.settings, GONE)
        try:
            person = await run_in_threadpool(
                app.people.use_link, token, form.get("password", ""), form.get("email"), form.get("name")
            )
        except BridgecastError as error:
            return answer(request, app.settings, replace(_welcome_page(person, token), status=422, error=str(error)))
        secret = await run_in_threadpool(app.sessions.open, person.id, visitor_of(request))
        return await run_in_threadpool(let_in, app, request, secret, "")

    return routes


def own_address(text: str, settings: Settings) -> str:
    """Where to go after signing in: an address of ours as it was asked for, else the app's first page."""
    is_plain = text.isprintable() and not any(mark in text for mark in "\\ ")
    if is_plain and text.startswith("/") and not text.startswith("//"):
        return text
    if is_plain and any(text.startswith(f"{base}/") for base in (settings.ui_base_url, settings.report_base_url)):
        return text
    return f"{settings.ui_base_url}/"


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach us by https, so that cookies must not travel otherwise."""
    return settings.report_base_url.startswith("https:")


def let_in(app: App, request: Request, secret: str, wanted: str) -> Response:
    """Go where the person wanted to go, with the new session's cookie; the one before ends."""
    if old := request.cookies.get(COOKIE):
        app.sessions.sign_out(old)
    response = RedirectResponse(own_address(wanted, app.settings), 303)
    age = round(SIGNED_IN_FOR.total_seconds())
    response.set_cookie(
        COOKIE, secret, max_age=age, path="/", httponly=True, samesite="lax", secure=is_secure(app.settings)
    )
    return response


def _sign_in_page(app: App, wanted: str) -> FormPage:
    if app.settings.has_oidc:
        provider = urlsplit(str(app.settings.oidc_issuer)).hostname
        ways = ((f"Sign in by {provider}", f"{OIDC_PATH}?{urlencode({'next': wanted})}"),)
        return replace(SIGN_IN, links=ways)
    if app.sessions.has_password():
        return SIGN_IN
    if app.settings.is_only_local:
        return replace(NOBODY_YET, links=(("Open Bridgecast", f"{app.settings.ui_base_url}/"),))
    return CODE


def _welcome_page(person: Person, token: str) -> FormPage:
    """Somebody invited sets a first password; the built-in owner says besides who they are."""
    action = f"/welcome/{quote(token, safe='')}"
    if person.password_hash is not None:
        text = f"For {person.email}. You are signed in with it at once; other browsers are signed out."
        return FormPage("A new password", text, action=action, fields=(NEW_PASSWORD,), button="Set password")
    if person.email == OWNER_EMAIL:
        who = (Field("name", "Your name", autocomplete="name", is_first=True), replace(EMAIL, is_first=False))
        text = "You become the owner, who may do everything. From then on everybody signs in."
        return FormPage("Welcome", text, action=action, fields=(*who, NEW_PASSWORD), button="Become the owner")
    text = f"You were invited as {person.email}. Choose a password to come in."
    return FormPage(f"Welcome, {person.name}", text, action=action, fields=(NEW_PASSWORD,), button="Come in")


def visitor_of(request: Request) -> Visitor:
    """From where a request comes."""
    return Visitor(request.client.host if request.client else "", request.headers.get("user-agent", ""))
