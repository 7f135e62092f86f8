"""The Rasa side's one entry point: trains, proves, starts and watches Rasa processes behind one address.

    POST   /webhooks/rest/webhook    Rasa's REST channel
    DELETE /conversations/<id>       forget a conversation
    PUT    /training-data            {"files": {name: text}, "override": null | reason, "withdrawn": [id]}:
                                     what content/ teaches; trains if it is new. override: served whatever
                                     the proof says; withdrawn: answers that content/ has taken back
    POST   /parse                    {"text": ...}: how it is read, with confidence, for the evaluation
    GET    /status                   what answers, what is in training, what failed or was refused: Status
    GET    /models                   {"models": [...]}: those that are kept, newest first
    POST   /models/<name>/serve      put one of them back, until the training data changes next

A change of models is a change of processes: the new one answers before it gets the traffic, the old one
ends when its last reply is out. Whatever ends or hangs is started again; messages wait for that. While there
is no model they are answered 503 and the bot asks again. Requests come from the bot alone, and are known by
the token that both have (nlu.trust).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from nlu import models, paths, trust
from nlu.processes import ANSWER_SECONDS, NotReady, RasaProcess, TrainingFailed, train
from nlu.progress import Progress, Step
from nlu.proof import Proof, Verdict, judge, vanished

MODEL_HEADER = "Rasa-Model"
"""Of each answer: the name of the model that gave it."""

BODY_MOST = 64 * 2**20
WAIT_SECONDS = 15
"""How long a message waits for a Rasa process that is being started."""

FIRST_SECONDS = 5
"""How long the bot may take to hand over what content/ teaches, before what was kept is learned instead."""

PAUSE_MOST = 30.0
"""Seconds between two tries at something that fails."""

TRY_ARITHMETIC = (
    "The arithmetic does not fit this processor: delete build/processor.json and start again, or set "
    "OPENBLAS_CORETYPE=Sandybridge, which is slower and safer."
)
TRY = {
    signal.SIGKILL: "The machine is probably short of memory: a training takes 1.5 GB.",
    **dict.fromkeys(
        (signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGFPE, signal.SIGABRT), TRY_ARITHMETIC
    ),
}
"""What to do about trainings that are ended by a signal."""


def say(line: str) -> None:
    """One line for whoever is watching."""
    print(f"rasa: {line}", flush=True)


@dataclass(frozen=True)
class Training:
    """What is being made. share: of the step; started: of time.monotonic()."""

    model: str
    step: Step
    share: float
    started: float

    def as_json(self) -> dict[str, Any]:
        """For GET /status, with the seconds that it has taken so far."""
        seconds = round(time.monotonic() - self.started, 1)
        return {"model": self.model, "step": self.step, "share": round(self.share, 3), "seconds": seconds}


@dataclass
class Status:
    """What GET /status tells. model, since: the one that answers, and since when; wanted: the one of the
    training data of now; training: the one being made, loading: the one being started; failed: the last one
    that could not be made; refused: the last one that its proof spoke against, unless that was overridden.
    is_held: somebody put a model back, which answers until the training data change."""

    model: str | None = None
    since: str | None = None
    wanted: str | None = None
    training: Training | None = None
    loading: Training | None = None
    failed: dict[str, str | None] | None = None
    refused: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The body of GET /status."""
        training = self.loading or self.training
        return {
            "model": self.model,
            "since": self.since,
            "wanted": self.wanted,
            "training": training.as_json() if training else None,
            "failed": self.failed,
            "refused": self.refused,
            "is_held": self.wanted is not None and _is_held_against(self.wanted),
        }


@dataclass(frozen=True)
class TrainingData:
    """What content/ teaches. override: why a model of it is served even if its proof speaks against it;
    withdrawn: ids of answers that were taken back."""

    files: dict[str, str]
    override: str | None = None
    withdrawn: frozenset[str] = frozenset()


class Server:
    """Keeps the newest model answering that its proof does not speak against."""

    def __init__(self) -> None:
        self._data = TrainingData(paths.exported())
        self._status = Status(wanted=paths.fingerprint(self._data.files) if self._data.files else None)
        self._is_taught = asyncio.Event()
        self._changed = asyncio.Event()
        self._changed.set()
        self._rasa: RasaProcess | None = None
        self._died: tuple[str, Step] | None = None  # which training was ended by a signal last, in which step
        self._live: str | None = None  # the model that is meant to answer, also while its process is started
        self._is_there = asyncio.Event()
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession

    def app(self) -> web.Application:
        """The HTTP side."""
        app = web.Application(client_max_size=BODY_MOST, middlewares=[_only_the_bot])
        app.add_routes(
            [
                web.post("/webhooks/rest/webhook", self._message),
                web.delete("/conversations/{conversation}", self._forget),
                web.put("/training-data", self._training_data),
                web.post("/parse", self._parse),
                web.get("/status", self._tell),
                web.get("/models", self._list),
                web.post("/models/{name}/serve", self._put_back),
            ]
        )
        app.cleanup_ctx.append(self._running)
        return app

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        self._http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        self._in_background(self._keep_trained())
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._rasa:
            await self._rasa.stop()
        await self._http.close()

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
        """Rasa's answer; asked once more if the process that had the request in hand ended."""
        rasa = await self._whom_to_ask()
        try:
            return await self._asked(rasa, method, path, body)
        except aiohttp.ClientError as error:
            if not await _ends(rasa):
                raise web.HTTPBadGateway(text=type(error).__name__) from error
        try:
            return await self._asked(await self._whom_to_ask(), method, path, body)
        except aiohttp.ClientError as error:
            raise web.HTTPBadGateway(text=type(error).__name__) from error

    async def _whom_to_ask(self) -> RasaProcess:
        if self._rasa is None and self._changing.locked():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._is_there.wait(), WAIT_SECONDS)
        if self._rasa is None:
            raise web.HTTPServiceUnavailable(text="no model yet")
        return self._rasa

    async def _asked(self, rasa: RasaProcess, method: str, path: str, body: bytes) -> web.Response:
        headers = {"Content-Type": "application/json", **trust.authorization()}
        try:
            with rasa.in_flight():
                async with self._http.request(
                    method, rasa.address + path, data=body, headers=headers
                ) as answer:
                    return web.Response(
                        status=answer.status,
                        body=await answer.read(),
                        # Passed on as it is: answer.content_type is parsed, a fifth of the time spent here.
                        headers={
                            MODEL_HEADER: rasa.model,
                            "Content-Type": answer.headers.get("Content-Type", "application/octet-stream"),
                        },
                    )
        except asyncio.TimeoutError as error:
            raise web.HTTPInternalServerError(text="no answer in time") from error

    async def _training_data(self, request: web.Request) -> web.Response:
        data = await _data(request)
        if data.files == self._data.files and data.override is None:
            # An override stays with the data that it was given for.
            data = TrainingData(data.files, self._data.override, data.withdrawn)
        self._data, self._died = data, None
        self._status.wanted = paths.fingerprint(data.files)
        self._status.failed = self._status.refused = None
        self._is_taught.set()
        self._changed.set()
        return web.json_response({"model": self._status.wanted}, status=202)

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(self._status.as_json())

    async def _list(self, _: web.Request) -> web.Response:
        kept = [
            {
                "name": model.name,
                "made_at": model.made_at,
                "is_live": model.name == self._status.model,
                "override": model.override,
                "accuracy": model.accuracy,
            }
            for model in models.kept()
        ]
        return web.json_response({"models": kept})

    async def _put_back(self, request: web.Request) -> web.Response:
        model = models.find(request.match_info["name"])
        if model is None or not model.live_at:
            raise web.HTTPNotFound(text="no such model is kept")
        self._data = replace(self._data, override=None)  # a reason given before is no reason now
        self._in_background(self._hold(model, paths.fingerprint(self._data.files)))
        return web.json_response({"model": model.name}, status=202)

    # What keeps it going

    async def _keep_trained(self) -> None:
        """Make and serve the model of the newest training data; a change during that starts the next."""
        pause = 1.0
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._bring_up_to_date()
                pause = 1.0
            except Exception as error:  # whatever it is, what answers goes on, and this does
                say(str(error) if isinstance(error, (NotReady, TrainingFailed)) else repr(error))
                if not isinstance(error, TrainingFailed) or error.is_accident:
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), pause)
                    self._changed.set()
                    pause = min(2 * pause, PAUSE_MOST)

    async def _bring_up_to_date(self) -> None:
        # A model of other code may not load; that must not keep the new one from being made.
        with contextlib.suppress(NotReady):
            await self._serve_what_is_there()
        # At the start the bot is about to hand over what may be newer than what is kept here.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_taught.wait(), FIRST_SECONDS)
        data = self._data
        wanted = paths.fingerprint(data.files)
        if not data.files or _is_held_against(wanted):
            return
        # Kept for a start without the bot, whether or not it is new.
        await asyncio.to_thread(paths.export, data.files)
        kept = models.find(wanted)
        model = kept or await self._train(wanted, data)
        if _is_held_against(wanted):
            return
        override = self._data.override if self._data.files == data.files else data.override
        self._status.failed = self._status.refused = None
        before = models.find(self._live) if self._live else None
        gone = vanished(before.answers, model.answers, data.withdrawn) if before else []
        is_refused = model.is_refused or bool(gone)
        if is_refused and override is None:
            self._tell_refusal(model, gone)
            if self._live:
                return
        try:
            await self._go_live(model, override=override if is_refused else None)
        except NotReady as error:
            if kept or not error.is_model:
                raise
            self._status.failed = {"model": wanted, "reason": str(error), "advice": None}
            raise TrainingFailed(f"A new model cannot be used: {error}", is_accident=False) from error

    async def _serve_what_is_there(self) -> None:
        """Serve the model that answered last, or the one before it."""
        async with self._changing:
            if self._rasa is None and (live := models.live()):
                self._take(await self._some_process(live.name))
                self._status.since = live.since if self._live == live.name else models.now()

    async def _train(self, name: str, data: TrainingData) -> models.Model:
        started = time.monotonic()
        say(f"training model {name}; the first time takes minutes, later ones less")

        def told(progress: Progress) -> None:
            self._status.training = Training(name, progress.step, progress.share, started)

        told(Progress("reading", 0))
        try:
            proof = await train(name, told)
        except TrainingFailed as failed:
            failure = self._twice(name, failed)
            advice = None if failure is failed else str(failure)
            self._status.failed = {"model": name, "reason": str(failure), "advice": advice}
            raise failure from failed
        finally:
            self._status.training = None
        return await asyncio.to_thread(self._judged, name, proof)

    def _twice(self, name: str, failure: TrainingFailed) -> TrainingFailed:
        """The failure; one that is not tried again if the same training was ended by a signal before, in the
        same step."""
        if failure.killed_by is None:
            return failure
        step = self._status.training.step if self._status.training else "reading"
        died, self._died = self._died, (name, step)
        if died != self._died:
            return failure
        reason = (
            f"The training was ended twice by {failure.killed_by.name} while it was {step}. It is tried again"
            " when a question changes or `python -m bot publish` asks for it."
            f" {TRY.get(failure.killed_by, '')}"
        )
        return TrainingFailed(reason.strip(), is_accident=False)

    def _judged(self, name: str, proof: Proof) -> models.Model:
        before = models.find(self._live) if self._live else None
        verdict = judge(proof.replies, before.right if before else None)
        say(f"model {name} is trained: {verdict.accuracy:.1%} of the proof's questions are right")
        return models.made(name, proof, verdict)

    def _tell_refusal(self, model: models.Model, gone: list[str]) -> None:
        verdict = model.verdict or Verdict(0, None)
        self._status.refused = {"model": model.name, **asdict(verdict), "vanished": gone}
        for broken in verdict.broken:
            say(f"{broken.question!r} is for {broken.expected}, but got {broken.got}")
        if gone:
            say(f"it lacks answers that nobody withdrew: {', '.join(gone)}")
        say(
            f"model {model.name} is refused"
            if self._live
            else f"model {model.name} is served: there is no other"
        )

    async def _hold(self, model: models.Model, against: str) -> None:
        """Put a kept model back; a training that is under way goes on, for later."""
        with contextlib.suppress(NotReady):
            await self._go_live(model, held_against=against)
            self._status.refused = None

    async def _go_live(
        self, model: models.Model, *, override: str | None = None, held_against: str | None = None
    ) -> None:
        self._status.loading = Training(model.name, "loading", 0, time.monotonic())
        try:
            is_new = await self._serve(model.name)
        finally:
            self._status.loading = None
        if is_new or held_against:
            live = models.went_live(model, override=override, held_against=held_against)
            self._status.since = live.since

    async def _serve(self, name: str) -> bool:
        """A new process takes over once it has answered; the old one ends when its last reply is out.

        Returns:
            False if the model answers already.

        Raises:
            NotReady: the new one does not start; the old one goes on.
        """
        async with self._changing:
            if self._rasa and self._rasa.model == name:
                return False
            say(f"loading model {name}")
            new, old = await self._started(name), self._rasa
            self._take(new)
        if old:
            self._in_background(old.stop())
        return True

    async def _started(self, name: str) -> RasaProcess:
        """A process with a model. One that cannot be used is set aside, so that it is made anew.

        Raises:
            NotReady: it does not start.
        """
        kept = models.find(name)
        is_damaged = await asyncio.to_thread(models.is_damaged, kept) if kept else False
        if is_damaged:
            models.set_aside(name)
            raise NotReady(f"the file of model {name} is damaged, and set aside", is_model=True)
        try:
            return await RasaProcess.start(name, self._http)
        except NotReady as error:
            if error.is_model and name == paths.fingerprint(self._data.files):  # else it is of other code
                models.set_aside(name)
            raise

    async def _some_process(self, name: str) -> RasaProcess:
        """A process with a model, or else with the one that answered last before it and can be used.

        Raises:
            NotReady: none can.
        """
        others = sorted(models.kept(), key=lambda model: model.live_at or "", reverse=True)
        for candidate in [name, *(model.name for model in others if model.name != name)]:
            if models.find(candidate):
                say(f"loading model {candidate}")
                try:
                    return await self._started(candidate)
                except NotReady as error:
                    say(str(error))
        raise NotReady("no model that is kept can be used")

    def _take(self, rasa: RasaProcess) -> None:
        self._rasa, self._live, self._status.model = rasa, rasa.model, rasa.model
        self._is_there.set()
        self._in_background(self._watch(rasa))
        say(f"model {rasa.model} answers")

    async def _watch(self, rasa: RasaProcess) -> None:
        """Start a process anew if it ends or hangs while it is the one that answers."""
        await rasa.until_ended(self._http)
        if self._rasa is not rasa:
            return
        say("Rasa ended; it is started again")
        self._rasa, self._status.model = None, None
        self._is_there.clear()
        pause = 1.0
        while self._rasa is None:
            async with self._changing:
                if self._rasa is not None:
                    return
                try:
                    self._take(await self._some_process(rasa.model))
                    if self._live != rasa.model:
                        self._changed.set()  # it may be made anew
                except NotReady as error:
                    say(str(error))
                    self._changed.set()
            await asyncio.sleep(0 if self._rasa else pause)
            pause = min(2 * pause, PAUSE_MOST)


@web.middleware  # type: ignore[untyped-decorator]
async def _only_the_bot(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if refusal := trust.refusal(request.method, request.headers):
        status, reason = refusal
        return web.Response(status=status, text=reason)
    return await handler(request)


def _is_held_against(data: str) -> bool:
    """Whether a model was put back in spite of this training data, by its fingerprint."""
    live = models.live()
    return live is not None and live.held_against == data


async def _ends(rasa: RasaProcess) -> bool:
    """Whether a process that broke off a request has ended or is about to."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rasa.ended.wait(), 1)
    return rasa.ended.is_set()


async def _data(request: web.Request) -> TrainingData:
    """The body of PUT /training-data."""
    try:
        body = await request.json()
        files, override, withdrawn = body["files"], body.get("override"), body.get("withdrawn", [])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise web.HTTPBadRequest(text='send {"files": {name: text}, "override": null or a reason}') from error
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise web.HTTPBadRequest(text="files: the text of each by its name")
    if not all(re.fullmatch(r"[\w-]+\.yml", name) for name in files):
        raise web.HTTPBadRequest(text="a file's name is letters, digits and .yml")
    if override is not None and not (isinstance(override, str) and override.strip()):
        raise web.HTTPBadRequest(text="override: the reason, in words")
    if not isinstance(withdrawn, list) or not all(isinstance(answer, str) for answer in withdrawn):
        raise web.HTTPBadRequest(text="withdrawn: a list of ids")
    return TrainingData(files, override, frozenset(withdrawn))


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
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise SystemExit(f"rasa: nothing can be served at {host}, port {port}: {error.strerror}") from None
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
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
    if not trust.token():
        raise SystemExit(
            f"rasa: set {trust.TOKEN}, a secret that the bot has, too: it is how the bot is known"
        )
    os.chdir(Path(__file__).resolve().parent.parent)
    for directory in (Path("data"), paths.MODELS):
        directory.mkdir(exist_ok=True)
    asyncio.run(serve(arguments.host, arguments.port, is_child=arguments.child))


if __name__ == "__main__":
    main()
