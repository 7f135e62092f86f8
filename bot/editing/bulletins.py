"""Bulletins: a list, and a form for each; they go out as the offices and the sentences do."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.content.bulletins import ANSWERS_MOST, ID_LIMIT, TEXT_LIMIT
from bot.content.fields import Value, cleaned, flat, nested
from bot.content.schema import TITLE_LIMIT
from bot.desk import drafting
from bot.desk.accounts import Account
from bot.desk.editing import BULLETINS, EditingDesk, NotFound, Right, check_may
from bot.desk.problems import unfinished
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.parts import PartPages, Texts
from bot.editing.site import Site
from bot.editing.words import Words

HOME = "/bulletins"

FIELDS = (
    "status",
    "date",
    "every",
    "answers",
    *(f"{side}.{name}" for side in Language for name in ("title", "text")),
)
"""The fields of a bulletin, as its form has them; answers: ids, one on a line."""

_ID = re.compile(rf"(?=.{{1,{ID_LIMIT}}}$)[a-z0-9]+(?:-[a-z0-9]+)*")


class BulletinsFile:
    """content/bulletins.yml as a file of parts."""

    name = BULLETINS
    home = HOME

    def texts(self, value: Value) -> Texts:
        """Every field of every bulletin."""
        return {f"{key}.{path}": text for key in value for path, text in _form(value, key).items() if text}

    def with_texts(self, value: Value, texts: Mapping[str, str]) -> Value:
        """Fields of bulletins; all else is left out."""
        for key in dict.fromkeys(path.partition(".")[0] for path in texts):
            typed = {
                path.partition(".")[2]: text for path, text in texts.items() if path.startswith(f"{key}.")
            }
            if _ID.fullmatch(key):
                value = with_bulletin(value, key, typed)
        return value

    def label(self, words: Words, path: str) -> str:
        """The bulletin's id and what the field is called."""
        key, _, field = path.partition(".")
        side, _, name = field.partition(".")
        if side in set(Language):
            return f"{key}: {words(f'bulletin_{name}')} ({words(f'language_{side}')})" if name else key
        field = field.partition(".")[0]
        return f"{key}: {words(f'bulletin_{field}')}" if words.has(f"bulletin_{field}") else key


class Bulletins:
    """The pages of bulletins."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk
        self.parts = PartPages(site, desk, BulletinsFile())

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        return [
            Route(HOME, mine(self._list), methods=["GET"]),
            *self.parts.routes(),
            Route(f"{HOME}/{{key}}", mine(self._bulletin), methods=["GET"]),
            Route(f"{HOME}/{{key}}", mine(self._save), methods=["POST"]),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        opened = await drafting.open_(self._desk, account, BULLETINS)
        language, live = self._site.language_of(request, account), opened.live or {}
        rows = [
            (key, forms.title_of(entry, language, key), _form(opened.value, key), entry != live.get(key))
            for key, entry in opened.value.items()
            if isinstance(entry, dict)
        ]
        rows.sort(key=lambda row: row[2]["date"], reverse=True)
        return self._site.draw(
            request, "bulletins.html", account, opened=opened, rows=rows, done=forms.done(request),
            new=f"{self._desk.today:%G-week-%V}",
        )  # fmt: skip

    async def _bulletin(self, request: Request, account: Account) -> Response:
        return await self._draw(request, account, None)

    async def _draw(self, request: Request, account: Account, typed: dict[str, str] | None) -> Response:
        """A bulletin's form; of an id that there is not, a new one."""
        key = _key(request)
        opened = await drafting.open_(self._desk, account, BULLETINS)
        fields = typed or _form(opened.value, key)
        if key not in opened.value and typed is None:
            fields |= {"status": "draft", "date": self._desk.today.isoformat(), "every": "by hand"}
        problems = _problems(opened.value, key)
        library, language = self._desk.library(), self._site.language_of(request, account)
        answers = [
            (answer.id, answer[language].title)
            for answer in library.answers.values()
            if library.published(answer.id) is answer
        ]
        return self._site.draw(
            request, "bulletin.html", account, opened=opened, key=key, fields=fields, problems=problems,
            languages=list(Language), answers=answers, most=ANSWERS_MOST, title_most=TITLE_LIMIT,
            text_most=TEXT_LIMIT, label=BulletinsFile().label,
        )  # fmt: skip

    async def _save(self, request: Request, account: Account) -> Response:
        key = _key(request)
        form = await forms.read(request)
        check_may(account, Right.WRITE, BULLETINS)
        typed = {path: forms.text(form, path).strip() for path in FIELDS if path in form}
        return await self.parts.save(
            request, account, form, lambda value: with_bulletin(value, key, typed), f"{HOME}?saved#{key}"
        )


def with_bulletin(value: Mapping[str, object], key: str, form: Mapping[str, str]) -> Value:
    """A value of `bulletins` with what a form says of one of them; its answers are ids, in any order of lines
    and commas."""
    fields: dict[str, object] = {**_form(value, key), **{path: form[path] for path in FIELDS if path in form}}
    fields["answers"] = list(dict.fromkeys(re.split(r"[\s,;]+", str(fields["answers"]).strip())))
    made = nested({path: cleaned(content) for path, content in fields.items() if content not in ("", [""])})
    return {**value, key: made}


def _form(value: Mapping[str, object], key: str) -> dict[str, str]:
    entry = value.get(key)
    fields = flat(entry) if isinstance(entry, dict) else {}
    return {
        path: "\n".join(map(str, content)) if isinstance(content, list) else str(content or "")
        for path in FIELDS
        for content in [fields.get(path)]
    }


def _problems(value: Value, key: str) -> list[tuple[str, str, dict[str, str]]]:
    """What is still wrong with a bulletin that was saved: the field, and the phrase with its values."""
    if key not in value:
        return []
    found = unfinished(BULLETINS, {key: value[key]})
    return [(problem.field, problem.key, dict(problem.values)) for problem in found]


def _key(request: Request) -> str:
    key: str = request.path_params["key"]
    if not _ID.fullmatch(key):
        raise NotFound
    return key
