"""What is asked over HTTP: a body that is bounded, secrets that are compared in constant time, what a
platform pushes, who counts."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.log import describe

log = structlog.get_logger(__name__)


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


async def pushed(
    request: Request,
    header: str,
    secret: str,
    most: int,
    take: Callable[[Any], Awaitable[None]] | None,
) -> Response:
    """What a platform is told that pushes JSON and a secret; after anything but 200 it pushes it again.

    Args:
        request: the push.
        header: which one has the secret.
        secret: what it has to be.
        most: bytes of the body.
        take: writes down what came; raises if it has to come again. None: nothing can be taken yet.
    """
    if not is_secret(request.headers.get(header, ""), secret):
        return Response(status_code=HTTPStatus.FORBIDDEN)
    if take is None:
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
    try:
        given = json.loads(await read_body(request, most))
    except BodyTooLarge:
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except (ValueError, RecursionError):
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    try:
        await take(given)
    except Exception as error:  # the database, most likely: it may come back
        log.error("push_not_accepted", path=request.url.path, **describe(error))
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    return Response()


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
