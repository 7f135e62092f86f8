"""What is drawn once for a version of content/ and then given out as bytes, plain and compressed.

A browser or a proxy may keep it, and asks before each use whether it still holds: so a withdrawal is live at
once.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from bot.content.library import Library
from bot.domain.clock import Clock, local_day

_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?P<weight>[0-9.]+)\s*)?(?:,|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an address shows. changed: when that was last another, where it is known."""

    text: str
    media_type: str = "text/html"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    status: int
    headers: dict[str, str]
    plain: bytes
    compressed: bytes
    changed: datetime.datetime | None


Draw = Callable[[Library, datetime.date], Drawn]
"""Draws from a version of content/, on a day."""


class Snapshots:
    """Keeps what was drawn of the version that is served, and nothing of an older one."""

    def __init__(self, library: Callable[[], Library], clock: Clock) -> None:
        self._library = library
        self._clock = clock
        self._of: tuple[Library, datetime.date] | None = None
        self._kept: dict[Hashable, _Kept] = {}

    def response(self, request: Request, key: Hashable, draw: Draw) -> Response:
        """What stands under a key, drawn if it is not there yet; 304 for whoever has it.

        key: one of a bounded number, and the same for all that is drawn alike.
        """
        library = self._library()
        today = local_day(self._clock())
        if self._of is None or self._of[0] is not library or self._of[1] != today:
            self._of, self._kept = (library, today), {}
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _keep(draw(library, today))
        return _response(request, kept)


def _keep(drawn: Drawn) -> _Kept:
    plain = drawn.text.encode("utf-8")
    headers = {
        "Cache-Control": "no-cache",  # kept, and asked for each time
        "Content-Type": f"{drawn.media_type}; charset=utf-8",
        "ETag": f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"',  # weak: of both encodings
        "Vary": "Accept-Encoding",
        **drawn.headers,
    }
    if drawn.changed:
        headers["Last-Modified"] = format_datetime(drawn.changed.astimezone(datetime.UTC), usegmt=True)
    return _Kept(drawn.status, headers, plain, gzip.compress(plain, 6, mtime=0), drawn.changed)


def _response(request: Request, kept: _Kept) -> Response:
    if kept.status == 200 and _has_it(request, kept):
        headers = {name: value for name, value in kept.headers.items() if name != "Content-Type"}
        return Response(status_code=304, headers=headers)
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(kept.compressed, kept.status, {**kept.headers, "Content-Encoding": "gzip"})
    return Response(kept.plain, kept.status, kept.headers)


def _has_it(request: Request, kept: _Kept) -> bool:
    """Whether the client says that it has this (RFC 9110, 13.2.2: the tag counts before the time)."""
    if tags := request.headers.get("if-none-match"):
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(known & {"*", kept.headers["ETag"].removeprefix("W/")})
    since = request.headers.get("if-modified-since")
    if not since or not kept.changed:
        return False
    try:
        return kept.changed <= parsedate_to_datetime(since)
    except (TypeError, ValueError):  # no date, or one without a zone
        return False


def _takes_gzip(accepted: str) -> bool:
    found = _GZIP.search(accepted)
    return found is not None and (found["weight"] is None or found["weight"].strip("0.") != "")
