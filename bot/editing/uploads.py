"""A file that somebody sends up: read whole, within bounds."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from bot.desk.editing import Refused
from bot.editing import forms

AROUND_MOST = 16 * 1024
"""Bytes of a form beside its file: boundaries, headers, hidden fields."""


async def read_file(request: Request, field: str, most: int) -> bytes:
    """The file that a form brings, as it was sent.

    Args:
        request: a form with one file.
        field: the file's name in the form.
        most: bytes that the file may have.

    Raises:
        Refused: there is none, or it is too large.
    """
    body = await _body(request, most + AROUND_MOST)

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    form = await forms.read(Request(request.scope, again), max_files=1)
    sent = form.get(field)
    data = await sent.read() if isinstance(sent, UploadFile) else b""
    await form.close()
    if not data:
        raise Refused("sheet_missing", "Choose the file first.")
    if len(data) > most:
        raise _too_large(most)
    return data


async def _body(request: Request, most: int) -> bytes:
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> Refused:
    return Refused("sheet_large", f"At most {most // 1024} KB are read.", limit=str(most // 1024))
