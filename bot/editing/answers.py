"""The start page, the list of answers, and a new one."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.desk import answers, beginning, condition
from bot.desk.accounts import Account
from bot.desk.answers import SORTS, Filter, ListState
from bot.desk.editing import EditingDesk, Refused
from bot.domain.answer import TOPICS
from bot.editing import forms
from bot.editing.site import Site, back

ROWS = 25
"""Answers on a page of the list."""

FILTERS = ("q", "topic", "office", "state", "sort", "past_review", "behind", "unhelpful")


class Answers:
    """Where an editor begins."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        return [
            Route("/", mine(self._start)),
            Route("/answers", mine(self._list)),
            Route("/answers/new", mine(self._new), methods=["GET", "POST"]),
        ]

    async def _start(self, request: Request, account: Account) -> Response:
        start, found = await asyncio.gather(
            answers.start(self._desk, account), condition.condition(self._desk, account)
        )
        returned = sum(row.returned_with is not None for row in start.mine)
        return self._site.draw(
            request, "start.html", account, start=start, condition=found,
            is_quiet=not (
                start.to_review or start.to_publish or start.unseen or start.past_review or start.behind
                or found.waiting or found.unanswered or returned
            ),
            returned=returned,
        )  # fmt: skip

    async def _list(self, request: Request, account: Account) -> Response:
        asked = request.query_params
        state = asked.get("state", "")
        wanted = Filter(
            text=asked.get("q", "")[:200],
            topic=asked.get("topic") if asked.get("topic") in TOPICS else None,
            office=asked.get("office") or None,
            state=ListState(state) if state in set(ListState) else None,
            is_past_review="past_review" in asked,
            is_behind="behind" in asked,
            is_often_unhelpful="unhelpful" in asked,
            sort=next((sort for sort in SORTS if sort == asked.get("sort")), SORTS[0]),
        )
        listing = await answers.list_answers(self._desk, account, wanted)
        pages = max(1, -(-len(listing.rows) // ROWS))
        number = asked.get("page", "1")
        page = min(max(1, int(number)), pages) if re.fullmatch(r"[0-9]{1,4}", number, re.ASCII) else 1
        kept = [(key, value) for key, value in asked.multi_items() if key in FILTERS and value]
        is_narrowed = any(key != "q" and value != SORTS[0] for key, value in kept)
        return self._site.draw(
            request, "answers.html", account, listing=listing, wanted=wanted, topics=TOPICS, sorts=SORTS,
            rows=listing.rows[(page - 1) * ROWS : page * ROWS], page=page, pages=pages,
            query=f"{urlencode(kept)}&" if kept else "", is_narrowed=is_narrowed,
            states=list(ListState), offices=self._offices(request, account),
        )  # fmt: skip

    async def _new(self, request: Request, account: Account) -> Response:
        form = await forms.read(request) if request.method == "POST" else None
        typed = {name: forms.text(form, name) if form else "" for name in ("topic", "office", "vi", "en")}
        problem = None
        if form is not None:
            try:
                name = await beginning.begin(
                    self._desk, account, typed["topic"], typed["office"], typed["vi"], typed["en"]
                )
            except Refused as error:
                problem = error
            else:
                return back(request, f"/answers/{name}")
        offices = {
            key: title for key, title in self._offices(request, account).items() if account.may_change(key)
        }
        return self._site.draw(
            request, "new.html", account, status=422 if problem else 200, typed=typed, topics=TOPICS,
            offices=offices, problem=problem,
        )  # fmt: skip

    def _offices(self, request: Request, account: Account) -> dict[str, str]:
        language = self._site.language_of(request, account)
        offices = self._desk.library().offices
        names = {key: office[language].name for key, office in offices.items()}
        return dict(sorted(names.items(), key=lambda item: item[1]))
