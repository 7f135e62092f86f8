"""The public pages under load, beside the same bytes as files: the time until the first byte of an answer.

    .venv/bin/python -m benchmarks.pages [--rate 200] [--seconds 10] [--rounds 3]

Two servers, each a process with the bot's own HTTP settings: the public pages of content/, and Starlette's
StaticFiles with what the pages showed, saved as files. They take turns, so that what else the machine does
hits both. Requests come at random moments (Poisson), for pages picked at random, over connections that are
kept; a time runs from the moment at which a request is due, so that what waits counts, too. Every second
request takes gzip, as browsers do; files have none. The aim is 20 ms for 95 of 100 at 200 a second.

Run from the project's directory; the table is also appended to benchmarks/results/pages.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import random
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from benchmarks.project import PROJECT
from bot import http_server
from bot.answering.dialogue import Dialogue
from bot.content.library import Library
from bot.content.loading import load
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.rasa.client import Rasa
from bot.site import addresses
from bot.site.routes import site_routes

RESULTS = PROJECT / "benchmarks" / "results" / "pages.md"
SEED = 4
WITHIN = 30.0
"""Seconds in which a server has to start, or to answer."""


def paths(library: Library) -> list[str]:
    """All answers' and wards' pages, and the lists of them."""
    found = [f"/{language}" for language in Language]
    for language in Language:
        found += [addresses.of_answer(answer, language) for answer in library.taught()]
        found += [
            addresses.of_ward(ward, language) for ward in (library.wards.units if library.wards else ())
        ]
    return found


def pages(library: Library) -> Starlette:
    """The public pages; nobody searches here, so no Rasa side is asked."""
    rasa = Rasa(httpx.AsyncClient(base_url="http://127.0.0.1:9", timeout=1))
    dialogue = Dialogue(rasa, lambda: library)
    return Starlette(routes=site_routes(lambda: library, dialogue, "https://hoi.example", utc_now))


async def save(library: Library, directory: Path) -> None:
    """The pages as files below a directory."""
    transport = httpx.ASGITransport(app=pages(library))
    async with httpx.AsyncClient(transport=transport, base_url="http://pages", timeout=WITHIN) as client:
        for path in paths(library):
            file = directory / f"{path[1:]}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes((await client.get(path)).content)


def serve(directory: str) -> None:
    """Serve the pages, or the files of a directory; print the port."""
    if directory:
        app = Starlette(routes=[Mount("/", StaticFiles(directory=directory))])
    else:
        app = pages(load(PROJECT / "content").library)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(http_server.config(app)).run(sockets=[listener])


@asynccontextmanager
async def server(directory: str) -> AsyncIterator[int]:
    """A server in a process of its own: its port."""
    process: Process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.pages", "--serve", directory, stdout=PIPE, cwd=PROJECT
    )
    assert process.stdout
    try:
        async with asyncio.timeout(WITHIN):
            port = int(await process.stdout.readline())
        yield port
    finally:
        process.kill()
        await process.wait()


class Connections:
    """Connections to a server that are kept and used in turn, so that none is idle for long and closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def first_byte(self, path: str, *, gzip: bool) -> float:
        """Ask for a page; when its first byte was there, on the loop's clock."""
        free = self._free.pop(0) if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = free
        accepted = "Accept-Encoding: gzip\r\n" if gzip else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: pages\r\n{accepted}\r\n".encode())
        first = await reader.readexactly(1)
        arrived = time.monotonic()
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        assert head.startswith("HTTP/1.1 200"), head
        length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        await reader.readexactly(int(length.partition(":")[2]))
        self._free.append(free)
        return arrived

    def close(self) -> None:
        """Close those that no request is under way on."""
        for _, writer in self._free:
            writer.close()


async def load_on(port: int, suffix: str, rate: float, seconds: float, wanted: list[str]) -> list[float]:
    """Milliseconds until the first byte of each answer."""
    picker, connections = random.Random(SEED), Connections(port)  # noqa: S311
    for path in wanted:  # drawn once before anybody waits, as after a start
        await connections.first_byte(path + suffix, gzip=False)
    took: list[float] = []

    async def one(due: float, path: str, *, gzip: bool) -> None:
        took.append((await connections.first_byte(path + suffix, gzip=gzip) - due) * 1000)

    begin, at = time.monotonic(), 0.0
    async with asyncio.timeout(seconds + WITHIN), asyncio.TaskGroup() as group:
        while (at := at + picker.expovariate(rate)) < seconds:
            await asyncio.sleep(max(begin + at - time.monotonic(), 0))
            group.create_task(one(begin + at, picker.choice(wanted), gzip=picker.random() < 0.5))
    connections.close()
    return took


def share(times: list[float], part: float) -> float:
    """The time within which a part of the requests was answered."""
    return sorted(times)[int(len(times) * part)]


async def main(rate: float, seconds: float, rounds: int) -> None:
    library = load(PROJECT / "content").library
    wanted = paths(library)
    found: dict[str, list[float]] = {"pages": [], "files": []}
    with tempfile.TemporaryDirectory() as directory:
        await save(library, Path(directory))
        async with server("") as of_pages, server(directory) as of_files:
            for _ in range(rounds):
                found["pages"] += await load_on(of_pages, "", rate, seconds, wanted)
                found["files"] += await load_on(of_files, ".html", rate, seconds, wanted)
    lines = [
        f"{datetime.date.today()}, {os.cpu_count()} cores, {rate:.0f} requests a second, {rounds} turns of "
        f"{seconds:.0f} s each, {len(wanted)} pages",
        "",
        "| first byte within | 50 % | 95 % | 99 % |",
        "|---|---|---|---|",
    ]
    for name, times in found.items():
        row = " | ".join(f"{share(times, part):.2f} ms" for part in (0.5, 0.95, 0.99))
        lines.append(f"| {name} ({len(times)}) | {row} |")
    ratios = " | ".join(
        f"{share(found['pages'], part) / share(found['files'], part):.2f}" for part in (0.5, 0.95, 0.99)
    )
    lines.append(f"| ratio | {ratios} |")
    table = "\n".join(lines)
    print(table)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"\n{table}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve")
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
    else:
        asyncio.run(main(options.rate, options.seconds, options.rounds))
