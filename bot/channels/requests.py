"""What every webhook needs: a body that is bounded, and secrets that are compared in constant time."""

from __future__ import annotations

import hmac

from starlette.requests import Request


class BodyTooLarge(Exception):
    """A request's body is larger than it may be."""


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request, of which no more is read than `most` bytes.

    Raises:
        BodyTooLarge: it is larger.
        ClientDisconnect: the client left before it had sent it all.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge
    return bytes(body)


def is_secret(given: str, secret: str) -> bool:
    """Whether what a client gave is the secret; the time that it takes tells nothing of where they differ."""
    return hmac.compare_digest(given.encode(), secret.encode())
