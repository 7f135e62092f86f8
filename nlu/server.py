"""The Rasa side's one entry point: trains, starts and watches Rasa processes behind one address.

    POST   /webhooks/rest/webhook    Rasa's REST channel
    DELETE /conversations/<id>       forget a conversation
    PUT    /training-data            {"files": {name: text}}: what content/ teaches; trains if it is new
    POST   /parse                    {"text": ...}: how it is read, with confidence, for the evaluation
    GET    /status                   {"model": ..., "training": ..., "failed": ...}

Whatever ends is started again; while there is no model, messages are answered 503 and the bot asks
again. Requests come from the bot alone: the address belongs on the loopback or a private network.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from nlu import paths

READY_SECONDS = 120
ANSWER_SECONDS = 20
MODELS_KEPT = 5
BODY_MOST = 64 * 2**20


def say(line: str) -> None:
    """One line for whoever is watching."""
    print(f"rasa: {line}", flush=True)


@dataclass
class Status:
    """What GET /status tells. model: the one that answers; training: the one being made;
    failed: the last one that could not be made."""

    model: str | None = None
    training: str | None = None
    failed: str | None = None


class RasaProcess:
    """A running Rasa with one model."""

    def __init__(self, model: str, port: int, process: asyncio.subprocess.Process) -> None:
        self.model = model
        self.address = f"http://127.0.0.1:{port}"
        self.process = process

    @classmethod
    async def start(cls, model: str, http: aiohttp.ClientSession) -> RasaProcess:
        """Start a process and wait until it has answered a message.

        Raises:
            RuntimeError: it ended or did not get ready in time.
        """
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nlu.serve",
            str(paths.model_path(model)),
            str(port),
            stdin=asyncio.subprocess.DEVNULL,
        )
        started = cls(model, port, process)
        try:
            deadline = asyncio.get_running_loop().time() + READY_SECONDS
            while process.returncode is None and asyncio.get_running_loop().time() < deadline:
                with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
                    if await started._answers(http):
                        return started
                await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            process.kill()
            raise
        await started.stop()
        raise RuntimeError(f"Rasa did not get ready with model {model}")

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        body = {"sender": "readiness", "message": "/help"}
        timeout = aiohttp.ClientTimeout(total=10)
        async with http.post(f"{self.address}/webhooks/rest/webhook", json=body, timeout=timeout) as response:
            return response.status == 200 and bool(await response.json())

    async def stop(self) -> None:
        """End the process; it finishes what it has in hand."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 15)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
                await self.process.wait()


class Server:
    """Keeps the newest model answering."""

    def __init__(self) -> None:
        self._status = Status()
        self._rasa: RasaProcess | None = None
        self._changed = asyncio.Event()
        self._http: aiohttp.ClientSession

    def app(self) -> web.Application:
        """The HTTP side."""
        app = web.Application(client_max_size=BODY_MOST)
        app.add_routes(
            [
                web.post("/webhooks/rest/webhook", self._message),
                web.delete("/conversations/{conversation}", self._forget),
                web.put("/training-data", self._training_data),
                web.post("/parse", self._parse),
                web.get("/status", self._tell),
            ]
        )
        app.cleanup_ctx.append(self._running)
        return app

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        self._http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        task = asyncio.create_task(self._keep_newest())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if self._rasa:
            await self._rasa.stop()
        await self._http.close()

    # What the bot asks

    async def _message(self, request: web.Request) -> web.Response:
        return await self._forwarded("POST", "/webhooks/rest/webhook", await request.read())

    async def _parse(self, request: web.Request) -> web.Response:
        return await self._forwarded("POST", "/webhooks/rest/parse", await request.read())

    async def _forget(self, request: web.Request) -> web.Response:
        conversation = request.match_info["conversation"]
        if not re.fullmatch(r"[\w.:-]{1,255}", conversation):
            raise web.HTTPNotFound
        return await self._forwarded("DELETE", f"/webhooks/rest/conversations/{conversation}", b"")

    async def _forwarded(self, method: str, path: str, body: bytes) -> web.Response:
        if self._rasa is None:
            raise web.HTTPServiceUnavailable(text="no model yet")
        headers = {"Content-Type": "application/json"}
        try:
            async with self._http.request(
                method, self._rasa.address + path, data=body, headers=headers
            ) as answer:
                return web.Response(
                    status=answer.status, body=await answer.read(), content_type=answer.content_type
                )
        except asyncio.TimeoutError as error:
            raise web.HTTPInternalServerError(text="no answer in time") from error
        except aiohttp.ClientError as error:
            raise web.HTTPBadGateway(text=type(error).__name__) from error

    async def _training_data(self, request: web.Request) -> web.Response:
        files = (await request.json())["files"]
        if not all(re.fullmatch(r"[\w-]+\.yml", name) for name in files):
            raise web.HTTPBadRequest(text="a file's name is letters, digits and .yml")
        paths.EXPORT.mkdir(parents=True, exist_ok=True)
        for old in paths.EXPORT.glob("*.yml"):
            if old.name not in files:
                old.unlink()
        for name, text in files.items():
            path = paths.EXPORT / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                half = path.with_suffix(".part")
                half.write_text(text, encoding="utf-8")
                half.replace(path)
        self._changed.set()
        return web.json_response({"model": paths.fingerprint()}, status=202)

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self._status))

    # What keeps it going

    async def _keep_newest(self) -> None:
        """Serve the model of what is in the directory; until it is there, the last one that was made."""
        pause = 1.0
        while True:
            try:
                await self._make_current()
                pause = 1.0
            except (RuntimeError, OSError) as error:
                say(str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, 30)
                continue
            await self._until_changed_or_ended()

    async def _make_current(self) -> None:
        self._changed.clear()
        if not any(paths.EXPORT.glob("*.yml")):
            return
        wanted = paths.fingerprint()
        if (
            not self._serves(wanted)
            and not paths.model_path(wanted).exists()
            and wanted != self._status.failed
        ):
            last = _newest_model()
            if last and self._rasa is None:
                # A model of other code may not load; that must not keep the new one from being made.
                with contextlib.suppress(RuntimeError):
                    await self._change_to(last)
            await self._train(wanted)
        if paths.model_path(wanted).exists():
            if not self._serves(wanted):
                await self._change_to(wanted)
        elif self._rasa is None:
            raise RuntimeError(f"there is no model; the training of {wanted} failed")
        _drop_old_models(wanted)

    def _serves(self, model: str) -> bool:
        return self._rasa is not None and self._rasa.model == model and self._rasa.process.returncode is None

    async def _train(self, model: str) -> None:
        self._status.training = model
        say(f"training model {model}; the first time takes one to three minutes, later ones less")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "nlu.train", stdin=asyncio.subprocess.DEVNULL
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            raise
        finally:
            self._status.training = None
        self._status.failed = None if code == 0 and paths.model_path(model).exists() else model

    async def _change_to(self, model: str) -> None:
        """A new process takes over once it has answered; the old one ends when its last reply is out."""
        say(f"loading model {model}")
        new, old = await RasaProcess.start(model, self._http), self._rasa
        self._rasa, self._status.model = new, model
        say(f"model {model} answers")
        if old:
            await old.stop()

    async def _until_changed_or_ended(self) -> None:
        waits = [asyncio.ensure_future(self._changed.wait())]
        if self._rasa:
            waits.append(asyncio.ensure_future(self._rasa.process.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._rasa and self._rasa.process.returncode is not None:
            say(f"Rasa ended with status {self._rasa.process.returncode}; it is started again")
            self._rasa, self._status.model = None, None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _newest_model() -> str | None:
    models = sorted(paths.MODELS.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    return models[-1].name.removesuffix(".tar.gz") if models else None


def _drop_old_models(current: str) -> None:
    others = [path for path in paths.MODELS.glob("*.tar.gz") if path != paths.model_path(current)]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[: -(MODELS_KEPT - 1)]:
        path.unlink()


async def _end_of_stdin() -> None:
    """Returns when the parent is gone: the pipe closes however it died."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


async def serve(host: str, port: int, *, is_child: bool) -> None:
    """Serve until SIGTERM or, as a child, until the parent is gone."""
    runner = web.AppRunner(Server().app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waits = [asyncio.create_task(stop.wait())]
    if is_child:
        waits.append(asyncio.create_task(_end_of_stdin()))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    await runner.cleanup()


def main() -> None:
    """The command `nlu/server.py`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--child", action="store_true", help="end when stdin closes")
    arguments = parser.parse_args()
    os.chdir(Path(__file__).resolve().parent.parent)
    Path("data").mkdir(exist_ok=True)
    asyncio.run(serve(arguments.host, arguments.port, is_child=arguments.child))


if __name__ == "__main__":
    main()
