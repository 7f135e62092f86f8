"""The chat in a frame of another site, such as the city's portal.

GET /embed is the page, which only the sites of EMBED_ORIGINS may frame; it keeps nothing in the browser.
GET /embed.js makes a link on such a site open that frame. Without script, or if anything fails, the link
stays what it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.page import page_response
from bot.content.library import Library
from bot.domain.language import Language
from bot.http_server import SECURITY_HEADERS

LOADER = Path(__file__).parent / "embed.js"

_WORDS = "/* words */"


def embed_routes(library: Callable[[], Library], origins: Sequence[str]) -> list[BaseRoute]:
    """The page for frames and its loader; nothing if no other site may frame it."""
    if not origins:
        return []
    policy = SECURITY_HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
    )
    lines = (line.strip() for line in LOADER.read_text(encoding="utf-8").splitlines())
    script = "\n".join(line for line in lines if line and not line.startswith("//"))

    async def page(request: Request) -> Response:
        response = page_response(request, library(), None, origins)
        response.headers["Content-Security-Policy"] = policy
        return response

    async def loader(_request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(script.replace(_WORDS, _words(library())), 200, headers, "text/javascript")

    return [Route("/embed", page), Route("/embed.js", loader)]


def _words(library: Library) -> str:
    messages = library.messages
    words = {
        language.value: [messages.page.title[language], messages.sharing.close[language]]
        for language in Language
    }
    return json.dumps(words, ensure_ascii=True)
