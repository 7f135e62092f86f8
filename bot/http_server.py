"""How the service speaks HTTP: uvicorn, with bounds on what slow or hostile clients can hold."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import h11
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; "
        "img-src 'self' blob:; "  # a picture that is about to be sent, drawn smaller
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

REQUEST_WITHIN = 20.0
"""Seconds in which a request, headers and body, has to be there. A phone on a slow network needs one
or two; the interface itself refuses slow bodies earlier, with a reason."""

OWN_FILES = 100
"""File descriptors that are kept free of connections: database, log, Rasa, platforms, content/."""


def most_connections() -> int:
    """How many connections may be open at once: what the system lets us open, less what we need."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 10_000 if allowed == resource.RLIM_INFINITY else max(16, min(allowed - OWN_FILES, 10_000))


def config(app: ASGIApp, *, finish_within: int | None = None) -> uvicorn.Config:
    """How uvicorn serves an application; finish_within: seconds that requests get at the end."""
    return uvicorn.Config(
        SecurityHeaders(OneLength(app)),
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=finish_within,
    )


class _Connection(H11Protocol):
    """A connection on which a request may not dribble in, and which makes room for those that ask.

    Where all places are taken, the one is closed that has been without a whole request for longest:
    whoever holds connections open loses them, whoever asks is served.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._opened = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there: its first request has to come."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > most_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._cease_awaiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Something of a request has arrived, or a later request is taken up."""
        super().handle_events()
        if self._is_receiving():
            self._await_request()
        else:
            self._cease_awaiting()

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, and close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:  # else an answer is under way
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
            response = h11.Response(status_code=400, headers=[*headers, *SECURITY_HEADERS.items()])
            for event in (response, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_receiving(self) -> bool:
        """Whether a part of a request is there, but not all."""
        state = self.conn.their_state
        return state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))

    def _is_idle(self) -> bool:
        """Whether no whole request is in hand."""
        return self._is_receiving() or self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_WITHIN, self.transport.abort)

    def _cease_awaiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        others = (one for one in self.connections if isinstance(one, _Connection) and one is not self)
        idle = (one for one in others if one._is_idle() and not one.transport.is_closing())
        given_up = min(idle, key=lambda one: one._opened, default=self)
        given_up.transport.abort()


class OneLength:
    """Refuses a request that gives its length twice, in Content-Length and as chunks (RFC 9112, 6.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        if "content-length" in headers and "transfer-encoding" in headers:
            refusal = PlainTextResponse("two lengths", 400, {"Connection": "close"})
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds to every answer what keeps a browser on the safe side, unless the answer says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
