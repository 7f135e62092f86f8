"""From a draft to what people get: looked at by a second person, published, taken back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.desk import consequences, drafting, history, in_step, release, review
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict
from bot.desk.editing import EditingDesk
from bot.desk.release import Meaning, Withdrawal
from bot.editing import forms
from bot.editing.edit import Edit
from bot.editing.site import Site, back


class Release:
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
            request, "publish.html", account, name=name, opened=opened, effect=effect, compared=compared
        )

    async def _publish(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        form = await forms.read(request)
        revision, note = forms.number(form, "base_draft"), forms.text(form, "note")
        match forms.text(form, "how"):
            case "now":
                reason = forms.text(form, "reason")
                done = await release.publish_now(self._desk, account, name, revision, reason, note)
            case "schedule":
                at = forms.text(form, "publish_at").replace("T", " ")
                done = await release.schedule(self._desk, account, name, revision, at, note)
            case _:
                done = await release.publish(self._desk, account, name, revision, note)
        if isinstance(done, Conflict):
            return self._edit.conflict(request, account, done)
        return back(request, f"/answers/{name}/progress")

    async def _withdraw(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        if request.method == "GET":
            effect = await consequences.consequences(self._desk, account, name, opened.value)
            return self._site.draw(
                request,
                "withdraw.html",
                account,
                name=name,
                opened=opened,
                effect=effect,
                meanings=list(Meaning),
            )
        form = await forms.read(request)
        meaning = forms.text(form, "meaning")
        if meaning not in set(Meaning):
            return back(request, f"/answers/{name}/withdraw")
        withdrawal = Withdrawal(
            Meaning(meaning), forms.text(form, "reason_vi"), forms.text(form, "reason_en"),
            forms.text(form, "successor"),
        )  # fmt: skip
        done = await release.withdraw(
            self._desk, account, name, forms.text(form, "base_file"), withdrawal, forms.text(form, "note")
        )
        if isinstance(done, Conflict):
            return self._edit.conflict(request, account, done)
        return back(request, f"/answers/{name}/progress")

    async def _progress(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        progress = await release.progress(self._desk)
        if "json" in request.query_params:
            return JSONResponse({"is_current": progress.is_current, "is_reachable": progress.is_reachable})
        return self._site.draw(request, "progress.html", account, name=name, opened=opened, progress=progress)

    async def _compare(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        asked = request.query_params
        left, right = asked.get("left", "live"), asked.get("right", "draft")
        compared = await history.compare(self._desk, account, name, left, right)
        return self._site.draw(request, "compare.html", account, name=name, compared=compared)

    async def _history(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        entries = await history.history(self._desk, account, name)
        return self._site.draw(request, "history.html", account, name=name, entries=entries, opened=opened)

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
        return back(request, f"/answers/{name}")

    async def _look(self, request: Request, account: Account) -> Response:
        await release.look(self._desk, account, request.path_params["publication"])
        return back(request, "/")
