"""POST /api/messages: a question in, its reply out. POST /api/pictures: a picture in place of words.
POST /api/deliveries: what waits for a client."""

from __future__ import annotations

import asyncio
import base64
import math
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from bot.cards.actions import button_for
from bot.channels.incoming import incoming
from bot.channels.opaque import OpaqueNames
from bot.channels.requests import BodyTooLarge, read_body, sender
from bot.channels.throttle import SharedThrottle
from bot.channels.web.schema import (
    PICTURE_MOST,
    AnswerBody,
    Deliveries,
    DeliveryBody,
    ErrorBody,
    ErrorDetails,
    PictureQuestionBody,
    QuestionBody,
    Visit,
)
from bot.domain import payload
from bot.domain.commands import read_command
from bot.domain.message import Message
from bot.storage import pictures
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, Unwritable
from bot.storage.inbox import Inbox

BODY_LIMIT = 64 * 1024
"""Bytes of a request."""

BODY_WITHIN = 10.0
"""Seconds a request's body may take to arrive, so that slow senders hold nothing up."""

PICTURE_BODY_LIMIT = PICTURE_MOST + BODY_LIMIT
"""Bytes of a request with a picture."""

PICTURE_WITHIN = 18.0
"""Seconds such a body may take: a little less than any request (bot.http_server)."""

PICTURES_AT_A_TIME = 8
"""Such requests whose bodies are read at a time: each holds some megabytes."""

COME_AGAIN = 5
"""Seconds after which a client may ask again for a reply that took too long."""

LOOKS_PER_QUESTION = 10
"""How many more looks for deliveries than questions an address may send: each open page looks once
a minute, and a look costs little."""

_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    410: "reply_gone",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    429: "too_many_messages",
    500: "internal",
    503: "no_reply_yet",
}


Body = TypeVar("Body", bound=BaseModel)
Waiting = Callable[[str, Collection[int]], Awaitable[list[DeliveryBody]]]
"""From a conversation and the ids that were received to what still waits for it."""


class WebApi:
    """The interface, over one inbox."""

    def __init__(
        self,
        channel: str,
        inbox: Inbox,
        database: Database,
        waiting: Waiting,
        *,
        rate_limit: int,
        address_limit: int,
        secret: str,
        reply_within: float,
    ) -> None:
        self._channel = channel
        self._inbox = inbox
        self._waiting = waiting
        self._opaque = OpaqueNames(secret)
        self._reply_within = reply_within
        if rate_limit == 0:
            address_limit = 0

        def throttle(kind: str, per_minute: int) -> SharedThrottle:
            return SharedThrottle(kind, per_minute, database, self._opaque)

        self._database = database
        self._reading_pictures = asyncio.Semaphore(PICTURES_AT_A_TIME)
        self._questions = throttle("questions", rate_limit)
        self._questions_from = throttle("questions from", address_limit)
        self._looks = throttle("looks", rate_limit)
        self._looks_from = throttle("looks from", address_limit * LOOKS_PER_QUESTION)

    def route(self) -> Mount:
        """An application of its own, so that also its errors are JSON."""
        return Mount(
            "/api",
            app=Starlette(
                routes=[
                    Route("/messages", self._messages, methods=["POST"]),
                    Route("/pictures", self._pictures, methods=["POST"]),
                    Route("/deliveries", self._deliveries, methods=["POST"]),
                ],
                exception_handlers={
                    HTTPException: _problem,
                    ClientDisconnect: _problem,
                    DatabaseAway: _problem,
                    Exception: _problem,
                },
            ),
        )

    async def _messages(self, request: Request) -> Response:
        await _hold_back(self._questions_from, sender(request))
        question = await _parsed(request, QuestionBody)
        await _hold_back(self._questions, question.conversation)
        return await self._reply(self._message(question))

    async def _pictures(self, request: Request) -> Response:
        await _hold_back(self._questions_from, sender(request))
        if self._reading_pictures.locked():
            raise HTTPException(503, "many pictures come just now", {"Retry-After": str(COME_AGAIN)})
        async with self._reading_pictures:
            question = await _parsed(request, PictureQuestionBody, PICTURE_BODY_LIMIT, PICTURE_WITHIN)
        await _hold_back(self._questions, question.conversation)
        conversation = self._hashed(question.conversation)
        key = f"{conversation}:{question.key or secrets.token_hex(16)}"
        picture_id = self._opaque(f"picture:{key}")
        message = incoming(
            channel=self._channel,
            address="",
            conversation=conversation,
            key=key,
            text=question.text or "",
            pictures=[picture_id],
            language=question.language,
        )
        message = replace(message, unreadable=not message.text)
        data, now = base64.b64decode(question.picture), self._database.clock()
        is_kept = await self._database.transact(
            lambda connection: pictures.upload(connection, picture_id, conversation, data, now)
        )
        if not is_kept:
            busy = payload.for_media("picture_busy") if message.unreadable else None
            message = replace(message, pictures=(), button=busy)
        reply = await self._reply(message)
        # Where it was answered before, nobody reads it again.
        await self._database.transact(lambda connection: pictures.discard(connection, [picture_id]))
        return reply

    async def _reply(self, message: Message) -> Response:
        try:
            cards = await self._inbox.ask(message, self._reply_within)
        except Unwritable as error:
            raise HTTPException(422, str(error)) from error
        if cards is None:
            raise HTTPException(
                503,
                "there is no reply yet; send the same request with the same key again",
                {"Retry-After": str(COME_AGAIN)},
            )
        if not cards:
            raise HTTPException(410, "the reply to this key is no longer kept; ask with a new key")
        answer = AnswerBody.model_validate({"language": cards[0]["language"], "replies": cards})
        return _json(200, answer.model_dump_json())

    async def _deliveries(self, request: Request) -> Response:
        await _hold_back(self._looks_from, sender(request))
        visit = await _parsed(request, Visit)
        await _hold_back(self._looks, visit.conversation)
        waiting = await self._waiting(self._hashed(visit.conversation), visit.received)
        return _json(200, Deliveries(deliveries=tuple(waiting)).model_dump_json())

    def _message(self, question: QuestionBody) -> Message:
        """The question as a message. Raises HTTPException 422 if nothing in its text can be read."""
        conversation = self._hashed(question.conversation)
        command = read_command(question.text or "")
        button = question.button or (button_for(command) if command else None)
        message = incoming(
            channel=self._channel,
            address="",  # the reply waits under the message's id
            conversation=conversation,
            key=f"{conversation}:{question.key or secrets.token_hex(16)}",
            text="" if button else question.text or "",
            button=button,
            language=question.language,
        )
        if message.button is None and not message.text:
            raise HTTPException(422, "text: nothing in it can be read")
        return message

    def _hashed(self, conversation: str) -> str:
        """The client's own id never gets any further: whoever reads our log or database cannot
        take part in the conversation."""
        return self._opaque(f"{self._channel}:{conversation}")


async def _hold_back(throttle: SharedThrottle, name: str) -> None:
    """Count a request. Raises HTTPException 429 if there are too many."""
    if wait := await throttle.take(name):
        seconds = max(1, math.ceil(wait))
        raise HTTPException(
            429, f"too many messages; try again in {seconds} s", {"Retry-After": str(seconds)}
        )


async def _parsed(
    request: Request, kind: type[Body], most: int = BODY_LIMIT, within: float = BODY_WITHIN
) -> Body:
    """What the client sent. Raises HTTPException 400, 408, 413, 415, 422."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise HTTPException(415, "send application/json")
    try:
        return kind.model_validate_json(await _body(request, most, within))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise HTTPException(400, "the body is not JSON") from error
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise HTTPException(422, f"{where}: {what}" if where else what) from error


async def _body(request: Request, most: int, within: float) -> bytes:
    try:
        async with asyncio.timeout(within):
            return await read_body(request, most)
    except BodyTooLarge as error:
        raise HTTPException(413, f"the body is larger than {most} bytes") from error
    except TimeoutError as error:
        raise HTTPException(408, "the body took too long to arrive") from error


async def _problem(request: Request, error: Exception) -> Response:
    """An error as JSON; one that was not foreseen says nothing of what it was."""
    status, message, headers = 500, "something went wrong here", None
    if isinstance(error, HTTPException):
        status, message, headers = error.status_code, error.detail, error.headers
    elif isinstance(error, DatabaseAway):
        status, message = 503, "the service is out of order for a moment; send the same request again"
        headers = {"Retry-After": str(COME_AGAIN)}
    elif isinstance(error, ClientDisconnect):
        status, message = 400, "the request ended early"
    body = ErrorBody(error=ErrorDetails(code=_CODES.get(status, "error"), message=message))
    return _json(status, body.model_dump_json(), dict(headers or {}))


def _json(status: int, body: str, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
