"""A page on which one chats with the bot as a user of a platform would, and breaks things."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stand_ins.failures import Failure, Failures

PAGE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, slots=True)
class Key:
    """A button under a bubble: it sends data, or opens an address."""

    label: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the platform's app shows it; html is safe."""

    id: str
    html: str
    is_from_bot: bool
    sender: str
    keys: list[list[Key]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a person can do with one press."""

    text: str
    description: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can be let go wrong: `times` calls of a method."""

    label: str
    method: str
    failure: Failure
    times: int = 1


class Platform(Protocol):
    """What the page needs of a stand-in.

    name: the platform's; failures: where the page plans trouble.
    """

    name: str
    failures: Failures

    def chats(self) -> list[dict[str, str]]:
        """The chats to choose from: id and title, first things first."""

    def new_chat(self, name: str, language: str) -> str:
        """Somebody new writes to the bot; the chat's id."""

    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""

    def commands(self) -> list[Command]:
        """What stands above the chat: the bot's menu, or what else a person can do on the platform."""

    def command(self, chat: str, name: str) -> None:
        """The person of a chat presses one of those."""

    def troubles(self) -> list[Trouble]:
        """What may be let go wrong."""

    def say(self, chat: str, text: str) -> None:
        """The person of a chat writes something."""

    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person of a chat sends a picture; address: of the platform."""

    def press(self, chat: str, bubble: str, data: str) -> None:
        """The person of a chat presses a button."""


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
            "commands": [asdict(command) for command in platform.commands()],
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
            case "press":
                platform.press(asked["chat"], asked["bubble"], asked["data"])
            case "fail":
                platform.failures.plan(asked["method"], Failure(**asked["failure"]), asked["times"])
        return JSONResponse({})

    return [
        Route("/", page),
        Route("/page/state", state),
        Route("/page/{act}", act, methods=["POST"]),
    ]
