"""The part of the HTTP interface that a runner answers: what is asked of Rasa is forwarded to its process."""

from __future__ import annotations

import asyncio
import re

import aiohttp
from aiohttp import web

from nlu.authentication import authorization
from nlu.runner.rasa_process import RasaProcess
from nlu.runner.runner import Runner

MODEL_HEADER = "Rasa-Model"
"""Of each answer: the name of the model that gave it."""


def routes(runner: Runner) -> list[web.RouteDef]:
    """Messages, conversations to forget, and texts to parse."""

    async def message(request: web.Request) -> web.Response:
        return await _forward(runner, "POST", "/webhooks/rest/webhook", await request.read())

    async def parse(request: web.Request) -> web.Response:
        return await _forward(runner, "POST", "/webhooks/rest/parse", await request.read())

    async def forget(request: web.Request) -> web.Response:
        conversation = request.match_info["conversation"]
        if not re.fullmatch(r"[\w.:-]{1,255}", conversation):
            raise web.HTTPNotFound
        return await _forward(runner, "DELETE", f"/webhooks/rest/conversations/{conversation}", b"")

    return [
        web.post("/webhooks/rest/webhook", message),
        web.delete("/conversations/{conversation}", forget),
        web.post("/parse", parse),
    ]


async def _forward(runner: Runner, method: str, path: str, body: bytes) -> web.Response:
    """Rasa's answer; asked once more if the process that had the request in hand ended."""
    rasa = await _process(runner)
    try:
        return await _ask(runner.http, rasa, method, path, body)
    except aiohttp.ClientError as error:
        if not await rasa.is_ending():
            raise web.HTTPBadGateway(text=type(error).__name__) from error
    try:
        return await _ask(runner.http, await _process(runner), method, path, body)
    except aiohttp.ClientError as error:
        raise web.HTTPBadGateway(text=type(error).__name__) from error


async def _process(runner: Runner) -> RasaProcess:
    if rasa := await runner.process():
        return rasa
    raise web.HTTPServiceUnavailable(text="no model yet")


async def _ask(
    http: aiohttp.ClientSession, rasa: RasaProcess, method: str, path: str, body: bytes
) -> web.Response:
    headers = {"Content-Type": "application/json", **authorization()}
    try:
        with rasa.in_flight():
            async with http.request(method, rasa.address + path, data=body, headers=headers) as answer:
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
