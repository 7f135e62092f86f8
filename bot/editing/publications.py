"""From a draft to what people get: looked at by a second person, published, taken back."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.desk import consequences, drafting, history, in_step, publications, review
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Open
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.desk.publications import Meaning, Withdrawal
from bot.editing import forms
from bot.editing.edit import Edit, titles
from bot.editing.site import Site, back
from bot.editing.words import Words


class Publications:
    """The pages around publishing."""

    def __init__(self, site: Site, desk: EditingDesk, edit: Edit) -> None:
        self._site = site
        self._desk = desk
        self._edit = edit

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        post = ["POST"]
        return [
            Route("/answers/{name}/submit", mine(self._submit), methods=post),
            Route("/answers/{name}/approve", mine(self._approve), methods=post),
            Route("/answers/{name}/return", mine(self._give_back), methods=post),
            Route("/answers/{name}/publish", mine(self._publish_page), methods=["GET"]),
            Route("/answers/{name}/publish", mine(self._publish), methods=post),
            Route("/answers/{name}/withdraw", mine(self._withdraw), methods=["GET", "POST"]),
            Route("/answers/{name}/progress", mine(self._progress)),
            Route("/answers/{name}/compare", mine(self._compare)),
            Route("/answers/{name}/history", mine(self._history)),
            Route("/answers/{name}/restore", mine(self._restore), methods=post),
            Route("/answers/{name}/still-right", mine(self._still_right), methods=post),
            Route("/looked/{publication:int}", mine(self._look), methods=post),
        ]

    async def _submit(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        name = request.path_params["name"]
        revision = forms.number(form, "base_draft")
        return await self._edit.submit(request, account, name, revision, forms.text(form, "note"))

    async def _approve(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        approved = await review.approve(self._desk, account, name, forms.number(form, "base_draft"))
        if isinstance(approved, Conflict):
            return self._edit.conflict(request, account, approved)
        return back(request, f"/answers/{name}/publish")

    async def _give_back(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        note, revision = forms.text(form, "note"), forms.number(form, "base_draft")
        given = await review.give_back(self._desk, account, name, revision, note, {})
        if isinstance(given, Conflict):
            return self._edit.conflict(request, account, given)
        return back(request, f"/answers/{name}")

    async def _publish_page(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        effect = await consequences.consequences(self._desk, account, name, opened.value)
        compared = await history.compare(self._desk, account, name) if opened.draft else None
        return self._site.draw(
            request, "publish.html", account, name=name, opened=opened, effect=effect, compared=compared,
            title=self._title(request, account, opened), label=self._edit.label(request, account, name),
        )  # fmt: skip

    async def _publish(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        revision, note = forms.number(form, "base_draft"), forms.text(form, "note")
        match forms.text(form, "how"):
            case "now":
                reason = forms.text(form, "reason")
                done = await publications.publish_now(self._desk, account, name, revision, reason, note)
            case "schedule":
                at = forms.text(form, "publish_at").replace("T", " ")
                done = await publications.schedule(self._desk, account, name, revision, at, note)
            case _:
                done = await publications.publish(self._desk, account, name, revision, note)
        if isinstance(done, Conflict):
            return self._edit.conflict(request, account, done)
        return back(request, f"/answers/{name}/progress")

    async def _withdraw(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        if request.method == "GET":
            return await self._draw_withdraw(request, account, opened, opened.base_file, FormData())
        form = await forms.read(request)
        meaning, file = forms.text(form, "meaning"), forms.text(form, "base_file")
        if meaning not in set(Meaning):
            return await self._draw_withdraw(request, account, opened, file, form)
        withdrawal = Withdrawal(
            Meaning(meaning), forms.text(form, "reason_vi"), forms.text(form, "reason_en"),
            forms.text(form, "successor"),
        )  # fmt: skip
        try:
            note = forms.text(form, "note")
            done = await publications.withdraw(self._desk, account, name, file, withdrawal, note)
        except (NotFound, NotYours):
            raise
        except Refused as refused:  # what was typed stays in its boxes
            return await self._draw_withdraw(request, account, opened, file, form, refused)
        if isinstance(done, Conflict):
            return self._edit.conflict(request, account, done)
        return back(request, f"/answers/{done.name}/progress")

    async def _draw_withdraw(
        self, request: Request, account: Account, opened: Open, base_file: str, form: FormData,
        problem: Refused | None = None,
    ) -> Response:  # fmt: skip
        language = self._site.language_of(request, account)
        effect = await consequences.consequences(self._desk, account, opened.name, opened.value)
        typed = {key: forms.text(form, key) for key in ("meaning", "reason_vi", "reason_en", "successor")}
        return self._site.draw(
            request, "withdraw.html", account, status=422 if problem else 200, name=opened.name,
            base_file=base_file, effect=effect, meanings=list(Meaning), typed=typed, problem=problem,
            title=self._title(request, account, opened), titles=titles(self._desk, language, opened.name),
        )  # fmt: skip

    async def _progress(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        progress = await publications.progress(self._desk)
        if "json" in request.query_params:
            is_over = progress.is_current or bool(progress.refused or progress.failed)
            return JSONResponse({"is_over": is_over, "said": self._said(request, account, progress)})
        done = await publications.last_done(self._desk, name)
        if done is None:  # nothing of it went out from these pages
            return back(request, f"/answers/{name}/publish")
        effect = await consequences.consequences(self._desk, account, name, opened.value)
        return self._site.draw(
            request, "progress.html", account, name=name, progress=progress,
            done=done, opted_in=effect.opted_in, title=self._title(request, account, opened),
        )  # fmt: skip

    def _said(self, request: Request, account: Account, progress: publications.LearningProgress) -> str:
        """How far the bot has come in learning, as the page says it."""
        words, training = Words(self._site.language_of(request, account)), progress.training
        if training is None:
            return words("learning")
        share, seconds = round(100 * training.share), round(training.seconds)
        return f"{words('learning')} {words('learning_step', share=share, seconds=seconds)}"

    def _title(self, request: Request, account: Account, opened: Open) -> str:
        return forms.title_of(opened.value, self._site.language_of(request, account), opened.name)

    async def _compare(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        asked = request.query_params
        left, right = asked.get("left", "live"), asked.get("right", "draft")
        compared = await history.compare(self._desk, account, name, left, right)
        opened = await drafting.open_(self._desk, account, name)
        return self._site.draw(
            request, "compare.html", account, name=name, compared=compared,
            title=self._title(request, account, opened), label=self._edit.label(request, account, name),
        )  # fmt: skip

    async def _history(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        entries = await history.history(self._desk, account, name)
        return self._site.draw(
            request, "history.html", account, name=name, entries=entries, opened=opened,
            title=self._title(request, account, opened),
        )  # fmt: skip

    async def _restore(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        version, file = forms.text(form, "version"), forms.text(form, "base_file")
        revision = forms.number(form, "base_draft")
        restored = await history.restore(self._desk, account, name, version, revision, file)
        if isinstance(restored, Conflict):
            return self._edit.conflict(request, account, restored)
        return back(request, f"/answers/{name}")

    async def _still_right(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        await in_step.still_right(self._desk, account, name)
        return back(request, f"/answers/{name}?in_step")

    async def _look(self, request: Request, account: Account) -> Response:
        await publications.look(self._desk, account, request.path_params["publication"])
        return back(request, "/")
