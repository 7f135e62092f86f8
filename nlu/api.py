"""The HTTP interface of the Rasa side. `nlu/server.py` documents its routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from nlu import authentication, models, paths
from nlu.publisher import Publisher
from nlu.runner import forwarding
from nlu.runner.follower import Follower
from nlu.runner.runner import Runner
from nlu.trainer.taught import Taught
from nlu.trainer.validation import QuestionsError, read_questions, right_by

BODY_MOST = 64 * 2**20
"""Bytes of a request."""


def app(*, follows: bool = False) -> web.Application:
    """The interface of a trainer that runs its model, too; or of a runner that follows one elsewhere."""
    runner = Runner(owns_models=not follows)
    works = Follower(runner) if follows else Publisher(runner)
    routes = forwarding.routes(runner)
    if isinstance(works, Publisher):
        routes += _routes(works, runner)

    async def status(_: web.Request) -> web.Response:
        return web.json_response(works.status())

    async def running(_: web.Application) -> AsyncIterator[None]:
        await runner.open()
        works.start()
        yield
        await works.stop()
        await runner.close()

    made = web.Application(client_max_size=BODY_MOST, middlewares=[_only_the_bot])
    made.add_routes([*routes, web.get("/status", status)])
    made.cleanup_ctx.append(running)
    return made


def _routes(publisher: Publisher, runner: Runner) -> list[web.RouteDef]:
    async def teach(request: web.Request) -> web.Response:
        return web.json_response({"model": publisher.teach(await _taught(request))}, status=202)

    async def kept(_: web.Request) -> web.Response:
        told = [
            {
                "name": model.name,
                "made_at": model.made_at,
                "is_live": model.name == runner.model,
                "override": model.override,
                "accuracy": model.accuracy,
                "right_by": await asyncio.to_thread(_right_by, model) if model.name == runner.model else {},
            }
            for model in models.kept()
        ]
        return web.json_response({"models": told})

    async def put_back(request: web.Request) -> web.Response:
        model = models.find(request.match_info["name"])
        if model is None or not model.live_at:
            raise web.HTTPNotFound(text="no such model is kept")
        publisher.put_back(model)
        return web.json_response({"model": model.name}, status=202)

    return [
        web.put("/training-data", teach),
        web.get("/models", kept),
        web.post("/models/{name}/serve", put_back),
    ]


def _right_by(model: models.Model) -> dict[str, dict[str, tuple[int, int]]]:
    """By topic and style, how many of the questions a model got right; nothing if they cannot be read."""
    try:
        return right_by(model.right, read_questions(paths.MUST_PASS, paths.EVALUATION))
    except QuestionsError:
        return {}


@web.middleware  # type: ignore[untyped-decorator]
async def _only_the_bot(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if refusal := authentication.refusal(request.method, request.headers):
        status, reason = refusal
        return web.Response(status=status, text=reason)
    return await handler(request)


async def _taught(request: web.Request) -> Taught:
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
    return Taught(files, override, frozenset(withdrawn))
