"""Feeds of what was published, corrected and withdrawn: Atom (RFC 4287) and JSON Feed 1.1.

Readers show an entry once and seldom look at it again. So what becomes of an answer is an entry of its own,
and no entry's id ever changes.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.etree import ElementTree

from bot.cards.formatting import day, source_line
from bot.content.bulletins import Bulletin
from bot.content.library import Library
from bot.content.schema import Answer
from bot.domain.clock import VIETNAM
from bot.domain.language import Language
from bot.site import addresses, structured
from bot.site.addresses import Addresses
from bot.site.snapshots import Drawn
from bot.text.html import to_html

MOST = 50
"""Entries of a feed, the newest."""

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

ElementTree.register_namespace("", ATOM)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """Something that happened to an answer.

    html: all of it, to be read without the page. tells_of: the day of what it tells; of entries of one day
    those come first that tell of the latest, as a new clarification before what has long been so.
    """

    id: str
    title: str
    path: str
    topic: str
    html: str
    happened: datetime.date
    updated: datetime.date
    tells_of: datetime.date


@dataclass(frozen=True, slots=True)
class Feed:
    """A topic's feed in a language, or that of all topics (topic: None)."""

    topic: str | None
    language: Language
    title: str
    entries: tuple[FeedEntry, ...]

    @property
    def updated(self) -> datetime.date:
        """When something was changed in it last."""
        return max((entry.updated for entry in self.entries), default=datetime.date(2026, 1, 1))


def feed(library: Library, topic: str | None, language: Language) -> Feed:
    """What happened last."""
    entries = [
        entry
        for answer in library.answers.values()
        if topic in {None, answer.topic}
        for entry in _entries(answer, language, library)
    ]
    entries += [
        _of_bulletin(bulletin, language)
        for bulletin in library.published_bulletins()
        if topic in {None, *(answer.partition(".")[0] for answer in bulletin.answers)}
    ]
    entries.sort(key=lambda entry: (entry.happened, entry.tells_of, entry.id), reverse=True)
    name = library.messages.page.title[language]
    title = f"{name}: {library.messages.topic_name(topic)[language]}" if topic else name
    return Feed(topic, language, title, tuple(entries[:MOST]))


def as_atom(feed: Feed, library: Library, public: Addresses) -> Drawn:
    """The feed as Atom."""
    root = ElementTree.Element(_atom("feed"), {XML_LANG: feed.language})
    _add(root, "id", addresses.feed_id(feed.topic, feed.language))
    _add(root, "title", feed.title)
    _add(root, "updated", _moment(feed.updated))
    _add(root, "rights", structured.LICENCE)
    _add(
        ElementTree.SubElement(root, _atom("author")), "name", library.messages.site.publisher[feed.language]
    )
    own = addresses.of_feed(feed.topic, feed.language, "atom")
    _add(root, "link", rel="self", href=public.link(own))
    _add(root, "link", rel="alternate", type="text/html", href=public.link(_page(feed)))
    for entry in feed.entries:
        element = ElementTree.SubElement(root, _atom("entry"))
        _add(element, "id", entry.id)
        _add(element, "title", entry.title)
        _add(element, "published", _moment(entry.happened))
        _add(element, "updated", _moment(entry.updated))
        _add(
            element,
            "category",
            term=entry.topic,
            label=library.messages.topic_name(entry.topic)[feed.language],
        )
        _add(element, "link", rel="alternate", type="text/html", href=public.link(entry.path))
        _add(element, "content", entry.html, type="html")
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=False)
    return Drawn(
        f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n',
        "application/atom+xml",
        headers=structured.OPEN_DATA,
        changed=_midnight(feed.updated),
    )


def as_json(feed: Feed, library: Library, public: Addresses) -> Drawn:
    """The feed as JSON Feed; without PUBLIC_URL it has no addresses, which would have to be whole ones."""
    own = addresses.of_feed(feed.topic, feed.language, "json")
    data = _without_nothing({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": public.absolute(_page(feed)),
        "feed_url": public.absolute(own),
        "language": str(feed.language),
        "authors": [{"name": library.messages.site.publisher[feed.language]}],
        "items": [
            _without_nothing({
                "id": entry.id,
                "url": public.absolute(entry.path),
                "title": entry.title,
                "content_html": entry.html,
                "date_published": _moment(entry.happened),
                "date_modified": _moment(entry.updated),
                "language": str(feed.language),
                "tags": [entry.topic],
            })
            for entry in feed.entries
        ],
    })  # fmt: skip
    return Drawn(
        json.dumps(data, ensure_ascii=False),
        "application/feed+json",
        headers=structured.OPEN_DATA,
        changed=_midnight(feed.updated),
    )


def _entries(answer: Answer, language: Language, library: Library) -> Iterator[FeedEntry]:
    """What happened to an answer."""
    site, title = library.messages.site, answer[language].title
    path = addresses.of_answer(answer, language)
    dates = structured.days(answer, library)
    if library.published(answer.id) is answer:
        html = _html(answer, language, library)
        id_ = addresses.entry_id(answer.id, language)
        modified = structured.modified(answer, library)
        clarified = answer.clarified.date if answer.clarified else datetime.date.min
        yield FeedEntry(id_, title, path, answer.topic, html, dates.published, modified, clarified)
        if corrected := answer.corrected:
            on = corrected.date
            what = site.corrected[language].format(date=day(corrected.date), what=corrected.what[language])
            id_ = addresses.entry_id(answer.id, language, f"correction-{corrected.date}")
            heading = site.correction[language].format(title=title)
            html = f"<p><strong>{escape(what)}</strong></p>\n{html}"
            yield FeedEntry(id_, heading, path, answer.topic, html, on, on, on)
    elif library.withdrawn(answer.id) is answer:
        date = answer.withdrawn_on or dates.changed
        id_ = addresses.entry_id(answer.id, language, f"withdrawal-{date}")
        if answer.is_in_error:
            heading, html = site.gone[language], f"<p>{escape(site.gone_text[language])}</p>"
        else:
            heading = site.withdrawal[language].format(title=title)
            reason = answer.withdrawn and answer.withdrawn.reason
            html = f"<p>{escape(reason[language] if reason else heading)}</p>"
        yield FeedEntry(id_, heading, path, answer.topic, html, date, date, date)


def _of_bulletin(bulletin: Bulletin, language: Language) -> FeedEntry:
    """The issue of a bulletin of its date."""
    text, on = bulletin[language], bulletin.date
    return FeedEntry(
        addresses.entry_id(f"bulletin/{bulletin.id}", language, str(on)), text.title,
        addresses.of_bulletins(language, bulletin.id), bulletin.answers[0].partition(".")[0],
        to_html(text.text), on, on, on,
    )  # fmt: skip


def _html(answer: Answer, language: Language, library: Library) -> str:
    """An answer whole: claim and verdict, text, sources."""
    text, labels = answer[language], library.messages.labels
    parts = []
    if text.claim and answer.verdict:
        verdict = library.messages.verdicts.of(answer.verdict)[language]
        parts.append(
            f"<blockquote>{escape(text.claim)}</blockquote>\n<p><strong>{escape(verdict)}</strong></p>"
        )
    parts.append(to_html(text.answer))
    sources = "\n".join(f"- {source_line(source)}" for source in answer.sources)
    parts.append(f"<p>{escape(labels.source[language])}:</p>\n{to_html(sources)}")
    return "\n".join(parts)


def _page(feed: Feed) -> str:
    return addresses.of_topic(feed.topic, feed.language) if feed.topic else f"/{feed.language}"


def _atom(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> None:
    ElementTree.SubElement(parent, _atom(name), attributes).text = text


def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time(), VIETNAM)


def _moment(date: datetime.date) -> str:
    """A day as feeds have it: its first moment in Cần Thơ."""
    return _midnight(date).isoformat()


def _without_nothing(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
