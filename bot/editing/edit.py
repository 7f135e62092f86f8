"""One answer: written, kept, saved, shown beside what somebody else saved, seen as people will see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content.media import NAME, UPLOAD_MOST
from bot.desk import drafting, findability, in_step, pictures, previews, review
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Open, Typed
from bot.desk.editing import EditingDesk
from bot.domain.answer import Facet, Verdict
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.parts import PartPages
from bot.editing.site import Site, back, moment, wants_data
from bot.editing.uploads import read_file
from bot.editing.words import Words, all_words

_AFTERWARDS = {"find": "/findability", "preview": "/preview", "confirm": "?confirmed"}
"""The page that comes after a save, by the button that was pressed."""

_SETTLE = re.compile(r"settle-([0-9]{1,9})", re.ASCII)

FACETS = tuple(facet for facet in Facet if facet is not Facet.SOURCE)


class Edit:
    """The page of one answer."""

    def __init__(self, site: Site, desk: EditingDesk, files: Mapping[str, PartPages]) -> None:
        """`files`: what goes out the same way as answers, and has pages of its own, by name."""
        self._site = site
        self._desk = desk
        self._files = files

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        post = ["POST"]
        return [
            Route("/answers/{name}", mine(self._page), methods=["GET"]),
            Route("/answers/{name}", mine(self._save), methods=post),
            Route("/answers/{name}/autosave", mine(self._autosave), methods=post),
            Route("/answers/{name}/presence", mine(self._presence), methods=post),
            Route("/answers/{name}/typed", mine(self._forget_typed), methods=post),
            Route("/answers/{name}/discard", mine(self._discard), methods=post),
            Route("/answers/{name}/preview", mine(self._preview), methods=["GET", "POST"]),
            Route("/answers/{name}/findability", mine(self._findability), methods=["GET", "POST"]),
            Route("/answers/{name}/move-question", mine(self._move_question), methods=post),
            Route("/answers/{name}/picture", mine(self._keep_picture), methods=post),
            Route("/answers/{name}/remarks", mine(self._remark), methods=post),
            Route("/answers/{name}/remarks/{remark:int}", mine(self._settle), methods=post),
        ]

    async def _page(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        restored = _left(opened, request.query_params.get("typed", ""))
        value = restored.value if restored else opened.value
        bases = restored or opened
        return self._draw(
            request, account, name, opened=opened, value=value, restored=restored,
            base_draft=bases.base_draft, base_file=bases.base_file,
            behind=await in_step.behind_in(self._desk, name) if opened.may_write else None,
        )  # fmt: skip

    def _draw(
        self, request: Request, account: Account, name: str, *, status: int = 200, **values: object
    ) -> Response:
        value = values["value"]
        assert isinstance(value, dict)  # noqa: S101  (ours)
        offices = self._desk.library().offices
        language = self._site.language_of(request, account)
        words = Words(language)
        fields = forms.shown(value)
        review_by = fields["review_by"]
        is_due = fields["status"] == "published" and "" < review_by < self._desk.today.isoformat()
        filled = [facet for facet in FACETS if any(fields[f"{one}.facets.{facet}"] for one in Language)]
        return self._site.draw(
            request, "edit.html", account, status=status, name=name, facets=FACETS, filled=filled,
            title=forms.title_of(value, language, name), titles=titles(self._desk, language, name),
            verdicts=[(verdict, words(f"verdict_{verdict}")) for verdict in Verdict],
            languages=list(Language), fields=fields, source_fields=forms.SOURCE_FIELDS,
            is_due=is_due, is_claim=name.startswith("clarification."),
            script_words=_script_words(words), kept_picture=_file_in(request),
            offices={key: office[language].name for key, office in offices.items()}, done=forms.done(request),
            **{"problems": (), "behind": None, **values},
        )  # fmt: skip

    async def _save(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        typed, then = forms.answer_form(name, form), forms.text(form, "then")
        if then == "confirm":
            typed = replace(typed, value=review.facts_confirmed(typed.value, self._desk.today))
        saved = await drafting.save(self._desk, account, typed)
        if isinstance(saved, Conflict):
            return self.conflict(request, account, saved, forms.text(form, "tab"))
        if then == "submit":
            return await self.submit(request, account, name, saved.base_draft, forms.text(form, "note"))
        if settled := _SETTLE.fullmatch(then):
            await drafting.settle_remark(self._desk, account, name, int(settled[1]))
        return back(request, f"/answers/{name}{_AFTERWARDS.get(then, '?saved')}")

    async def submit(
        self, request: Request, account: Account, name: str, base_draft: int, note: str
    ) -> Response:
        """Hand a draft to somebody else to look at; what is missing is said beside its field."""
        if name in self._files:
            return await self._files[name].submit(request, account, base_draft, note)
        opened = await drafting.open_(self._desk, account, name)
        problems = await review.problems(self._desk, account, name, opened.value)
        if any(problem.is_error for problem in problems):
            return self._draw(
                request, account, name, status=422, opened=opened, value=opened.value, restored=None,
                base_draft=opened.base_draft, base_file=opened.base_file, problems=problems,
            )  # fmt: skip
        submitted = await review.submit(self._desk, account, name, base_draft, note)
        if isinstance(submitted, Conflict):
            return self.conflict(request, account, submitted)
        return back(request, f"/answers/{name}?submitted")

    def label(self, request: Request, account: Account, name: str) -> Callable[[str], str]:
        """What the fields of a file are called."""
        words = Words(self._site.language_of(request, account))
        return partial(self._files[name].label, words) if name in self._files else words.field

    def conflict(self, request: Request, account: Account, conflict: Conflict, tab: str = "") -> Response:
        """Both versions, field by field, to be merged; nothing was overwritten and nothing is lost.

        `tab`: the one whose text this is; what it kept is let go of when the merged version is saved.
        """
        if conflict.name in self._files:
            return self._files[conflict.name].conflict(request, account, conflict)
        if wants_data(request):
            return JSONResponse({"error": "conflict"}, 409)
        return self._site.draw(
            request, "conflict.html", account, status=409, conflict=conflict, name=conflict.name, tab=tab,
            fields=forms.shown(conflict.merged), yours=forms.shown(conflict.yours),
            theirs=forms.shown(conflict.theirs),
            differing={difference.path for difference in conflict.differences},
            source_fields=forms.SOURCE_FIELDS,
        )  # fmt: skip

    async def _autosave(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        kept = await drafting.keep_typed(
            self._desk, account, forms.answer_form(request.path_params["name"], form)
        )
        return JSONResponse({"kept": moment(kept)})

    async def _presence(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        if forms.text(form, "is_leaving"):
            await drafting.leave(self._desk, account, name, forms.text(form, "tab"))
            return Response(status_code=204)
        here = await drafting.be_here(
            self._desk,
            account,
            name,
            forms.text(form, "tab"),
            is_unsaved=bool(forms.text(form, "is_unsaved")),
        )  # fmt: skip
        now = await drafting.open_(self._desk, account, name)
        began = (forms.number(form, "base_draft"), forms.text(form, "base_file"))
        words = Words(self._site.language_of(request, account))
        others = [words(_here_key(one.is_you, one.is_unsaved), name=one.name) for one in here]
        return JSONResponse({"others": others, "has_moved": (now.base_draft, now.base_file) != began})

    async def _forget_typed(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        await drafting.forget_typed(self._desk, account, name, forms.text(form, "tab"))
        return back(request, f"/answers/{name}")

    async def _discard(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        if forms.text(form, "sure") != "yes":
            return back(request, f"/answers/{name}")
        conflict = await drafting.discard(self._desk, account, name, forms.number(form, "base_draft"))
        return self.conflict(request, account, conflict) if conflict else back(request, "/answers")

    async def _preview(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)  # the right to see it is asked here
        value = forms.answer_value(await forms.read(request)) if request.method == "POST" else opened.value
        drawn = await previews.preview(self._desk, account, name, value)
        template = "preview_page.html" if request.method == "GET" else "preview.html"
        title = forms.title_of(value, self._site.language_of(request, account), name)
        return self._site.draw(request, template, account, previews=drawn, name=name, title=title)

    async def _findability(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        value = forms.answer_value(await forms.read(request)) if request.method == "POST" else opened.value
        found = await findability.ask(self._desk, account, name, value)
        problems = await review.problems(self._desk, account, name, value)
        template = "findability_page.html" if request.method == "GET" else "findability.html"
        title = forms.title_of(value, self._site.language_of(request, account), name)
        return self._site.draw(
            request,
            template,
            account,
            found=found,
            problems=problems,
            name=name,
            title=title,
            is_part=request.method == "POST",
        )

    async def _move_question(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        name, question = request.path_params["name"], forms.text(form, "question")
        language, to = forms.text(form, "language"), forms.text(form, "to")
        if language not in set(Language) or to == name:
            return self._site.refuse(request, account, "not_found", 404)
        moved = await findability.move_question(self._desk, account, to, Language(language), question)
        if not isinstance(moved, Conflict) and not wants_data(request):  # a script's form takes it out itself
            moved = await findability.take_out_question(
                self._desk, account, name, Language(language), question
            )
        if isinstance(moved, Conflict):
            return self.conflict(request, account, moved)
        return back(request, f"/answers/{name}/findability")

    async def _keep_picture(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        data = await read_file(request, "picture", UPLOAD_MOST)
        file = await pictures.keep_picture(self._desk, account, name, data)
        return back(request, f"/answers/{name}?picture={file}#picture")

    async def _remark(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        await drafting.remark(self._desk, account, name, forms.text(form, "field"), forms.text(form, "text"))
        return back(request, f"/answers/{name}#remarks")

    async def _settle(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        await drafting.settle_remark(self._desk, account, name, request.path_params["remark"])
        return back(request, f"/answers/{name}#remarks")


def _file_in(request: Request) -> str | None:
    """The picture that was kept just now, as the address says."""
    file = request.query_params.get("picture", "")
    return file if NAME.fullmatch(file) else None


def titles(desk: EditingDesk, language: Language, name: str) -> list[tuple[str, str, str]]:
    """The answers that are served, but for this one: id, title and topic of each, by title."""
    answers = desk.library().answers.values()
    listed = [(one.id, one[language].title, one.id.partition(".")[0]) for one in answers if one.id != name]
    return sorted(listed, key=lambda one: one[1].casefold())


def _left(opened: Open, tab: str) -> Typed | None:
    """What was typed and not saved, to go on with: in the tab that is named, else the newest if nobody has
    saved since it was begun."""
    left = [typed for typed in opened.typed if typed.changed]
    if tab:
        return next((typed for typed in left if typed.tab == tab), None)
    now = (opened.base_draft, opened.base_file)
    fitting = [typed for typed in left if (typed.base_draft, typed.base_file) == now]
    return max(fitting, key=lambda typed: typed.saved_at, default=None)


def _here_key(is_you: bool, is_unsaved: bool) -> str:
    who = "here_you" if is_you else "here_other"
    return f"{who}_unsaved" if is_unsaved else who


def _script_words(words: Words) -> dict[str, str]:
    """What the script says."""
    keys = [key for key in all_words() if key.startswith("script_")]
    return {key.removeprefix("script_"): words(key) for key in keys}
