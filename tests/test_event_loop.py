"""What the loop does where a name cannot be looked up."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from bot import event_loop


def test_names_that_nobody_answers_for_keep_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, look_up = threading.Event(), socket.getaddrinfo

    def answers_for_the_others(host: str, *arguments: Any, **named: Any) -> Any:
        if host == "database":
            gone.wait()  # as without a DNS server that answers
            raise socket.gaierror
        return look_up(host, *arguments, **named)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        lost = [asyncio.create_task(loop.getaddrinfo("database", 5432)) for _ in range(60)]
        try:
            async with asyncio.timeout(5):
                assert await loop.getaddrinfo("localhost", 80)
                assert await asyncio.to_thread(lambda: True)
        finally:
            gone.set()
            await asyncio.gather(*lost, return_exceptions=True)

    monkeypatch.setattr(socket, "getaddrinfo", answers_for_the_others)
    event_loop.run(main())
