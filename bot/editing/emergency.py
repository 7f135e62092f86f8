"""In an emergency: a notice, pausing a channel, withdrawing an answer. Two pages each, for one thumb."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.desk import answers, consequences, drafting, emergency, publications
from bot.desk.accounts import Account
from bot.desk.answers import Filter, ListState
from bot.desk.drafting import Conflict
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.desk.emergency import CHANNELS, TypedNotice
from bot.desk.publications import Meaning, Withdrawal
from bot.domain.clock import VIETNAM
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.edit import Edit
from bot.editing.site import Site, back
from bot.editing.words import all_words

FOUND_MOST = 8

DONE = ("notice", "notice_end", "pause", "resume", "withdraw")


class Emergency:
    """The pages of an emergency."""

    def __init__(self, site: Site, desk: EditingDesk, edit: Edit) -> None:
        self._site = site
        self._desk = desk
        self._edit = edit

    def routes(self) -> list[BaseRoute]:
        """Their addresses. What changes something is asked about first: `sure` says that it was."""
        mine, post = self._site.for_editors, ["POST"]
        return [
            Route("/emergency", mine(self._page)),
            Route("/emergency/notice", mine(self._notice), methods=post),
            Route("/emergency/notice-end", mine(self._notice_end), methods=post),
            Route("/emergency/pause", mine(self._pause), methods=post),
            Route("/emergency/resume", mine(self._resume), methods=post),
            Route("/emergency/withdraw/{name}", mine(self._withdraw), methods=["GET", "POST"]),
        ]

    async def _page(self, request: Request, account: Account) -> Response:
        return await self._draw(request, account, FormData())

    async def _draw(
        self, request: Request, account: Account, form: FormData, problem: Refused | None = None
    ) -> Response:
        situation = await emergency.situation(self._desk, account)
        now = self._desk.clock().astimezone(VIETNAM)
        until = (now + emergency.LASTS).replace(minute=0)
        typed = {key: forms.text(form, key) for key in ("form", "vi", "en", "start", "until", "channel")}
        asked = request.query_params.get("q", "")[:200]
        found = []
        if asked:
            wanted = Filter(text=asked, state=ListState.LIVE)
            listing = await answers.list_answers(self._desk, account, wanted)
            found = [row for row in listing.rows if row.is_yours][:FOUND_MOST]
        return self._site.draw(
            request, "emergency.html", account, status=422 if problem else 200, situation=situation,
            channels=CHANNELS, asked=asked, found=found, problem=problem, typed=typed,
            until=typed["until"] or _local(until), languages=list(Language),
            suggested={language: all_words()["pause_suggestion"][language] for language in Language},
            limit=emergency.SENTENCE_MOST,
            done=next((key for key in DONE if key in request.query_params), None),
        )  # fmt: skip

    async def _notice(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        said = {language: forms.text(form, language) for language in Language}
        notice = TypedNotice(forms.text(form, "start"), forms.text(form, "until"), said)
        try:
            checked = emergency.check_notice(self._desk, notice)
        except Refused as problem:
            return await self._draw(request, account, form, problem)
        if not _is_sure(form):
            return self._confirm(
                request, account, form, "notice", said=checked.said, start=checked.start, until=checked.until
            )
        await emergency.tell(self._desk, account, forms.text(form, "base_file"), checked)
        return back(request, "/emergency?notice")

    async def _notice_end(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        if not _is_sure(form):
            return self._confirm(request, account, form, "notice-end")
        await emergency.tell_no_more(self._desk, account, forms.text(form, "base_file"))
        return back(request, "/emergency?notice_end")

    async def _pause(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        channel = forms.text(form, "channel")
        said = {language: forms.text(form, language) for language in Language}
        try:
            checked = emergency.check_pause(channel, said)
        except NotFound:
            raise
        except Refused as problem:
            return await self._draw(request, account, form, problem)
        if not _is_sure(form):
            return self._confirm(request, account, form, "pause", said=checked, channel=channel)
        await emergency.pause(self._desk, account, forms.text(form, "base_file"), channel, checked)
        return back(request, "/emergency?pause")

    async def _resume(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        channel = forms.text(form, "channel")
        if channel not in CHANNELS:
            raise NotFound
        if not _is_sure(form):
            return self._confirm(request, account, form, "resume", channel=channel)
        await emergency.resume(self._desk, account, forms.text(form, "base_file"), channel)
        return back(request, "/emergency?resume")

    async def _withdraw(self, request: Request, account: Account) -> Response:
        name = request.path_params["name"]
        opened = await drafting.open_(self._desk, account, name)
        if request.method == "GET":
            effect = await consequences.consequences(self._desk, account, name, opened.value)
            title = forms.title_of(opened.value, self._site.language_of(request, account), name)
            return self._site.draw(
                request, "emergency_withdraw.html", account, name=name, title=title, effect=effect,
                base_file=opened.base_file,
            )  # fmt: skip
        form = await forms.read(request)
        file = forms.text(form, "base_file")
        done = await publications.withdraw(self._desk, account, name, file, Withdrawal(Meaning.ERROR))
        if isinstance(done, Conflict):
            return self._edit.conflict(request, account, done)
        return back(request, "/emergency?withdraw")

    def _confirm(
        self, request: Request, account: Account, form: FormData, deed: str, *,
        said: Mapping[Language, str] | None = None, channel: str = "", start: str = "", until: str = "",
    ) -> Response:  # fmt: skip
        """The second page: what will happen, exactly, and the button that does it."""
        if not emergency.may_act(account):
            raise NotYours
        return self._site.draw(
            request, "emergency_confirm.html", account, deed=deed, base_file=forms.text(form, "base_file"),
            said=said, channel=channel, start=start, until=until,
        )  # fmt: skip


def _is_sure(form: FormData) -> bool:
    return forms.text(form, "sure") == "yes"


def _local(moment: datetime.datetime) -> str:
    """A moment as a browser's box for it wants it: 2026-12-01T08:00."""
    return moment.strftime("%Y-%m-%dT%H:%M")
