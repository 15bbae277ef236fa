"""From where a request comes: whoever turns out to act in it, does so from there."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from core.access.audit import acting


class Acting:
    """Says the visitor's address to the audit; the caller is named where a request is let in (`core.web.auth`)."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        client = scope.get("client")
        with acting(address=client[0] if client else ""):
            await self._inner(scope, receive, send)
