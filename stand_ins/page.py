"""A page on which one chats with the bot as a user of a platform would, and breaks things."""

from __future__ import annotations

import base64
import html
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stand_ins.failures import Failure, Failures

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")

PAGE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, slots=True)
class Key:
    """A button under a bubble: it sends data, or opens an address."""

    label: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the platform's app shows it; html is safe. above: who wrote it, if that is shown."""

    id: str
    html: str
    is_mine: bool
    above: str = ""
    keys: list[list[Key]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a person can do with one press."""

    text: str
    description: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may be put into the chat, listed while somebody types behind the bot's name."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can be let go wrong: `times` calls of a method."""

    label: str
    method: str
    failure: Failure
    times: int = 1


class Platform(ABC):
    """What the page needs of a stand-in.

    name: the platform's; failures: where the page plans trouble; pictures: those that were sent, by their id;
    typed_behind: what begins a text behind which the bot lists offers; empty: nothing does.
    """

    name: str
    failures: Failures
    pictures: Mapping[str, bytes] = MappingProxyType({})
    typed_behind = ""

    @abstractmethod
    def chats(self) -> list[dict[str, str]]:
        """The chats to choose from: id and title, first things first."""

    @abstractmethod
    def new_chat(self, name: str, language: str) -> str:
        """Somebody new writes to the bot; the chat's id."""

    @abstractmethod
    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""

    @abstractmethod
    def commands(self, chat: str) -> list[Command]:
        """What stands above the chat: the bot's menu, and what else a person can do there."""

    @abstractmethod
    def command(self, chat: str, name: str) -> None:
        """The person of a chat presses one of those."""

    @abstractmethod
    def troubles(self) -> list[Trouble]:
        """What may be let go wrong."""

    @abstractmethod
    def say(self, chat: str, text: str) -> None:
        """The person of a chat writes something."""

    @abstractmethod
    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person of a chat sends a picture; address: of the platform."""

    @abstractmethod
    def press(self, chat: str, bubble: str, data: str) -> None:
        """The person of a chat presses a button."""

    def offers(self, chat: str, text: str) -> list[Offer]:
        """What is listed while the person of a chat has typed so much; it may come a little later."""
        return []

    def choose(self, chat: str, text: str, offer: str) -> None:
        """The person of a chat puts one of those into it."""
        raise LookupError(f"{self.name} offers nothing")


def with_links(text: str) -> str:
    """Plain text, of which the app makes addresses clickable and nothing else."""

    def link(match: re.Match[str]) -> str:
        return f'<a target="_blank" rel="noopener" href="{match[0]}">{match[0]}</a>'

    return _ADDRESS.sub(link, html.escape(text))


def page_routes(platform: Platform) -> list[BaseRoute]:
    """The page and what it calls."""

    async def page(_request: Request) -> Response:
        return FileResponse(PAGE, media_type="text/html; charset=utf-8")

    async def state(request: Request) -> Response:
        chats = platform.chats()
        chat = request.query_params.get("chat") or (chats[0]["id"] if chats else "")
        shown: dict[str, Any] = {
            "platform": platform.name,
            "chats": chats,
            "chat": chat,
            "bubbles": [asdict(bubble) for bubble in platform.bubbles(chat)] if chat else [],
            "commands": [asdict(command) for command in platform.commands(chat)] if chat else [],
            "typed_behind": platform.typed_behind,
            "troubles": [asdict(trouble) for trouble in platform.troubles()],
            "failures": platform.failures.waiting(),
        }
        return JSONResponse(shown)

    async def act(request: Request) -> Response:
        asked: dict[str, Any] = await request.json()
        match request.path_params["act"]:
            case "new":
                return JSONResponse({"chat": platform.new_chat(asked["name"], asked["language"])})
            case "say":
                platform.say(asked["chat"], asked["text"])
            case "picture":
                data, address = base64.b64decode(asked["picture"]), str(request.base_url).rstrip("/")
                platform.send_picture(asked["chat"], data, asked["text"], address)
            case "command":
                platform.command(asked["chat"], asked["text"])
            case "type":
                offers = platform.offers(asked["chat"], asked["text"])
                return JSONResponse({"offers": [asdict(offer) for offer in offers]})
            case "choose":
                platform.choose(asked["chat"], asked["text"], asked["offer"])
            case "press":
                platform.press(asked["chat"], asked["bubble"], asked["data"])
            case "fail":
                platform.failures.plan(asked["method"], Failure(**asked["failure"]), asked["times"])
        return JSONResponse({})

    async def picture(request: Request) -> Response:
        found = platform.pictures.get(request.path_params["id"])
        return Response(found, media_type="image/*") if found else Response(status_code=404)

    return [
        Route("/", page),
        Route("/page/state", state),
        Route("/page/pictures/{id}", picture),
        Route("/page/{act}", act, methods=["POST"]),
    ]
