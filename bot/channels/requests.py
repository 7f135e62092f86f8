"""What is asked over HTTP: a body that is bounded, secrets that are compared in constant time, who counts."""

from __future__ import annotations

import hmac
import ipaddress

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


def sender(request: Request) -> str:
    """Who is counted: an IPv4 address, or an IPv6 network, of which one client has a whole /64.

    uvicorn has already put a trusted proxy's word in place of the proxy's own address.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False))
