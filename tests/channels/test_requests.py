"""What a platform is told that pushes something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.channels.requests import pushed

RIGHT = {"X-Secret": "the secret"}

Take = Callable[[Any], Awaitable[None]]


async def answer(take: Take | None, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async def receive(request: Request) -> Response:
        return await pushed(request, "X-Secret", "the secret", 20, take)

    app = Starlette(routes=[Route("/push", receive, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        return await client.post("/push", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "headers", "status", "is_taken"),
    [
        (b'{"a": 1}', RIGHT, 200, True),
        (b'{"a": 1}', {}, 403, False),
        (b'{"a": 1}', {"X-Secret": "another"}, 403, False),
        (b'{"a": "' + b"x" * 20 + b'"}', RIGHT, 413, False),
        (b"{", RIGHT, 400, False),
        (b"\xff", RIGHT, 400, False),
    ],
)
async def test_only_what_is_json_of_a_bounded_size_and_has_the_secret_is_taken(
    body: bytes, headers: dict[str, str], status: int, is_taken: bool
) -> None:
    taken: list[Any] = []

    async def take(given: Any) -> None:
        taken.append(given)

    assert (await answer(take, body, headers)).status_code == status
    assert taken == ([{"a": 1}] if is_taken else [])


async def test_before_it_can_be_taken_it_is_asked_to_come_again() -> None:
    said = await answer(None, b"{}", RIGHT)
    assert (said.status_code, said.headers["Retry-After"]) == (503, "1")
    assert (await answer(None, b"{}", {})).status_code == 403, "to whom that is no concern"


async def test_what_could_not_be_written_down_is_asked_to_come_again_and_nothing_of_it_is_logged() -> None:
    async def take(given: Any) -> None:
        raise ValueError(f"cannot write {given}")

    with capture_logs() as logs:
        assert (await answer(take, b'"a question"', RIGHT)).status_code == 503
    (entry,) = logs
    assert (entry["event"], entry["path"], entry["error"]) == ("push_not_accepted", "/push", "ValueError")
    assert "a question" not in str(logs)
