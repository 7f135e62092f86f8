"""Announcing: a clarification or a bulletin to its subscribers, a correction to those who wanted to hear."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.desk import announcing
from bot.desk.accounts import Account
from bot.desk.announcing import Audience, Prospect
from bot.desk.editing import EditingDesk, NotFound, NotYours
from bot.editing import forms
from bot.editing.site import Site, back
from bot.editing.words import Words


class Announcing:
    """The pages of what people are told without having asked."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, one = self._site.for_editors, "/announce/{name}/{audience}"
        return [
            Route("/announce", mine(self._list)),
            Route(one, mine(self._page), methods=["GET"]),
            Route(one, mine(self._send), methods=["POST"]),
            Route(f"{one}/confirm", mine(self._confirm)),
            Route(f"{one}/stop", mine(self._stop), methods=["POST"]),
            Route(f"{one}/progress", mine(self._progress)),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        found = await announcing.announceable(self._desk, account)
        return self._site.draw(request, "announce.html", account, found=found)

    async def _page(self, request: Request, account: Account) -> Response:
        prospect = await self._prospect(request, account)
        done = next((key for key in ("sent", "stopped") if key in request.query_params), None)
        return self._draw(request, account, "announcement.html", prospect, done=done)

    async def _confirm(self, request: Request, account: Account) -> Response:
        prospect = await self._prospect(request, account)
        if not prospect.may_send:
            raise NotYours
        return self._draw(request, account, "announce_confirm.html", prospect, is_another=False)

    async def _send(self, request: Request, account: Account) -> Response:
        name, audience = _what(request)
        seal = forms.text(await forms.read(request), "seal")
        if await announcing.send(self._desk, account, name, audience, seal):
            return back(request, f"/announce/{name}/{audience}?sent")
        prospect = await self._prospect(request, account)
        return self._draw(request, account, "announce_confirm.html", prospect, status=409, is_another=True)

    async def _stop(self, request: Request, account: Account) -> Response:
        name, audience = _what(request)
        await announcing.stop(self._desk, account, name, audience)
        return back(request, f"/announce/{name}/{audience}?stopped")

    async def _progress(self, request: Request, account: Account) -> Response:
        prospect = await self._prospect(request, account)
        words = Words(self._site.language_of(request, account))
        said = " · ".join(
            words(f"announced_{state}", number=_count(words, number))
            for state, number in prospect.progress.items()
        )
        return JSONResponse({"is_over": not prospect.is_going_out, "said": said})

    async def _prospect(self, request: Request, account: Account) -> Prospect:
        return await announcing.look_at(self._desk, account, *_what(request))

    def _draw(
        self, request: Request, account: Account, template: str, prospect: Prospect, **values: object
    ) -> Response:
        language = self._site.language_of(request, account)
        status = values.pop("status", 200)
        assert isinstance(status, int)  # noqa: S101  (ours)
        return self._site.draw(
            request, template, account, status=status, prospect=prospect, title=prospect.titles[language],
            base=f"/announce/{prospect.name}/{prospect.audience}", **values,
        )  # fmt: skip


def _what(request: Request) -> tuple[str, Audience]:
    audience = request.path_params["audience"]
    if audience not in set(Audience):
        raise NotFound
    return request.path_params["name"], Audience(audience)


def _count(words: Words, number: int) -> str:
    """A coarse count in words: "about 105", "fewer than five"."""
    return words("about_many", number=number) if number else words("fewer_than_five")
