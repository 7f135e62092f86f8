"""From a form to the value of an answer and back: each field of the page is a field of bot.content.fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from bot.content.fields import FIELDS, LISTS, Flat, Value, flat, nested
from bot.desk.drafting import Form
from bot.domain.answer import Source
from bot.domain.language import Language

TEXT_MOST = 60_000
"""Characters of a field. A whole file has at most 128 KiB."""

FIELDS_MOST, PART_MOST = 400, 256 * 1024
SOURCES_MOST = 30
SOURCE_FIELDS = tuple(Source.model_fields)

CHOSEN_MOST = 20
CHOSEN = ("related", "supersedes")
"""Lists of other answers, which the form has as numbered choices."""

_SOURCE = re.compile(r"sources\.(\d{1,3})\.(\w+)")


async def read(request: Request, *, max_files: int = 0) -> FormData:
    """What a form sent, bounded. A file counts only where one is wanted."""
    return await request.form(max_files=max_files, max_fields=FIELDS_MOST, max_part_size=PART_MOST)


def text(form: FormData, name: str) -> str:
    """A text field; "" if there is none. Lines end with a line feed, as in files."""
    value = form.get(name)
    return value.replace("\r\n", "\n")[:TEXT_MOST] if isinstance(value, str) else ""


def number(form: FormData, name: str) -> int:
    """A number that the page itself wrote; 0 if it is none."""
    value = text(form, name)
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) else 0


def answer_form(name: str, form: FormData) -> Form:
    """What the edit page sent: of the answer `name`."""
    return Form(
        name=name, tab=text(form, "tab"), base_draft=number(form, "base_draft"),
        base_file=text(form, "base_file"), value=answer_value(form),
    )  # fmt: skip


def answer_value(form: FormData) -> Value:
    """The value of an answer in a form."""
    fields: Flat = {}
    for path in FIELDS:
        if path == "sources":
            fields[path] = _sources(form)
        elif path in LISTS:
            chosen = [text(form, f"{path}.{row}") for row in range(CHOSEN_MOST)] if path in CHOSEN else []
            fields[path] = list(dict.fromkeys(_lines("\n".join([text(form, path), *chosen]))))
        else:
            fields[path] = text(form, path).strip()
    return nested(fields)


def _lines(typed: str) -> list[str]:
    return [line.strip().removeprefix("- ").strip() for line in typed.split("\n") if line.strip(" -")]


def _sources(form: FormData) -> list[dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for name in form:
        found = _SOURCE.fullmatch(name)
        if found and found[2] in SOURCE_FIELDS and int(found[1]) < SOURCES_MOST:
            typed = text(form, name).strip()
            if typed:
                rows.setdefault(int(found[1]), {})[found[2]] = typed
    ordered = [rows[number] for number in sorted(rows)]
    return [{key: row[key] for key in SOURCE_FIELDS if key in row} for row in ordered]


def done(request: Request) -> str | None:
    """What the form on the page before this one has done, as the address says."""
    return next(
        (key for key in ("saved", "submitted", "confirmed", "in_step") if key in request.query_params), None
    )


def title_of(value: Mapping[str, object], language: Language, name: str) -> str:
    """What a page calls an answer: its title in the reader's language, else in the other, else its id."""
    fields = flat(value)
    return str(fields.get(f"{language}.title") or fields.get(f"{language.other}.title") or name)


def shown(value: Mapping[str, object]) -> dict[str, Any]:
    """What the form's fields show of a value: texts, lists a line each, and sources as rows."""
    fields = flat(value)
    texts: dict[str, Any] = dict.fromkeys(FIELDS, "")
    for path, content in fields.items():
        lines = content if isinstance(content, list) else [content]
        texts[path] = "\n".join(map(str, lines)).strip("\n")
    texts["sources"] = fields.get("sources") or []
    return texts
