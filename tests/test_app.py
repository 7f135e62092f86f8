"""The whole service in a process of its own: it starts, says how it is, and stops in order."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest

from bot.serve import listen
from stand_ins.proxy import black_hole
from stand_ins.rasa import RasaStandIn
from stand_ins.telegram import TOKEN
from tests.support import ROOT
from tests.support.app import failed_start, running, stopped
from tests.support.forked import STRICT

pytestmark = pytest.mark.server


async def test_it_answers_and_says_how_it_is(tmp_path: Path, small_content: Path) -> None:
    rasa = RasaStandIn()
    async with rasa.serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content)}
        async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
            assert (await http.get("/health")).status_code == 200
            ready = await http.get("/ready")
            body = ready.json()
            body.pop("pictures", None)  # where Tesseract is not installed
            assert (ready.status_code, body) == (200, {"ready": True, "wrong": []})
            await rasa.was_taught()
            assert rasa.taught == ["answers.yml"]
            answer = await http.post("/api/messages", json={"conversation": "c", "text": "food"})
            assert [card["id"] for card in answer.json()["replies"]] == [None, "culture.food"]
            rasa.is_away = True
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["wrong"]) == (503, ["model"])
            assert (await http.get("/health")).status_code == 200


async def test_it_starts_from_nothing(tmp_path: Path, small_content: Path) -> None:
    settings = {"PORT": "0", "RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *STRICT, "-m", "bot", "run",
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}, stderr=PIPE,
    )  # fmt: skip
    assert process.stderr
    async with asyncio.timeout(60):
        while b"serving" not in (line := await process.stderr.readline()):
            assert line, "it has ended"
        process.terminate()
        await process.stderr.read()
        assert await process.wait() == 0


async def test_without_the_program_that_reads_pictures_it_says_so_and_offers_none(
    tmp_path: Path, small_content: Path
) -> None:
    async with RasaStandIn().serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content), "PATH": str(tmp_path)}
        async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
            ready = await http.get("/ready")
            assert ready.status_code == 200
            assert "install tesseract-ocr" in ready.json()["pictures"]
            assert 'type="file"' not in (await http.get("/")).text
            picture = {"conversation": "c", "picture": "iVBORw0KGgo=", "language": "en"}
            (card,) = (await http.post("/api/pictures", json=picture)).json()["replies"]
            assert card["text"].startswith("I can only read text")


async def test_where_telegram_is_blocked_nobody_else_feels_it(tmp_path: Path, small_content: Path) -> None:
    rasa = RasaStandIn()
    with black_hole() as nowhere:
        async with rasa.serving() as rasa_url:
            settings = {
                "RASA_URL": rasa_url,
                "CONTENT_DIR": str(small_content),
                "TELEGRAM_TOKEN": TOKEN,
                "TELEGRAM_API_URL": nowhere,
            }
            async with (
                running(tmp_path, settings) as (_, url),
                httpx.AsyncClient(base_url=url, timeout=5) as http,
            ):
                for number in range(5):
                    asked = {"conversation": f"c{number}", "text": "food"}
                    answer = await http.post("/api/messages", json=asked)
                    assert answer.json()["replies"][-1]["id"] == "culture.food"
                ready = await http.get("/ready")
                assert (ready.status_code, ready.json()["ready"]) == (200, True)
                assert ready.json()["telegram"]["state"] == "not connected to Telegram yet"


async def test_answers_carry_security_headers(tmp_path: Path, small_content: Path) -> None:
    settings = {"RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content)}
    async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
        for path in ("/", "/health", "/nowhere"):
            headers = (await http.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'self'" in headers["Content-Security-Policy"]
            assert "server" not in headers


async def test_a_request_in_hand_is_answered_before_it_stops(tmp_path: Path, small_content: Path) -> None:
    rasa = RasaStandIn()
    rasa.gates["food"] = asyncio.Event()
    async with rasa.serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content)}
        async with (
            running(tmp_path, settings) as (process, url),
            httpx.AsyncClient(base_url=url, timeout=20) as http,
        ):
            question = asyncio.create_task(
                http.post("/api/messages", json={"conversation": "c", "text": "food"})
            )
            await rasa.was_asked(1)
            stopping = asyncio.create_task(stopped(process))
            await asyncio.sleep(0)  # its signal is sent
            rasa.gates["food"].set()
            assert (await question).json()["replies"][1]["id"] == "culture.food"
            await stopping


def test_answers_are_sent_at_once_also_on_a_connection_that_is_kept() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "http"}, "The setting PORT is wrong"),
        ({"RASA_URL": ""}, "or set RASA_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:////proc/bot.db"}, "The database of the setting DATABASE_URL"),
        ({"HOST": "192.0.2.1"}, "HOST 192.0.2.1"),
    ],
    ids=str,
)
async def test_what_keeps_it_from_starting_is_said_in_one_sentence(
    settings: dict[str, str], said: str, tmp_path: Path, small_content: Path
) -> None:
    usual = {"PORT": "0", "RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content)}
    message = await failed_start(tmp_path, {**usual, **settings})
    assert said in message
    assert len(message.splitlines()) == 1


async def test_a_port_that_is_taken_is_said(tmp_path: Path, small_content: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = {"PORT": port, "RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content)}
        assert f"PORT {port}" in await failed_start(tmp_path, settings)


async def test_content_that_cannot_be_served_is_listed(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    message = await failed_start(tmp_path, {"RASA_URL": "http://127.0.0.1:9"})
    assert "messages.yml:1: error: this file is missing" in message
