"""Where things are on the public pages, and what feeds call them for ever."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.content.paths import page_path
from bot.content.schema import Answer
from bot.content.wards import Ward
from bot.domain import payload
from bot.domain.language import Language
from bot.text.folding import fold

AUTHORITY = "tag:cantho.gov.vn,2026:hoi-can-tho"
"""Begins the id of every entry of a feed (RFC 4151). It names who makes the ids and when that began, and
leads nowhere: it stays as it is whatever the bot's address becomes, or readers show everything anew."""

WARDS = {Language.VI: "phuong-xa", Language.EN: "wards"}
"""The folder of the wards' pages."""

BULLETINS = {Language.VI: "ban-tin", Language.EN: "bulletins"}
"""The folder of the bulletins' pages."""

_CODE = re.compile(r"(?:^|-)(\d{5})$")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Absolute addresses below PUBLIC_URL; without one, paths, and None where a path is of no use."""

    public_url: str

    def link(self, path: str) -> str:
        """Where a link in a page or a feed leads."""
        return f"{self.public_url}{path}"

    def absolute(self, path: str) -> str | None:
        """The whole address; None if nobody knows it."""
        return f"{self.public_url}{path}" if self.public_url else None


def of_answer(answer: Answer, language: Language) -> str:
    """An answer's page."""
    return page_path(answer.id, language)


def of_topic(topic: str, language: Language) -> str:
    """The page that lists a topic's answers."""
    return f"/{language}/{topic}"


def of_wards(language: Language) -> str:
    """The page that lists the wards."""
    return f"/{language}/{WARDS[language]}"


def of_ward(ward: Ward, language: Language) -> str:
    """A ward's page. Its code is what counts; the name before it is for whoever reads the address."""
    name = re.sub(r"[^a-z0-9]+", "-", fold(ward.name)).strip("-")
    return f"{of_wards(language)}/{name}-{ward.code}"


def of_bulletins(language: Language, bulletin_id: str | None = None) -> str:
    """The page of a bulletin or, without its id, of all."""
    all_of_them = f"/{language}/{BULLETINS[language]}"
    return f"{all_of_them}/{bulletin_id}" if bulletin_id else all_of_them


def code_in(name: str) -> str | None:
    """The code of a ward in the last part of its page's path, whatever name stands before it."""
    found = _CODE.search(name)
    return found[1] if found else None


def of_search(language: Language) -> str:
    """The search page."""
    return f"/{language}/search"


def of_feed(topic: str | None, language: Language, kind: str) -> str:
    """A feed of a topic or, without one, of all; kind: "atom" or "json"."""
    return f"/{language}/{topic}/feed.{kind}" if topic else f"/{language}/feed.{kind}"


def of_chat(language: Language, wanted: str | None = None) -> str:
    """The chat; `wanted`: the payload that it begins with."""
    return f"/?lang={language}" + (f"#{wanted}" if wanted else "")


def asking_of_answer(answer: Answer, language: Language) -> str:
    """The chat, with an answer in it."""
    return of_chat(language, payload.for_answer(answer.id))


def asking_of_ward(ward: Ward, language: Language) -> str:
    """The chat, with what it knows of a ward."""
    return of_chat(language, payload.for_ward(ward.code))


def entry_id(answer_id: str, language: Language, event: str = "") -> str:
    """What feeds call an answer, or something that became of it."""
    return f"{AUTHORITY}/{language}/{answer_id}" + (f"#{event}" if event else "")


def feed_id(topic: str | None, language: Language) -> str:
    """What a feed calls itself."""
    return f"{AUTHORITY}/{language}/feed/{topic or 'all'}"
