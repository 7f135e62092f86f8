"""Draws the public pages. Each is whole without a script, and holds all that the chat says of its answer."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.cards.answers import map_url, picture_of
from bot.cards.formatting import day, partial_day
from bot.cards.ward_names import WardNames, capital
from bot.cards.ward_names import map_url as map_url_of_ward
from bot.channels.web import page as chat_page
from bot.content.bulletins import Bulletin
from bot.content.library import Library
from bot.content.schema import Answer
from bot.content.wards import Ward, Wards
from bot.domain.answer import TOPICS, Facet
from bot.domain.card import Card
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.domain.message import TEXT_LIMIT
from bot.site import addresses, structured
from bot.site.addresses import Addresses
from bot.site.snapshots import Drawn
from bot.text.html import to_html
from bot.wards_route import PATH as TABLE

HERE = Path(__file__).parent
STATIC = HERE / "static"
STATIC_PATH = "/site"

NEWEST = 10
"""Clarifications that are listed as the newest."""

CLARIFICATION = "clarification"

ShareImage = Callable[[Answer, Language, Library], str | None]
"""The path of an answer's share image; None if there is none."""


def no_share_image(_answer: Answer, _language: Language, _library: Library) -> str | None:
    """Where no share images are drawn."""
    return None


class Pages:
    """The pages, with the addresses that they name."""

    def __init__(self, public: Addresses, share_image: ShareImage = no_share_image) -> None:
        self._public = public
        self._share_image = share_image
        templates = [HERE / "templates", chat_page.HERE / "templates"]  # the chat's icons
        self._templates = Environment(
            loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        self._templates.globals.update(
            static=chat_page.static_address, own_static=_static_address, day=day, partial_day=partial_day,
            html=to_html, languages=list(Language), default_language=DEFAULT_LANGUAGE,
            absolute=public.absolute, text_limit=TEXT_LIMIT, addresses=addresses,
        )  # fmt: skip

    def home(self, library: Library, language: Language) -> Drawn:
        """All topics, the newest clarifications, and the ways on."""
        topics = [(topic, library.of_topic(topic)) for topic in TOPICS]
        return self._draw(
            library,
            language,
            "home.html",
            {tongue: f"/{tongue}" for tongue in Language},
            title=library.messages.site.home[language],
            description=library.messages.site.home_lead[language],
            feeds=None,
            newest=newest(library.of_topic(CLARIFICATION), library)[:NEWEST],
            has_bulletins=bool(library.published_bulletins()),
            topics=[(topic, answers) for topic, answers in topics if answers],
        )

    def topic(self, library: Library, language: Language, topic: str) -> Drawn:
        """A topic's answers."""
        name = library.messages.topic_name(topic)[language]
        answers = library.of_topic(topic)
        return self._draw(
            library,
            language,
            "topic.html",
            {tongue: addresses.of_topic(topic, tongue) for tongue in Language},
            title=name,
            description=f"{name}: {', '.join(answer[language].title for answer in answers[:3])}",
            feeds=topic,
            topic=topic,
            answers=newest(answers, library) if topic == CLARIFICATION else answers,
        )

    def answer(self, library: Library, language: Language, answer: Answer, today: datetime.date) -> Drawn:
        """An answer that is served, or was withdrawn for a reason."""
        text, is_withdrawn = answer[language], library.withdrawn(answer.id) is answer
        related = {one.id: one for one in map(library.published, answer.related) if one}
        related.pop(answer.id, None)
        successor = library.successor(answer) if is_withdrawn else None
        path = addresses.of_answer(answer, language)
        return self._draw(
            library,
            language,
            "answer.html",
            {tongue: addresses.of_answer(answer, tongue) for tongue in Language},
            title=text.title,
            description=description(answer, language),
            feeds=answer.topic,
            answer=answer,
            text=text,
            office=library.office_of(answer),
            dates=library.dates.get(answer.id),
            facets=[(facet, text.facets[facet]) for facet in Facet if facet in text.facets],
            related=[successor] if successor else list(related.values()),
            is_withdrawn=is_withdrawn,
            is_indexed=not is_withdrawn,
            is_out_of_date=answer.review_by < today,
            map_url=map_url(answer),
            picture=picture_of(answer, language, library),
            share_image=None if is_withdrawn else self._share_image(answer, language, library),
            data=None if is_withdrawn else structured.of_answer(answer, language, library, self._public),
            sharing=self._sharing(path, text.title),
        )

    def bulletins(self, library: Library, language: Language, shown: Sequence[Bulletin]) -> Drawn:
        """A bulletin, or all of them, each with the answers that tell more."""
        one = shown[0] if len(shown) == 1 else None
        name = library.messages.site.bulletins[language]
        return self._draw(
            library,
            language,
            "bulletins.html",
            {tongue: addresses.of_bulletins(tongue, one.id if one else None) for tongue in Language},
            title=one[language].title if one else name,
            description=shown[0][language].title,
            feeds=None,
            bulletins=[
                (bulletin, [answer for answer in map(library.published, bulletin.answers) if answer])
                for bulletin in shown
            ],
            is_alone=one is not None,
        )

    def wards(self, library: Library, language: Language, wards: Wards) -> Drawn:
        """All wards and communes, each with what it was made of."""
        site = library.messages.site
        return self._draw(
            library,
            language,
            "wards.html",
            {tongue: addresses.of_wards(tongue) for tongue in Language},
            title=site.wards[language],
            description=site.wards_lead[language],
            wards=wards,
            names=WardNames(library.messages.wards, language),
            capital=capital,
            table=TABLE,
        )

    def ward(self, library: Library, language: Language, wards: Wards, ward: Ward) -> Drawn:
        """A ward or a commune of today."""
        names = WardNames(library.messages.wards, language)
        made_of = ", ".join(names.of(former) for former in ward.made_of)
        title = capital(names.of(ward))
        return self._draw(
            library,
            language,
            "ward.html",
            {tongue: addresses.of_ward(ward, tongue) for tongue in Language},
            title=title,
            description=f"{library.messages.site.ward_made_of[language]}: {made_of}",
            wards=wards,
            ward=ward,
            names=names,
            capital=capital,
            papers=library.published(wards.papers),
            map_url=map_url_of_ward(ward),
            data=structured.of_ward(ward, title, language, library, self._public),
            sharing=self._sharing(addresses.of_ward(ward, language), title),
        )

    def search(
        self,
        library: Library,
        language: Language,
        asked: str | None = None,
        *,
        cards: Iterable[Card] | None = None,
        found: Iterable[Answer] = (),
        wards: Iterable[tuple[str, str]] = (),
    ) -> Drawn:
        """The search page.

        Args:
            library: what is served.
            language: of the page.
            asked: what is searched for; None: nothing yet.
            cards: what the bot says to it; None if it cannot be asked.
            found: the answers that match. wards: names and paths of wards that do.
        """
        return self._draw(
            library,
            language,
            "search.html",
            {tongue: addresses.of_search(tongue) for tongue in Language},
            title=library.messages.site.search[language],
            description=library.messages.site.search_label[language],
            asked=asked,
            cards=None if cards is None else [(card, _links(card, library, language)) for card in cards],
            found=list(found),
            found_wards=list(wards),
            headers={"Cache-Control": "no-store"},
            is_indexed=False,
        )

    def not_found(self, library: Library, language: Language) -> Drawn:
        """That there is no such page."""
        site = library.messages.site
        return self._message(library, language, site.not_found[language], site.not_found_text[language], 404)

    def gone(self, library: Library, language: Language) -> Drawn:
        """That what stood here should never have been there."""
        site = library.messages.site
        return self._message(library, language, site.gone[language], site.gone_text[language], 410)

    def _message(self, library: Library, language: Language, title: str, said: str, status: int) -> Drawn:
        paths = {tongue: f"/{tongue}" for tongue in Language}
        return self._draw(
            library, language, "message.html", paths, title=title, description=said, said=said, status=status,
            is_indexed=False,
        )  # fmt: skip

    def _draw(
        self,
        library: Library,
        language: Language,
        template: str,
        paths: dict[Language, str],
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        is_indexed: bool = True,
        **values: Any,
    ) -> Drawn:
        """A page. paths: where it is, in each language."""
        values = {"feeds": None, "data": None, "share_image": None, **values}
        html = self._templates.get_template(template).render(
            language=language, paths=paths, messages=library.messages, site=library.messages.site,
            labels=library.messages.labels, page=library.messages.page, alert=library.notice,
            is_indexed=is_indexed and status == 200, **values,
        )  # fmt: skip
        return Drawn(html, status=status, headers={"Content-Language": language, **(headers or {})})

    def _sharing(self, path: str, title: str) -> dict[str, str] | None:
        """Where a page's address is sent to somebody from; None if nobody knows its address."""
        address = self._public.absolute(path)
        if address is None:
            return None
        return {
            "address": address,
            "telegram": "https://t.me/share/url?" + urlencode({"url": address, "text": title}),
            "mail": "mailto:?" + urlencode({"subject": title, "body": address}).replace("+", "%20"),
        }


def newest(answers: Iterable[Answer], library: Library) -> list[Answer]:
    """The answers, those first that were published last; of one day, those that were clarified last."""

    def when(answer: Answer) -> tuple[datetime.date, datetime.date]:
        began = structured.days(answer, library).published
        return began, answer.clarified.date if answer.clarified else began

    return sorted(answers, key=when, reverse=True)


def description(answer: Answer, language: Language) -> str:
    """What stands below the title where somebody shows a link to an answer."""
    text = answer[language]
    return text.claim or structured.plain_text(text.answer).partition("\n")[0]


def _links(card: Card, library: Library, language: Language) -> list[tuple[str, str]]:
    """The pages on which there is more than on a card."""
    ids = [card.id] if card.id else [*card.ids]
    ids += [button.payload.removeprefix("answer:") for button in card.buttons if button.payload]
    found = {one.id: one for one in map(library.published, ids) if one}
    return [(one[language].title, addresses.of_answer(one, language)) for one in found.values()]


@cache
def _static_address(name: str) -> str:
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"{STATIC_PATH}/{name}?v={version}"
