"""The addresses of the public pages, and what each answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.answering.dialogue import Dialogue
from bot.cards.ward_names import WardNames, capital
from bot.channels.requests import BodyTooLarge, read_body, sender
from bot.channels.throttle import Throttle
from bot.content.library import Library
from bot.content.search import search, search_wards
from bot.content.wards import FormerWard, Ward, Wards
from bot.domain.answer import TOPICS
from bot.domain.clock import Clock
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.domain.message import TEXT_LIMIT
from bot.site import addresses, feeds, sitemap, structured
from bot.site.addresses import Addresses
from bot.site.asking import Asking
from bot.site.pages import STATIC, STATIC_PATH, Pages, ShareImage, no_share_image
from bot.site.snapshots import Snapshots

MATCHES = 20
"""Answers of a search that are listed."""

WARD_MATCHES = 12

ASKED_A_MINUTE = 30
"""Searches of one address that the bot itself answers, too; whoever searches more gets the list alone."""

BODY_LIMIT = 16 * 1024
"""Bytes of a search: a text of TEXT_LIMIT letters, each written as nine signs."""

BODY_WITHIN = 10.0
"""Seconds in which a search has to be there."""


def site_routes(
    library: Callable[[], Library],
    dialogue: Dialogue,
    public_url: str,
    clock: Clock,
    share_image: ShareImage = no_share_image,
) -> list[BaseRoute]:
    """The pages and feeds. They come after all other routes: whatever nobody else knows is looked for here.

    Args:
        library: what is served.
        dialogue: what the bot says to a search.
        public_url: where the internet reaches the bot; empty: nobody knows.
        clock: by which it is told what is out of date.
        share_image: where the picture of an answer is.
    """
    return _Site(library, dialogue, Addresses(public_url), clock, share_image).routes()


class _Site:
    def __init__(
        self,
        library: Callable[[], Library],
        dialogue: Dialogue,
        public: Addresses,
        clock: Clock,
        share_image: ShareImage,
    ) -> None:
        self._library = library
        self._public = public
        self._pages = Pages(public, share_image)
        self._asking = Asking(dialogue, clock)
        self._asked = Throttle(ASKED_A_MINUTE)
        self._snapshots = Snapshots(library, clock)

    def routes(self) -> list[BaseRoute]:
        return [
            Mount(STATIC_PATH, StaticFiles(directory=STATIC)),
            Route("/sitemap.xml", self._sitemap),
            Route("/robots.txt", self._robots),
            Route("/claims.json", self._claims),
            Route("/answers.json", self._answers),
            Route("/{language}", self._home),
            Route("/{language}/search", self._search_form),
            Route("/{language}/search", self._search, methods=["POST"]),
            Route("/{language}/feed.{kind}", self._feed),
            Route("/{language}/{topic}", self._topic),
            Route("/{language}/{topic}/feed.{kind}", self._feed),
            Route("/{language}/{topic}/{name}", self._page),
            *(Route(f"/{language}/{{rest:path}}", self._no_page) for language in Language),
        ]

    # Pages

    async def _home(self, request: Request) -> Response:
        language = _language(request)
        if language is None:
            return self._not_found(request)
        return self._snapshots.response(
            request, ("home", language), lambda library, _today: self._pages.home(library, language)
        )

    async def _topic(self, request: Request) -> Response:
        language, topic = _language(request), request.path_params["topic"]
        if language is None:
            return self._not_found(request)
        library = self._library()
        wards = library.wards
        if topic == addresses.WARDS[language] and wards:
            return self._snapshots.response(
                request,
                ("wards", language),
                lambda library, _today: self._pages.wards(library, language, wards),
            )
        if topic == addresses.BULLETINS[language] and (bulletins := library.published_bulletins()):
            return self._snapshots.response(
                request,
                ("bulletins", language),
                lambda library, _: self._pages.bulletins(library, language, bulletins),
            )
        if topic not in TOPICS or not library.of_topic(topic):
            return self._not_found(request)
        return self._snapshots.response(
            request,
            ("topic", language, topic),
            lambda library, _: self._pages.topic(library, language, topic),
        )

    async def _page(self, request: Request) -> Response:
        language = _language(request)
        topic, name = request.path_params["topic"], request.path_params["name"]
        if language is None:
            return self._not_found(request)
        path = request.url.path
        if path != path.lower():  # as a phone begins a word
            return _moved(path.lower(), 301)
        library = self._library()
        if topic == addresses.WARDS[language] and library.wards:
            return self._ward(request, language, library.wards, name)
        if topic == addresses.BULLETINS[language]:
            return self._bulletin(request, language, library, name)
        return self._answer(request, language, library, f"{topic}.{name}")

    def _answer(self, request: Request, language: Language, library: Library, answer_id: str) -> Response:
        """An answer's page, or that it has another place, should not have been there, or never was."""
        asked = library.answers.get(answer_id)
        if asked and library.is_scheduled(asked):  # it may take another's place, which leads nowhere yet
            return self._not_found(request)
        answer = library.published(answer_id) or library.withdrawn(answer_id)
        if answer is None:
            return self._not_found(request)
        if answer.id != answer_id:
            is_for_good = library.published(answer_id) is answer
            return _moved(addresses.of_answer(answer, language), 301 if is_for_good else 302)
        if answer.is_in_error:
            return self._snapshots.response(
                request, ("gone", language), lambda library, _today: self._pages.gone(library, language)
            )
        return self._snapshots.response(
            request,
            ("answer", language, answer_id),
            lambda library, today: self._pages.answer(library, language, answer, today),
        )

    def _bulletin(self, request: Request, language: Language, library: Library, name: str) -> Response:
        found = [bulletin for bulletin in library.published_bulletins() if bulletin.id == name]
        if not found:
            return self._not_found(request)
        return self._snapshots.response(
            request,
            ("bulletin", language, name),
            lambda library, _: self._pages.bulletins(library, language, found),
        )

    def _ward(self, request: Request, language: Language, wards: Wards, name: str) -> Response:
        ward = wards.now.get(addresses.code_in(name) or "")
        if ward is None:
            return self._not_found(request)
        path = addresses.of_ward(ward, language)
        if path.rpartition("/")[2] != name:  # it was renamed, or the code stands alone
            return _moved(path, 301)
        return self._snapshots.response(
            request, ("ward", language, ward.code),
            lambda library, _today: self._pages.ward(library, language, wards, ward),
        )  # fmt: skip

    async def _no_page(self, request: Request) -> Response:
        """What no page's path is like; one with a slash behind it leads to the page.

        Starlette would lead there by the Host that the client names, which may be anybody's.
        """
        path = request.url.path
        return _moved(path.rstrip("/"), 301) if path.endswith("/") else self._not_found(request)

    def _not_found(self, request: Request) -> Response:
        language = _language(request) or DEFAULT_LANGUAGE
        return self._snapshots.response(
            request, ("not found", language), lambda library, _today: self._pages.not_found(library, language)
        )

    # Searching. What is searched for comes in the body, so that it stands in no address and no log, and what
    # is found is stored nowhere on the way.

    async def _search_form(self, request: Request) -> Response:
        language = _language(request)
        if language is None:
            return self._not_found(request)
        drawn = self._pages.search(self._library(), language)
        return Response(drawn.text, drawn.status, drawn.headers, drawn.media_type)

    async def _search(self, request: Request) -> Response:
        language = _language(request)
        if language is None:
            return self._not_found(request)
        asked = await _asked(request)
        library = self._library()
        if not asked:
            drawn = self._pages.search(library, language)
        else:
            may_ask = not self._asked.take(sender(request))
            drawn = self._pages.search(
                library,
                language,
                asked,
                cards=await self._asking.ask(asked, language) if may_ask else None,
                found=[match.answer for match in search(library, asked, language, MATCHES)],
                wards=_wards(library, asked, language),
            )
        return Response(drawn.text, drawn.status, drawn.headers, drawn.media_type)

    # For machines

    async def _feed(self, request: Request) -> Response:
        language, kind = _language(request), request.path_params["kind"]
        topic = request.path_params.get("topic")
        writers = {"atom": feeds.as_atom, "json": feeds.as_json}
        if language is None or kind not in writers or (topic is not None and topic not in TOPICS):
            return self._not_found(request)
        return self._snapshots.response(
            request,
            ("feed", language, topic, kind),
            lambda library, _: writers[kind](feeds.feed(library, topic, language), library, self._public),
        )

    async def _claims(self, request: Request) -> Response:
        return self._snapshots.response(
            request, "claims", lambda library, _today: structured.claims(library, self._public)
        )

    async def _answers(self, request: Request) -> Response:
        return self._snapshots.response(
            request, "answers", lambda library, _today: structured.answers(library, self._public)
        )

    async def _sitemap(self, request: Request) -> Response:
        return self._snapshots.response(
            request, "sitemap", lambda library, _today: sitemap.sitemap(library, self._public)
        )

    async def _robots(self, request: Request) -> Response:
        return self._snapshots.response(
            request, "robots", lambda _library, _today: sitemap.robots(self._public)
        )


def _language(request: Request) -> Language | None:
    code = request.path_params.get("language") or request.url.path.split("/")[1]
    return Language(code) if code in set(Language) else None


def _moved(path: str, status: int) -> Response:
    """To another page. A browser asks again each time: what took a place may be withdrawn."""
    return RedirectResponse(path, status, {"Cache-Control": "no-cache"})


async def _asked(request: Request) -> str:
    """What is searched for; raises HTTPException 408, 413."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await read_body(request, BODY_LIMIT)
    except BodyTooLarge as error:
        raise HTTPException(413) from error
    except TimeoutError as error:
        raise HTTPException(408) from error
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=5)
    except ValueError:
        return ""
    return form.get("q", [""])[0].strip()[:TEXT_LIMIT]


def _wards(library: Library, asked: str, language: Language) -> list[tuple[str, str]]:
    """Names and pages of the wards that a text names; of one of before, that in which it is now."""
    wards = library.wards
    if wards is None:
        return []
    names, site = WardNames(library.messages.wards, language), library.messages.site

    def rows(found: Ward | FormerWard) -> Iterator[tuple[str, str]]:
        name = capital(names.of(found))
        if isinstance(found, Ward):
            yield name, addresses.of_ward(found, language)
            return
        for ward in wards.became[found.code]:
            where = site.ward_now[language].format(now=names.of(ward))
            yield f"{name}, {names.around(found)}: {where}", addresses.of_ward(ward, language)

    return [row for found in search_wards(wards, asked, WARD_MATCHES) for row in rows(found)]
