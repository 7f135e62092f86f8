"""Refuses what another site lets a browser do with an editor's session (CSRF), without tokens in forms."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOrigin:
    """Lets an unsafe request through only from our own pages.

    A browser says where a request comes from: Sec-Fetch-Site, which no script can set, or in older ones
    Origin. A request with neither is no browser's, and none of ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and not _is_ours(Headers(scope=scope)):
            refusal = PlainTextResponse("This request did not come from the editors' pages.", 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_ours(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = headers.get("origin", "")
    _, found, host = origin.partition("://")
    return bool(found) and host == headers.get("host")
