"""GET /api/content: the editors' report, for everybody who reaches the bot."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.content.watcher import ContentWatcher
from bot.desk.report import PATH, report
from bot.domain.clock import Clock
from bot.rasa.sync import ModelSync


def content_route(watcher: ContentWatcher, model_sync: ModelSync, clock: Clock) -> Route:
    """The route; it changes nothing."""

    async def answer(_request: Request) -> Response:
        body = report(watcher, model_sync, clock()).model_dump_json(indent=2)
        return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")

    return Route(PATH, answer)
