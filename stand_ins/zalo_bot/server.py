"""A stand-in for Zalo's Bot Platform: a real HTTP server, as strict as the real one or stricter.

Facts as in Zalo's pages and of integrators; where they disagree, an attribute chooses.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stand_ins.server import Json, PlatformServer
from stand_ins.utf16 import utf16

TOKEN = "1459232241454765289:stand-in-token-never-in-a-log"
TEXT_MOST = 2000
NOTHING_NEW = 408
RETRIES, RETRY_SECONDS = 50, 0.05
"""Of a webhook that fails. The platform's own are not documented."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Nothing(_Strict):
    """getMe, deleteWebhook, getWebhookInfo."""


class _GetUpdates(_Strict):
    timeout: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}$")] = "30"


class _SetWebhook(_Strict):
    """A stand-in accepts http."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    secret_token: Annotated[str, StringConstraints(min_length=8, max_length=256)]


class _SendMessage(_Strict):
    chat_id: str
    text: Annotated[str, StringConstraints(min_length=1)]
    parse_mode: Literal["markdown", "html"] | None = None


class _SendChatAction(_Strict):
    chat_id: str
    action: Literal["typing"]


METHODS: dict[str, type[_Strict]] = {
    "getMe": _Nothing, "getUpdates": _GetUpdates, "setWebhook": _SetWebhook, "deleteWebhook": _Nothing,
    "getWebhookInfo": _Nothing, "sendMessage": _SendMessage, "sendChatAction": _SendChatAction,
}  # fmt: skip


class _Refused(Exception):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(slots=True)
class Person:
    """Somebody with Zalo on the phone.

    messages: what the bot said; actions: what it showed; transcript: all texts, with whether it is the bot's.
    """

    platform: StandIn
    id: str
    name: str
    messages: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    transcript: list[tuple[str, bool]] = field(default_factory=list)

    def says(self, text: str, **more: Any) -> Json:
        """Send a text; the event."""
        return self.sends("text", text=text, **more)

    def sends(self, kind: str, **content: Any) -> Json:
        """Send anything: text, image, sticker, voice, unsupported."""
        self.transcript.append((content.get("text") or f"[{kind}]", False))
        event = self.platform.event(self, f"message.{kind}.received", is_bot=False, **content)
        self.platform.hand_out(event)
        return event


class StandIn(PlatformServer):
    """The platform, for one bot.

    is_wrapped: whether a webhook's body is wrapped as a poll's answer is. hands_out_again: whether a poll
    without anything new is answered at once with what was handed out last. monthly: messages that are left.
    """

    def __init__(self, *, is_wrapped: bool = False, hands_out_again: bool = False) -> None:
        super().__init__()
        self.token = TOKEN
        self.people: list[Person] = []
        self.is_wrapped = is_wrapped
        self.hands_out_again = hands_out_again
        self.monthly = 3000
        self.webhook: _SetWebhook | None = None
        self.waiting: list[Json] = []
        self._last: Json | None = None
        self._delivering: asyncio.Task[None] | None = None

    def person(self, name: str = "Lan") -> Person:
        """Somebody new."""
        person = Person(self, secrets.token_hex(10), name)
        self.people.append(person)
        return person

    async def reply(self, person: Person, after: int, seconds: float = 20) -> str:
        """The bot's message number `after` (from 0), once it is there."""
        await self.until(lambda: len(person.messages) > after, seconds)
        return person.messages[after]

    def event(self, person: Person, name: str, *, is_bot: bool, **content: Any) -> Json:
        """An event of now."""
        sender = {"id": TOKEN.partition(":")[0] if is_bot else person.id, "is_bot": is_bot}
        return {
            "event_name": name,
            "message": {
                "from": {**sender, "display_name": "Bot Hỏi Cần Thơ" if is_bot else person.name},
                "chat": {"id": person.id, "chat_type": "PRIVATE"},
                "message_id": secrets.token_hex(10),
                "date": int(time.time() * 1000),
                **content,
            },
        }

    def hand_out(self, event: Json) -> None:
        """Let the bot have an event, as often as a test likes."""
        self.waiting.append(event)
        self._notify()

    def _notify(self) -> None:
        super()._notify()
        if self.webhook and self.waiting and (self._delivering is None or self._delivering.done()):
            self._delivering = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        tries = 0
        while self.webhook and self.waiting and tries < RETRIES:
            body = {"ok": True, "result": self.waiting[0]} if self.is_wrapped else self.waiting[0]
            headers = {"X-Bot-Api-Secret-Token": self.webhook.secret_token}
            with suppress(httpx.TransportError):
                if (await self._http.post(self.webhook.url, json=body, headers=headers)).is_success:
                    self.waiting.pop(0)
                    super()._notify()
                    continue
            tries += 1
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Deliver nothing more, and let go of connections that hang."""
        self.webhook = None
        if self._delivering:
            self._delivering.cancel()
            await asyncio.wait({self._delivering})  # what it has just connected is closed with the rest
        await super().close()

    # The server.

    def routes(self) -> list[BaseRoute]:
        """The platform's API."""
        return [
            Route("/bot{token}/{method}", self._answer, methods=["POST"]),
            Route("/picture/{name}", self._give_picture),
        ]

    async def _answer(self, request: Request) -> Response:
        method, parameters = request.path_params["method"], await request.json()

        async def perform() -> tuple[int, Json]:
            try:
                return 200, await self._perform(request.path_params["token"], method, parameters)
            except _Refused as no:
                return 200, error(no.code, no.words)

        return await self._answer_call(request, method, parameters, perform)

    async def _perform(self, token: str, method: str, parameters: Json) -> Json:
        if token != self.token:
            raise _Refused(401, "Unauthorized")
        if method not in METHODS:
            raise _Refused(404, "Not Found")
        try:
            asked = METHODS[method].model_validate(parameters)
        except ValidationError as wrong:
            raise _Refused(400, f"Bad request: {wrong.errors()[0]['loc']}") from wrong
        match asked:
            case _SendMessage():
                return self._send(asked)
            case _SendChatAction():
                self._known(asked.chat_id).actions.append(asked.action)
                return {"ok": True}
            case _GetUpdates():
                return await self._updates(float(asked.timeout))
            case _SetWebhook():
                self.webhook = asked
                self._notify()
                return {"ok": True, "result": {"url": asked.url, "updated_at": int(time.time() * 1000)}}
        if method == "deleteWebhook":
            self.webhook = None
        me = {"id": TOKEN.partition(":")[0], "account_name": "bot.Test", "account_type": "BASIC"}
        return {"ok": True, "result": me if method == "getMe" else {"url": ""}}

    async def _updates(self, timeout: float) -> Json:
        if self.webhook:
            raise _Refused(400, "A webhook is set")
        if not self.waiting and self.hands_out_again and self._last:
            return {"ok": True, "result": self._last}
        with suppress(TimeoutError):
            await self.until(lambda: self.waiting or self._closing.is_set(), timeout)
        if not self.waiting:
            raise _Refused(NOTHING_NEW, "Request timeout")
        self._last = self.waiting.pop(0)
        return {"ok": True, "result": self._last}

    def _send(self, asked: _SendMessage) -> Json:
        person = self._known(asked.chat_id)
        if utf16(asked.text) > TEXT_MOST:
            raise _Refused(400, "text is too long")
        if self.monthly <= 0:
            raise _Refused(429, "Quota exceeded")
        self.monthly -= 1
        person.messages.append(asked.text)
        person.transcript.append((asked.text, True))
        # The platform tells the bot also what it said itself.
        self.hand_out(self.event(person, "message.text.received", is_bot=True, text=asked.text))
        return {"ok": True, "result": {"message_id": secrets.token_hex(10), "date": int(time.time() * 1000)}}

    def _known(self, chat_id: str) -> Person:
        person = next((person for person in self.people if person.id == chat_id), None)
        if person is None:
            raise _Refused(404, "Chat not found")
        return person


def error(code: int, words: str) -> Json:
    """The body of an answer that says no."""
    return {"ok": False, "error_code": code, "description": words}
