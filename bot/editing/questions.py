"""Real questions: what people asked and found no answer to, and the staff's replies."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.desk import asked
from bot.desk.accounts import Account
from bot.desk.asked import AskedGroup, AskedQuestion, Show
from bot.desk.drafting import Conflict
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused, Right, may
from bot.desk.previews import Previews
from bot.domain.answer import TOPICS
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.edit import Edit, titles
from bot.editing.site import Site, back

ROWS = 20
"""Groups on a page."""

DONE = ("added", "aside", "assigned", "reopened", "replied")
"""What the page of the list may be told to have happened."""


class Questions:
    """The pages of questions."""

    def __init__(self, site: Site, desk: EditingDesk, edit: Edit) -> None:
        self._site = site
        self._desk = desk
        self._edit = edit

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, post = self._site.for_editors, ["POST"]
        one = "/questions/{question:int}"
        return [
            Route("/questions", mine(self._list)),
            Route(one, mine(self._group)),
            Route(f"{one}/add", mine(self._add), methods=post),
            Route(f"{one}/new", mine(self._new), methods=post),
            Route(f"{one}/aside", mine(self._set_aside), methods=post),
            Route(f"{one}/reopen", mine(self._reopen), methods=post),
            Route(f"{one}/office", mine(self._assign), methods=post),
            Route(f"{one}/reply", mine(self._reply), methods=["GET", "POST"]),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        query = request.query_params
        show = Show(query["show"]) if query.get("show") in set(Show) else Show.OPEN
        office = query.get("office") or None
        groups = await asked.groups(self._desk, account, show, office)
        number, pages = query.get("page", "1"), max(1, -(-len(groups or ()) // ROWS))
        page = min(max(1, int(number)), pages) if number.isascii() and number.isdigit() else 1
        return self._site.draw(
            request, "questions.html", account, groups=groups, show=show, shows=list(Show), office=office,
            rows=(groups or [])[(page - 1) * ROWS : page * ROWS], page=page, pages=pages,
            number=sum(len(group.questions) for group in groups or ()),
            offices=self._offices(request, account), titles=self._titles(request, account),
            done=next((key for key in DONE if key in query), None),
        )  # fmt: skip

    async def _group(self, request: Request, account: Account) -> Response:
        group = await asked.group_of(self._desk, account, request.path_params["question"])
        return await self._draw(request, account, group)

    async def _draw(
        self, request: Request, account: Account, group: AskedGroup, problem: Refused | None = None,
        form: FormData | None = None,
    ) -> Response:  # fmt: skip
        language = self._site.language_of(request, account)
        first = group.first
        typed = {key: forms.text(form, key) if form else "" for key in ("topic", "office", "vi", "en")}
        if form is None:
            typed |= {first.language: asked.title_of(first.text)}
            typed |= {"topic": (first.nearest or "city").partition(".")[0], "office": first.office}
        return self._site.draw(
            request, "question.html", account, status=422 if problem else 200, group=group, first=first,
            suggestions=await asked.suggestions(self._desk, account, group), problem=problem, typed=typed,
            all_titles=titles(self._desk, language, ""), titles=self._titles(request, account),
            offices=self._offices(request, account), topics=TOPICS,
            may_write=may(account, Right.WRITE, {one.office for one in group.questions}),
            own_offices={
                key: name
                for key, name in self._offices(request, account).items()
                if account.may_change(key)
            },
            done=next((key for key in DONE if key in request.query_params), None),
        )  # fmt: skip

    async def _add(self, request: Request, account: Account) -> Response:
        group, form = await self._looked_at(request, account)
        chosen = [int(one) for one in form.getlist("text") if isinstance(one, str) and one.isdecimal()]
        try:
            answer = forms.text(form, "answer") or forms.text(form, "other")
            if not answer:
                raise Refused("no_answer_named", "Choose an answer.")
            saved = await asked.add(self._desk, account, group, answer, chosen)
        except (NotFound, NotYours):
            raise
        except Refused as problem:
            return await self._draw(request, account, group, problem)
        if isinstance(saved, Conflict):
            return self._edit.conflict(request, account, saved)
        return back(request, f"/questions?added={answer}")

    async def _new(self, request: Request, account: Account) -> Response:
        group, form = await self._looked_at(request, account)
        vi, en = (forms.text(form, language) for language in Language)
        topic, office = forms.text(form, "topic"), forms.text(form, "office")
        try:
            name = await asked.begin(self._desk, account, group, topic, office, (vi, en))
        except NotYours:
            raise
        except Refused as problem:
            return await self._draw(request, account, group, problem, form)
        return back(request, f"/answers/{name}")

    async def _set_aside(self, request: Request, account: Account) -> Response:
        group, _ = await self._looked_at(request, account)
        await asked.set_aside(self._desk, account, group)
        return back(request, "/questions?aside")

    async def _reopen(self, request: Request, account: Account) -> Response:
        group, _ = await self._looked_at(request, account)
        await asked.reopen(self._desk, account, group)
        return back(request, f"/questions/{group.first.id}?reopened")

    async def _assign(self, request: Request, account: Account) -> Response:
        group, form = await self._looked_at(request, account)
        await asked.assign(self._desk, account, group, forms.text(form, "office"))
        return back(request, "/questions?assigned")

    async def _reply(self, request: Request, account: Account) -> Response:
        number = request.path_params["question"]
        group = await asked.group_of(self._desk, account, number)
        question = next(one for one in group.questions if one.id == number)
        if request.method == "GET":
            return await self._draw_reply(request, account, group, question, FormData())
        form = await forms.read(request)
        text, answer = forms.text(form, "text"), forms.text(form, "answer") or None
        preview = None
        try:
            if forms.text(form, "then") == "send":
                await asked.reply(self._desk, account, question, text, answer)
                return back(request, f"/questions/{number}?replied")
            preview = asked.preview_reply(self._desk, account, question, text, answer)
        except NotYours:
            raise
        except Refused as problem:
            return await self._draw_reply(request, account, group, question, form, problem=problem)
        return await self._draw_reply(request, account, group, question, form, preview=preview)

    async def _draw_reply(
        self, request: Request, account: Account, group: AskedGroup, question: AskedQuestion, form: FormData,
        *, problem: Refused | None = None, preview: Previews | None = None,
    ) -> Response:  # fmt: skip
        if not may(account, Right.WRITE, {question.office}):
            raise NotYours
        language = self._site.language_of(request, account)
        alone = replace(group, questions=(question,))
        return self._site.draw(
            request, "reply.html", account, status=422 if problem else 200, question=question,
            text=forms.text(form, "text"), answer=forms.text(form, "answer"), problem=problem,
            previews=preview, suggestions=await asked.suggestions(self._desk, account, alone),
            all_titles=titles(self._desk, language, ""), limit=asked.REPLY_MOST,
        )  # fmt: skip

    async def _looked_at(self, request: Request, account: Account) -> tuple[AskedGroup, FormData]:
        """The questions of a form that were on the page, and no others that came since."""
        form = await forms.read(request)
        group = await asked.group_of(self._desk, account, request.path_params["question"])
        seen = {one for one in form.getlist("seen") if isinstance(one, str)}
        kept = tuple(one for one in group.questions if str(one.id) in seen)
        if not kept:
            raise NotFound
        return replace(group, questions=kept), form

    def _titles(self, request: Request, account: Account) -> dict[str, str]:
        language = self._site.language_of(request, account)
        return {one.id: one[language].title for one in self._desk.library().answers.values()}

    def _offices(self, request: Request, account: Account) -> dict[str, str]:
        language = self._site.language_of(request, account)
        offices = self._desk.library().offices
        names = {key: office[language].name for key, office in offices.items()}
        return dict(sorted(names.items(), key=lambda item: item[1]))
