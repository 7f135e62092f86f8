"""Pictures: those that are shared, drawn once and kept, and those that stand beside answers."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content.library import Library
from bot.content.media import TYPES, MediaError, checked_media
from bot.content.paths import share_path
from bot.content.schema import Answer
from bot.domain.language import Language
from bot.site.images import draw

log = structlog.get_logger(__name__)

KEPT = 400
"""Drawn images that are kept; each takes some 50 kB."""

_SHARE = re.compile(r"/share/(vi|en)/([a-z]+)/([a-z0-9-]{1,100})/([0-9a-f]{12})\.png")
_MEDIA = re.compile(r"/media/([a-z0-9.-]{1,100})")


class Pictures:
    """Every picture that the bot shows, by its path."""

    def __init__(self, library: Callable[[], Library], content: Path, public_url: str) -> None:
        """`content`: the editors' directory; `public_url`: written on what is drawn, if it is set."""
        self._library = library
        self._content = content
        self._host = urlsplit(public_url).netloc
        self._drawn: OrderedDict[str, bytes] = OrderedDict()
        self._drawing = asyncio.Lock()

    def routes(self) -> list[BaseRoute]:
        """Where they are served."""
        return [
            Route("/share/{language}/{topic}/{name}/{revision}.png", self._share),
            Route("/media/{name}", self._media),
        ]

    async def at(self, path: str) -> bytes | None:
        """The bytes of the picture at a path; None if there is none, or none any longer."""
        if found := _SHARE.fullmatch(path):
            language, topic, name, _ = found.groups()
            answer = shown(self._library(), f"{topic}.{name}")
            return await self._image(answer, Language(language)) if answer else None
        if found := _MEDIA.fullmatch(path):
            return await self._file(found[1])
        return None

    async def _image(self, answer: Answer, language: Language) -> bytes:
        """An answer's share image. One is drawn at a time, beside the event loop."""
        library = self._library()
        path = share_path(answer, language, library)
        async with self._drawing:
            if path not in self._drawn:
                self._drawn[path] = await asyncio.to_thread(draw, answer, language, library, self._host)
            self._drawn.move_to_end(path)
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
            return self._drawn[path]

    async def _file(self, name: str) -> bytes | None:
        """A file of content/media/, if an answer that is shown has it."""
        library = self._library()
        named = (
            a for a in library.answers.values() if a.media and name in {a.media.file.vi, a.media.file.en}
        )
        if not any(shown(library, answer.id) is answer for answer in named):
            return None
        try:
            return await asyncio.to_thread(checked_media, self._content, name)
        except MediaError as error:
            log.warning("picture_not_shown", file=name, reason=str(error))
            return None

    async def _share(self, request: Request) -> Response:
        found = _SHARE.fullmatch(request.url.path)
        answer = shown(self._library(), f"{found[2]}.{found[3]}") if found else None
        if found is None or answer is None:
            return _absent()
        now = share_path(answer, Language(found[1]), self._library())
        if request.url.path != now:  # of an older revision, or of an answer that this one supersedes
            return RedirectResponse(now, 302, {"Cache-Control": "no-cache"})
        return _image(request, await self._image(answer, Language(found[1])), "image/png")

    async def _media(self, request: Request) -> Response:
        found = _MEDIA.fullmatch(request.url.path)
        data = await self._file(found[1]) if found else None
        if found is None or data is None:
            return _absent()
        return _image(request, data, TYPES[found[1].rpartition(".")[2]])


def shown(library: Library, answer_id: str) -> Answer | None:
    """The answer whose pictures are shown for an id: the one that is served for it, or was withdrawn without
    having been an error."""
    withdrawn = library.withdrawn(answer_id)
    return library.published(answer_id) or (withdrawn if withdrawn and not withdrawn.is_in_error else None)


def _absent() -> Response:
    return PlainTextResponse("There is no such picture.\n", 404, {"Cache-Control": "no-cache"})


def _image(request: Request, data: bytes, media_type: str) -> Response:
    """A picture, which is asked for again before each use: what is taken back is gone at once."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    headers = {
        "Cache-Control": "no-cache",
        "ETag": etag,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    known = request.headers.get("if-none-match", "")
    if etag in known or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)
