"""Files of content/ that are edited part by part: the offices, and the bot's own sentences.

Each is one draft, with one way to review and publishing; a page has a part of it only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content.fields import Value
from bot.desk import drafting, review
from bot.desk.accounts import Account
from bot.desk.comparing import Comparison, FieldComparison
from bot.desk.drafting import Conflict, Form, Saved
from bot.desk.editing import EditingDesk, Problem
from bot.editing import forms
from bot.editing.site import Site, back, wants_data
from bot.editing.words import Words

SAVED_AT_MOST = 5
"""Times that a part is put over what others save at the same moment, before the page shows both."""

_OF_ANSWERS_ONLY = ("", "/autosave", "/preview", "/findability", "/withdraw", "/move-question")

Texts = dict[str, str]
"""By the path of a field: what a form shows of it."""


class File(Protocol):
    """A file that is edited part by part."""

    name: str
    """As the desk calls it."""

    home: str
    """The page that lists its parts."""

    def texts(self, value: Value) -> Texts:
        """What forms show of a value."""

    def with_texts(self, value: Value, texts: Mapping[str, str]) -> Value:
        """A value with other texts; whatever is no field of it is left out."""

    def label(self, words: Words, path: str) -> str:
        """What a field is called, and of which part it is."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A field in which two versions differ, as the conflict page shows it."""

    path: str
    label: str
    yours: str
    theirs: str
    merged: str
    changed_by: str


class PartPages:
    """What the pages of such a file have in common: saving, the conflict page, submitting."""

    def __init__(self, site: Site, desk: EditingDesk, file: File) -> None:
        self._site = site
        self._desk = desk
        self._file = file

    def routes(self) -> list[BaseRoute]:
        """Their addresses. They come before those of answers, whose names they would be else."""
        mine = self._site.for_editors
        name, home = self._file.name, self._file.home
        return [
            *(
                Route(f"/answers/{name}{end}", mine(self._home), methods=["GET", "POST"])
                for end in _OF_ANSWERS_ONLY
            ),
            Route(f"{home}/merge", mine(self._merge), methods=["POST"]),
            Route(f"{home}/submit", mine(self._submit), methods=["POST"]),
            Route(f"{home}/discard", mine(self._discard), methods=["POST"]),
        ]

    async def save(
        self, request: Request, account: Account, form: FormData, change: Callable[[Value], Value], then: str
    ) -> Response:
        """Save what a form changes, over whatever others saved of other parts meanwhile."""
        base = forms.number(form, "base_draft"), forms.text(form, "base_file")
        saved = await self._put(account, forms.text(form, "tab"), base, change)
        for _ in range(SAVED_AT_MOST):
            if not isinstance(saved, Conflict):
                return back(request, then)
            if any(difference.changed_by != "you" for difference in saved.differences):
                break
            base = saved.base_draft, saved.base_file
            saved = await self._put(account, forms.text(form, "tab"), base, change)
        return self.conflict(request, account, saved) if isinstance(saved, Conflict) else back(request, then)

    async def _put(
        self, account: Account, tab: str, base: tuple[int, str], change: Callable[[Value], Value]
    ) -> Saved | Conflict:
        opened = await drafting.open_(self._desk, account, self._file.name)
        form = Form(self._file.name, tab, *base, change(opened.value))
        return await drafting.save(self._desk, account, form)

    def conflict(self, request: Request, account: Account, conflict: Conflict) -> Response:
        """Both versions, field by field, to be merged; nothing was overwritten and nothing is lost."""
        if wants_data(request):
            return JSONResponse({"error": "conflict"}, 409)
        texts, words = self._file.texts, Words(self._site.language_of(request, account))
        yours, theirs, merged = texts(conflict.yours), texts(conflict.theirs), texts(conflict.merged)
        by = {difference.path: difference.changed_by for difference in conflict.differences}
        paths = [path for path in {**yours, **theirs} if yours.get(path, "") != theirs.get(path, "")]
        differing = [
            Differing(
                path, self._file.label(words, path), yours.get(path, ""), theirs.get(path, ""),
                merged.get(path, ""), by.get(path) or by.get(path.rpartition(".")[0], "both"),
            )
            for path in paths
        ]  # fmt: skip
        return self._site.draw(
            request, "parts_conflict.html", account, status=409, conflict=conflict, differing=differing,
            home=self._file.home,
        )  # fmt: skip

    def labelled(
        self, request: Request, account: Account, compared: Comparison
    ) -> list[tuple[str, FieldComparison]]:
        """What differs between two versions, each field with what it is called."""
        words = Words(self._site.language_of(request, account))
        return [(self.label(words, field.path), field) for field in compared.fields]

    def label(self, words: Words, path: str) -> str:
        """What a field is called, and of which part it is."""
        return self._file.label(words, path)

    async def submit(self, request: Request, account: Account, base_draft: int, note: str) -> Response:
        """Hand the draft to somebody else to look at, unless something is to be mended first."""
        opened = await drafting.open_(self._desk, account, self._file.name)
        problems = await review.problems(self._desk, account, self._file.name, opened.value)
        errors = [problem for problem in problems if problem.is_error]
        if errors:
            return self._unfinished(request, account, errors)
        submitted = await review.submit(self._desk, account, self._file.name, base_draft, note)
        if isinstance(submitted, Conflict):
            return self.conflict(request, account, submitted)
        return back(request, f"{self._file.home}?submitted")

    async def _submit(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        return await self.submit(request, account, forms.number(form, "base_draft"), forms.text(form, "note"))

    async def _discard(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        if forms.text(form, "sure") == "yes":
            conflict = await drafting.discard(
                self._desk, account, self._file.name, forms.number(form, "base_draft")
            )
            if conflict:
                return self.conflict(request, account, conflict)
        return back(request, self._file.home)

    def _unfinished(self, request: Request, account: Account, errors: list[Problem]) -> Response:
        words = Words(self._site.language_of(request, account))
        listed = [
            (self._file.label(words, one.field) if one.field else "", words(one.key, **dict(one.values)))
            for one in errors
        ]
        return self._site.draw(
            request, "parts_unfinished.html", account, status=422, listed=listed, home=self._file.home
        )

    async def _home(self, _request: Request, _account: Account) -> Response:
        return RedirectResponse(self._file.home, 303)

    async def _merge(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        typed = {
            name.removeprefix("field."): forms.text(form, name).strip()
            for name in form
            if name.startswith("field.")
        }
        return await self.save(
            request, account, form, lambda value: self._file.with_texts(value, typed),
            f"{self._file.home}?saved",
        )  # fmt: skip
