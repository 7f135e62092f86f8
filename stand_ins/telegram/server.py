"""A stand-in for Telegram's Bot API: a real HTTP server, as strict as the real one or stricter."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import httpx
from PIL import Image
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stand_ins.server import Json, PlatformServer
from stand_ins.telegram import methods
from stand_ins.telegram.html import HtmlError, parse
from stand_ins.telegram.people import Chat, Person, now
from stand_ins.utf16 import utf16

TOKEN = "4242:stand-in-token-never-in-a-log"
TEXT_MOST = 4096
CAPTION_MOST = 1024
PHOTO_MOST, FETCHED_MOST = 10 * 1024 * 1024, 5 * 1024 * 1024
"""Bytes of a photo that is uploaded, and of one that Telegram fetches (Bot API, sending files)."""
FILE_MOST = 20 * 1024 * 1024
"""Bytes of a file that a bot may fetch (Bot API, getFile)."""
SIDES_MOST, RATIO_MOST = 10_000, 20
"""Pixels of both sides together, and the longer side to the shorter (Bot API, sendPhoto)."""
UPLOADED = "base64:"
RETRY_FIRST, RETRY_MOST = 0.05, 1.0
"""Seconds between deliveries to a webhook that fails. Telegram begins with 1 and ends at 60 to 120."""


_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


class Refused(Exception):
    """Telegram says no: with a status, a reason, and perhaps parameters."""

    def __init__(self, status: int, reason: str, **parameters: int) -> None:
        super().__init__(reason)
        self.status, self.reason, self.parameters = status, reason, parameters


@dataclass(slots=True)
class Pending:
    """An update that the bot has not acknowledged."""

    chat: int
    update: Json
    deliveries: int = 0

    @property
    def id(self) -> int:
        """The update's id."""
        return int(self.update["update_id"])


class StandIn(PlatformServer):
    """Telegram, for one bot.

    profile: what the bot set of itself.
    photos: those that the bot sent, by their file_id.
    unknown: methods that this server does not know, as one of an older version of the Bot API.
    typed, listed: inline queries by id, and how they were answered; cached: by text, which answer is kept.
    guest_chats: where the bot was asked as a guest, by the query's id; late_queries: those that are too old.
    files: what people sent, by file id; paths: where getFile said that it lies.
    most_a_second: messages to one chat in a second, beyond which it answers 429; None: no limit.
    """

    def __init__(self, token: str = TOKEN, *, most_a_second: int | None = None) -> None:
        super().__init__()
        self.token = token
        self.me: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Hỏi Cần Thơ",
            "username": "hoicantho_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "supports_guest_queries": False,
        }
        self.chats: dict[int, Chat] = {}
        self.people: list[Person] = []
        self.profile: dict[tuple[str, str], Any] = {}
        self.delivered: list[Json] = []
        self.unknown: set[str] = set()
        self.most_a_second = most_a_second
        self.webhook: methods.SetWebhook | None = None
        self.answered_queries: Counter[str] = Counter()
        self.photos: dict[str, bytes] = {}
        self.typed: dict[str, str] = {}
        self.listed: dict[str, methods.AnswerInlineQuery] = {}
        self.cached: dict[str, str] = {}
        self.guest_chats: dict[str, Chat] = {}
        self.late_queries: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.paths: dict[str, str] = {}
        self._queries: set[str] = set()
        self._allowed: list[str] = [
            "message", "edited_message", "callback_query", "my_chat_member", "inline_query", "guest_message",
        ]  # fmt: skip
        self._pending: list[Pending] = []
        self._poller: asyncio.Event | None = None
        self._deliveries: dict[int, asyncio.Task[None]] = {}
        self._update_ids, self._message_ids, self._ids = count(900_001), count(1), count(5_000_000_001)

    # What people and tests do.

    def person(self, name: str = "Lan", language: str | None = "vi") -> Person:
        """A new user, who has pressed Start."""
        user_id = next(self._ids)
        person = Person(self, user_id, name, language, self._new_chat(user_id, "private", name))
        self.people.append(person)
        return person

    def bot(self, name: str = "Another bot") -> Person:
        """Another bot, which reads and writes in groups as people do."""
        user_id = next(self._ids)
        return Person(self, user_id, name, None, Chat(user_id, "private", name), is_bot=True)

    def new_id(self) -> int:
        """An id that nothing else has."""
        return next(self._ids)

    def new_file(self, data: bytes) -> Json:
        """Take what somebody sends; as it stands in the message."""
        file_id = f"file-{self.new_id()}"
        self.files[file_id] = data
        unique = hashlib.sha256(data).hexdigest()[:16]
        return {"file_id": file_id, "file_unique_id": unique, "file_size": len(data)}

    def group(self, title: str = "Hội người Cần Thơ", *, is_forum: bool = False) -> Chat:
        """A new group with the bot in it."""
        return (
            self._new_chat(-1_000_000_000_000 - next(self._ids), "supergroup", title, is_forum)
            if is_forum
            else self._new_chat(-next(self._ids), "group", title)
        )

    def upgrade(self, group: Chat) -> Chat:
        """Make a group a supergroup: it goes on under another id, and both say so."""
        group.moved_to = -1_000_000_000_000 - next(self._ids)
        supergroup = self._new_chat(group.moved_to, "supergroup", group.title)
        admin = self.person("Chủ nhóm").as_json()
        for chat, says in (
            (group, {"migrate_to_chat_id": supergroup.id}),
            (supergroup, {"migrate_from_chat_id": group.id}),
        ):
            self.update(chat, message=self.new_message(chat, admin, **says))
        return supergroup

    def _new_chat(self, chat_id: int, kind: str, title: str, is_forum: bool = False) -> Chat:
        self.chats[chat_id] = Chat(chat_id, kind, title, is_forum)
        return self.chats[chat_id]

    def new_message(self, chat: Chat, sender: Json, **content: Any) -> Json:
        """Put a message into a chat."""
        message = {
            "message_id": next(self._message_ids),
            "date": now(),
            "chat": chat.as_json(),
            "from": sender,
            **content,
        }
        chat.messages.append(message)
        return message

    def put_in(self, chat: Chat, sender: Json, result_id: str, query_id: str) -> None:
        """Somebody chooses a result of an inline query for a chat in which the bot is not."""
        result = next(one for one in self.listed[query_id].results if one.id == result_id)
        self.new_message(chat, sender, via_bot=self.me, **_content(result))

    def new_query(self) -> str:
        """The id of a pressed button."""
        query_id = str(next(self._ids))
        self._queries.add(query_id)
        return query_id

    def update(self, chat: Chat, **content: Any) -> None:
        """Let the bot know, if it asked for updates of this kind."""
        if content.keys() <= set(self._allowed):
            update = {"update_id": next(self._update_ids), **json.loads(json.dumps(content))}
            self._pending.append(Pending(chat.id, update))
            self._notify()

    def receive(self, chat: Chat, **content: Any) -> None:
        """Let the bot have an update as it never comes from Telegram."""
        self._pending.append(Pending(chat.id, {"update_id": next(self._update_ids), **content}))
        self._notify()

    def redeliver(self) -> None:
        """Send again everything that was acknowledged, as after an acknowledgement that got lost."""
        again = [Pending(self._chat_in(update), update) for update in self.delivered]
        self._pending = again + self._pending
        self._notify()

    def _chat_in(self, update: Json) -> int:
        content = next(value for key, value in update.items() if key != "update_id")
        at = content.get("message") or content
        return int((at.get("chat") or at["from"])["id"])

    @property
    def unacknowledged(self) -> list[Json]:
        """The updates that the bot has not taken."""
        return [pending.update for pending in self._pending]

    async def reply(self, chat: Chat, after: int, seconds: float = 20) -> Json:
        """The bot's message number `after` (from 0) in a chat, once it is there."""
        await self.until(lambda: len(chat.from_bot()) > after, seconds)
        return chat.from_bot()[after]

    def _notify(self) -> None:
        super()._notify()
        if self.webhook:
            for chat in {pending.chat for pending in self._pending} - self._deliveries.keys():
                self._deliveries[chat] = asyncio.create_task(self._deliver(chat))

    # The webhook.

    async def _deliver(self, chat: int) -> None:
        """A chat's updates, in order, each again until the bot says 2xx."""
        pause = RETRY_FIRST
        try:
            while self.webhook and (pending := next((p for p in self._pending if p.chat == chat), None)):
                pending.deliveries += 1
                try:
                    headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.secret_token or ""}
                    response = await self._http.post(self.webhook.url, json=pending.update, headers=headers)
                    is_taken = response.is_success
                except httpx.TransportError:
                    is_taken = False
                if is_taken:
                    self._acknowledge(pending)
                    pause = RETRY_FIRST
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, RETRY_MOST)
        finally:
            del self._deliveries[chat]

    def _acknowledge(self, pending: Pending) -> None:
        self._pending.remove(pending)
        self.delivered.append(pending.update)
        self._notify()

    # The Bot API.

    def routes(self) -> list[BaseRoute]:
        """The Bot API."""
        return [
            Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._download, methods=["GET"]),
        ]

    async def close(self) -> None:
        """Stop deliveries and let go of connections that hang."""
        self.webhook = None
        deliveries = list(self._deliveries.values())
        for task in deliveries:
            task.cancel()
        if deliveries:
            await asyncio.wait(deliveries)  # what one has just connected is closed with the rest
        await super().close()

    async def _download(self, request: Request) -> Response:
        """A file, where getFile said that it lies."""
        token, path = request.path_params["token"], request.path_params["path"]
        if token != self.token:
            return Response(json.dumps(error(401, "Unauthorized")), 401, media_type="application/json")
        file_id = self.paths.get(path)
        if file_id is None:
            return Response(json.dumps(error(404, "Not Found")), 404, media_type="application/json")
        return Response(self.files[file_id], media_type="application/octet-stream")

    async def _answer(self, request: Request) -> Response:
        method, parameters = request.path_params["method"], await _parameters(request)

        async def perform() -> tuple[int, Json]:
            return await self._perform(request.path_params["token"], method, parameters)

        return await self._answer_call(request, method, parameters, perform)

    async def _perform(self, token: str, method: str, parameters: Json) -> tuple[int, Json]:
        try:
            if token != self.token:
                raise Refused(401, "Unauthorized")
            if method not in methods.METHODS or method in self.unknown:
                raise Refused(404, "Not Found: method not found")
            asked = methods.METHODS[method].model_validate(parameters)
            return 200, {"ok": True, "result": await getattr(self, f"_{_snake(method)}")(asked)}
        except ValidationError as wrong:
            first = wrong.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return 400, error(400, f"Bad Request: {where}: {first['msg']}")
        except Refused as no:
            return no.status, error(no.status, no.reason, **no.parameters)

    async def _get_me(self, asked: methods.GetMe) -> Json:
        return self.me

    async def _get_updates(self, asked: methods.GetUpdates) -> list[Json]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if asked.allowed_updates is not None:
            self._allowed = list(asked.allowed_updates)
        for pending in [p for p in self._pending if p.id < asked.offset]:
            self._acknowledge(pending)
        if self._poller:
            self._poller.set()
        mine = self._poller = asyncio.Event()
        self._notify()
        with suppress(TimeoutError):
            await self.until(lambda: self._pending or mine.is_set() or self._closing.is_set(), asked.timeout)
        if mine.is_set():
            raise Refused(409, "Conflict: terminated by other getUpdates request")
        self._poller = None
        for pending in self._pending[: asked.limit]:
            pending.deliveries += 1
        return [pending.update for pending in self._pending[: asked.limit]]

    async def _set_webhook(self, asked: methods.SetWebhook) -> bool:
        self.webhook = asked if asked.url else None
        if asked.allowed_updates is not None:
            self._allowed = list(asked.allowed_updates)
        if asked.drop_pending_updates:
            self._pending.clear()
        return True

    async def _delete_webhook(self, asked: methods.DeleteWebhook) -> bool:
        self.webhook = None
        if asked.drop_pending_updates:
            self._pending.clear()
        return True

    async def _get_file(self, asked: methods.GetFile) -> Json:
        data = self.files.get(asked.file_id)
        if data is None:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(data) > FILE_MOST:
            raise Refused(400, "Bad Request: file is too big")
        path = f"photos/file_{len(self.paths)}.jpg"
        self.paths[path] = asked.file_id
        unique = hashlib.sha256(data).hexdigest()[:16]
        return {
            "file_id": asked.file_id, "file_unique_id": unique, "file_size": len(data), "file_path": path
        }  # fmt: skip

    async def _send_message(self, asked: methods.SendMessage) -> Json:
        chat = self._place(asked)
        return self._say(chat, asked, _text(asked.text, asked.parse_mode))

    async def _send_photo(self, asked: methods.SendPhoto) -> Json:
        chat = self._place(asked)
        caption, entities = _parsed(asked.caption, asked.parse_mode)
        if utf16(caption) > CAPTION_MOST:
            raise Refused(400, "Bad Request: message caption is too long")
        data = self._photo_data(asked.photo)
        photo = _photo(data)
        self.photos[photo["file_id"]] = data
        return self._say(chat, asked, {"photo": [photo], "caption": caption, "caption_entities": entities})

    def _photo_data(self, given: str) -> bytes:
        if given.startswith(UPLOADED):
            data = base64.b64decode(given.removeprefix(UPLOADED))
            if len(data) > PHOTO_MOST:
                raise Refused(413, "Request Entity Too Large")
            return data
        if not re.match(r"https?://", given):
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        data = self.web.get(given, b"")
        if not 0 < len(data) <= FETCHED_MOST:
            raise Refused(400, "Bad Request: failed to get HTTP URL content")
        return data

    def _place(self, asked: methods.SendMessage | methods.SendPhoto) -> Chat:
        chat = self._writable(asked.chat_id)
        if asked.message_thread_id and not chat.is_forum:
            raise Refused(400, "Bad Request: message thread not found")
        return chat

    def _say(self, chat: Chat, asked: methods.SendMessage | methods.SendPhoto, content: Json) -> Json:
        self._check_flood(chat)
        if asked.reply_markup:
            content["reply_markup"] = asked.reply_markup.model_dump(exclude_none=True)
        if asked.message_thread_id:
            content |= {"message_thread_id": asked.message_thread_id, "is_topic_message": True}
        return self.new_message(chat, self.me, **content)

    async def _send_chat_action(self, asked: methods.SendChatAction) -> bool:
        self._writable(asked.chat_id).actions.append(asked.action)
        return True

    async def _answer_callback_query(self, asked: methods.AnswerCallbackQuery) -> bool:
        self.answered_queries[asked.callback_query_id] += 1
        self._take_query(asked.callback_query_id)
        return True

    async def _answer_inline_query(self, asked: methods.AnswerInlineQuery) -> bool:
        for result in asked.results:
            _content(result)
        self._take_query(asked.inline_query_id)
        self.listed[asked.inline_query_id] = asked
        if asked.cache_time and not asked.is_personal:
            self.cached[self.typed[asked.inline_query_id]] = asked.inline_query_id
        return True

    async def _answer_guest_query(self, asked: methods.AnswerGuestQuery) -> Json:
        content = _content(asked.result)
        if asked.guest_query_id in self.late_queries:
            raise Refused(400, f"Bad Request: {_TOO_OLD}")
        self._take_query(asked.guest_query_id)
        chat = self.guest_chats[asked.guest_query_id]
        self.new_message(chat, self.me, **content)
        return {"inline_message_id": f"inline-{next(self._ids)}"}

    def _take_query(self, query_id: str) -> None:
        """A query is answered once, and soon."""
        if query_id not in self._queries:
            raise Refused(400, f"Bad Request: {_TOO_OLD}")
        self._queries.remove(query_id)

    async def _set_my_commands(self, asked: methods.SetMyCommands) -> bool:
        self.profile["commands", asked.language_code] = asked.commands
        return True

    async def _set_my_description(self, asked: methods.SetMyDescription) -> bool:
        self.profile["description", asked.language_code] = asked.description
        return True

    async def _set_my_short_description(self, asked: methods.SetMyShortDescription) -> bool:
        self.profile["short_description", asked.language_code] = asked.short_description
        return True

    async def _set_chat_menu_button(self, asked: methods.SetChatMenuButton) -> bool:
        self.profile["menu_button", ""] = asked.menu_button
        return True

    async def _set_my_settings(self, asked: methods.SetMySettings) -> bool:
        given = asked.model_dump(exclude_none=True)
        self.me |= {field: value for field, value in given.items() if field in self.me}
        self.profile["inline_query_placeholder", ""] = asked.inline_query_placeholder
        return True

    def _writable(self, chat_id: int) -> Chat:
        chat = self.chats.get(chat_id)
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        if chat.moved_to:
            reason = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, reason, migrate_to_chat_id=chat.moved_to)
        if chat.is_blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat

    def _check_flood(self, chat: Chat) -> None:
        """A burst of three, then as many a second as allowed."""
        if self.most_a_second is None:
            return
        recent = [
            call for call in (*self.called("sendMessage"), *self.called("sendPhoto"))
            if call.status == 200
            and int(call.parameters["chat_id"]) == chat.id
            and call.at > time.monotonic() - 3
        ]  # fmt: skip
        if len(recent) >= 3 * self.most_a_second + 3:
            raise Refused(429, "Too Many Requests: retry after 1", retry_after=1)


def _content(result: methods.Article) -> Json:
    """The message that a result becomes, as strictly looked at as any."""
    given = result.input_message_content
    content = _text(given.message_text, given.parse_mode)
    if result.reply_markup:
        content["reply_markup"] = result.reply_markup.model_dump(exclude_none=True)
    return content


def _text(text: str, parse_mode: str | None) -> Json:
    """The content of a message of text. Raises Refused."""
    text, entities = _parsed(text, parse_mode)
    if not text:
        raise Refused(400, "Bad Request: message text is empty")
    if utf16(text) > TEXT_MOST:
        raise Refused(400, "Bad Request: message is too long")
    return {"text": text, "entities": entities}


def error(status: int, reason: str, **parameters: int) -> Json:
    """The body of an answer that says no."""
    body: Json = {"ok": False, "error_code": status, "description": reason}
    return body | ({"parameters": parameters} if parameters else {})


def _parsed(text: str, parse_mode: str | None) -> tuple[str, list[Json]]:
    """A text and its entities."""
    try:
        parsed, entities = parse(text) if parse_mode else (text.strip(), [])
    except HtmlError as error:
        raise Refused(400, f"Bad Request: can't parse entities: {error}") from error
    return parsed, [entity.as_json() for entity in entities]


def _photo(data: bytes) -> Json:
    """What stands in the message for a photo that was taken."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            picture.verify()
    except Exception as error:
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED") from error
    if width + height > SIDES_MOST or max(width, height) > RATIO_MOST * min(width, height):
        raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    unique = hashlib.sha256(data).hexdigest()[:16]
    return {
        "file_id": unique,
        "file_unique_id": unique,
        "width": width,
        "height": height,
        "file_size": len(data),
    }


async def _parameters(request: Request) -> Json:
    """A call's parameters, from wherever the Bot API takes them."""
    given: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        body = await request.json()
        # Form fields carry their JSON as text; here it is the same for both.
        given |= {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in body.items()}
    elif kind.startswith("application/x-www-form-urlencoded"):
        given |= dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    elif kind.startswith("multipart/form-data"):
        async with request.form(max_files=1, max_part_size=PHOTO_MOST) as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    given[name] = UPLOADED + base64.b64encode(await value.read()).decode()
                else:
                    given[name] = value
    return given


def _snake(method: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", method).lower()
