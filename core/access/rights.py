"""Who may do what: one table of roles and actions. Pages, report URLs, downloads and the API ask only this."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, Protocol, get_args

from core.access.tokens import Caller
from core.errors import AccessDenied

Action = Literal[
    "report.view",
    "report.subscribe",
    "data.read",
    "data.write",
    "data.path",
    "data.share",
    "analysis.read",
    "analysis.write",
    "export.read",
    "export.write",
    "run.read",
    "run.start",
    "connection.read",
    "connection.write",
    "people.read",
    "people.write",
    "settings.write",
    "audit.read",
    "token.own",
    "token.all",
    "link.list",
]
Role = Literal["owner", "admin", "analyst", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
"""The highest first."""
ALWAYS: frozenset[str] = frozenset({"owner", "admin"})
"""What is for named people and roles is for these besides."""
VIEWER: frozenset[Action] = frozenset({"report.view", "report.subscribe", "run.read", "token.own"})
ANALYST: frozenset[Action] = VIEWER | {
    "data.read",
    "data.write",
    "analysis.read",
    "analysis.write",
    "export.read",
    "export.write",
    "run.start",
    "connection.read",
}
EVERYTHING: frozenset[Action] = frozenset(get_args(Action))
ACTIONS: dict[str, frozenset[Action]] = {
    "viewer": VIEWER,
    "analyst": ANALYST,
    "admin": EVERYTHING,
    "owner": EVERYTHING,
}
# What a token must carry besides its person's role; a session in the browser carries all scopes.
SCOPE_OF: dict[Action, str] = {
    "report.view": "read",
    "report.subscribe": "write",
    "data.read": "read",
    "data.write": "write",
    "data.path": "write",
    "data.share": "admin",
    "analysis.read": "read",
    "analysis.write": "write",
    "export.read": "read",
    "export.write": "write",
    "run.read": "read",
    "run.start": "run",
    "connection.read": "read",
    "connection.write": "admin",
    "people.read": "admin",
    "people.write": "admin",
    "settings.write": "write",
    "audit.read": "admin",
    "token.own": "admin",
    "token.all": "admin",
    "link.list": "admin",
}
DONE: dict[Action, str] = {
    "report.view": "look at reports",
    "report.subscribe": "subscribe to reports",
    "data.read": "see datasets",
    "data.write": "load and change datasets",
    "data.path": "load files by their path on the server",
    "data.share": "say who may see a dataset",
    "analysis.read": "see analyses",
    "analysis.write": "build analyses",
    "export.read": "see exports",
    "export.write": "make and change exports",
    "run.read": "see runs",
    "run.start": "start runs",
    "connection.read": "see connections",
    "connection.write": "change connections",
    "people.read": "see people",
    "people.write": "invite and change people",
    "settings.write": "change settings",
    "audit.read": "read the audit",
    "token.own": "keep API tokens",
    "token.all": "see everybody's API tokens",
    "link.list": "see everything that is public",
}


class Named(Protocol):
    """Whom something is for: people (of links by id or e-mail address, of datasets by id) and roles; none: all."""

    @property
    def people(self) -> Collection[str]: ...

    @property
    def roles(self) -> Collection[str]: ...


def may(caller: Caller, action: Action) -> bool:
    """Whether the caller's role, and the token that was shown, allow it."""
    return _allows(caller.role, action) and SCOPE_OF[action] in caller.scopes


def require(caller: Caller, action: Action) -> None:
    """Raises AccessDenied, naming role and action, or the scope that the token does not carry."""
    if not _allows(caller.role, action):
        able = [role for role in reversed(ROLES) if _allows(role, action)]
        raise AccessDenied(
            f"Your role is {caller.role}, which may not {DONE[action]}. It takes the role {_either(able)}: "
            "ask an administrator."
        )
    caller.require(SCOPE_OF[action])


def _allows(role: str, action: Action) -> bool:
    return action in ACTIONS.get(role, frozenset())


def may_see(caller: Caller, link: Named) -> bool:
    """Whether a signed-in person may see a report: all may, unless the link names people or roles.

    Owner and administrators always may.
    """
    if not may(caller, "report.view"):
        return False
    if caller.role in ALWAYS or not (link.people or link.roles):
        return True
    named = {person.casefold() for person in link.people}
    return caller.role in link.roles or caller.person_id in named or caller.email.casefold() in named


def may_use_dataset(caller: Caller, rights: Mapping[str, Named], slug: str) -> bool:
    """Whether somebody may read a dataset and all that is built on it: every analyst, unless it names people or roles.

    Owner and administrators always may, viewers never. rights: whom each dataset is for, by slug.
    """
    if not _allows(caller.role, "data.read"):
        return False
    named = rights.get(slug)
    if caller.role in ALWAYS or named is None or not (named.people or named.roles):
        return True
    return caller.role in named.roles or caller.person_id in named.people


def scopes_of(role: str) -> frozenset[str]:
    """The scopes that a token of somebody with that role may carry; "token.own" does not count: pages make tokens."""
    return frozenset(SCOPE_OF[action] for action in ACTIONS.get(role, frozenset()) - {"token.own", "report.subscribe"})


def _either(words: list[Role]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
