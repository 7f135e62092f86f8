"""What machines are told of an answer, in the words of schema.org, and all answers as data."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from bot.content.library import Dates, Library
from bot.content.schema import Answer
from bot.content.wards import Ward
from bot.domain.answer import Source, Verdict
from bot.domain.clock import local_day
from bot.domain.language import Language
from bot.site import addresses
from bot.site.addresses import Addresses
from bot.site.snapshots import Drawn
from bot.text.rich import markdown, plain

Data = dict[str, Any]

CONTEXT = "https://schema.org"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
BEST, WORST = 5, 1

RATINGS = {Verdict.REFUTED: 1, Verdict.MISLEADING: 2, Verdict.PARTLY_TRUE: 3, Verdict.CONFIRMED: 5}
"""How true a claim is, from WORST to BEST. One that is out of date was true and is none of these."""

REVISION_LENGTH = 12

OPEN_DATA = {"Access-Control-Allow-Origin": "*"}
"""Other sites' pages may read it, too."""


def days(answer: Answer, library: Library) -> Dates:
    """When an answer was published first and changed last, as far as is known; else when it was checked."""
    known = library.dates.get(answer.id)
    if known is None:
        begin = local_day(answer.publish_at) if answer.publish_at else answer.checked
        return Dates(begin, max(begin, answer.checked))
    if answer.publish_at:  # its file was there before
        begin = max(known.published, local_day(answer.publish_at))
        return Dates(begin, max(begin, known.changed))
    return known


def modified(answer: Answer, library: Library) -> datetime.date:
    """The day on which an answer was changed or looked over last."""
    return max(days(answer, library).changed, answer.checked)


def plain_text(text: str) -> str:
    """Markdown as the text that is read."""
    return plain(markdown(text))


def of_answer(answer: Answer, language: Language, library: Library, public: Addresses) -> Data:
    """An answer's page as schema.org has it: a ClaimReview of a clarification, else a WebPage."""
    return {"@context": CONTEXT, **_of_answer(answer, language, library, public)}


def of_ward(ward: Ward, name: str, language: Language, library: Library, public: Addresses) -> Data:
    """A ward's page."""
    wards = library.wards
    url = public.absolute(addresses.of_ward(ward, language))
    area: Data = {
        "@type": "AdministrativeArea",
        "name": name,
        "containedInPlace": {"@type": "City", "name": library.messages.site.publisher[language]},
        "geo": {"@type": "GeoCoordinates", "latitude": ward.centre.lat, "longitude": ward.centre.lon},
    }
    return _without_nothing({
        "@context": CONTEXT,
        "@type": "WebPage",
        "url": url,
        "name": name,
        "inLanguage": str(language),
        "dateModified": str(wards.checked) if wards else None,
        "publisher": _publisher(language, library, public),
        "license": LICENCE,
        "mainEntity": area,
        "citation": [_citation(source) for source in wards.sources] if wards else None,
    })  # fmt: skip


def claims(library: Library, public: Addresses) -> Drawn:
    """/claims.json: the clarifications in both languages, as a DataFeed."""
    answers = library.of_topic("clarification")
    elements = [
        {
            "@type": "DataFeedItem",
            "dateCreated": str(days(answer, library).published),
            "dateModified": str(modified(answer, library)),
            "item": _of_answer(answer, language, library, public),
        }
        for answer in answers
        for language in Language
    ]
    messages = library.messages
    feed = _without_nothing({
        "@context": CONTEXT,
        "@type": "DataFeed",
        "name": f"{messages.page.title.vi} · {messages.page.title.en}",
        "url": public.absolute("/claims.json"),
        "dateModified": max((str(modified(answer, library)) for answer in answers), default=None),
        "license": LICENCE,
        "publisher": _publisher(Language.VI, library, public),
    })  # fmt: skip
    return _json({**feed, "dataFeedElement": elements}, "application/ld+json")


def answers(library: Library, public: Addresses) -> Drawn:
    """/answers.json: what is served, whole, and what was withdrawn; texts are Markdown."""
    served = [answer for answer in library.answers.values() if library.published(answer.id) is answer]
    withdrawn = [answer for answer in library.answers.values() if library.withdrawn(answer.id) is answer]
    data = {
        "version": library.version,
        "license": LICENCE,
        "answers": [_whole(answer, library, public) for answer in served],
        "withdrawn": [
            {
                "id": answer.id,
                "date": str(answer.withdrawn_on) if answer.withdrawn_on else None,
                "reason": _dumped(answer.withdrawn.reason) if answer.withdrawn else None,
            }
            for answer in withdrawn
        ],
    }
    return _json(data, "application/json")


def revision(answer: Answer) -> str:
    """A name for all that an answer says: another one once any of it changed. Questions count for nothing."""
    questions = {"questions": True}
    said = answer.model_dump_json(exclude={"vi": questions, "en": questions})
    return hashlib.sha256(said.encode()).hexdigest()[:REVISION_LENGTH]


def _whole(answer: Answer, library: Library, public: Addresses) -> Data:
    dates, superseded = days(answer, library), list(answer.supersedes)
    sides = {
        str(language): {
            "url": public.link(addresses.of_answer(answer, language)),
            "title": answer[language].title,
            "claim": answer[language].claim,
            "answer": answer[language].answer,
            "facets": {str(facet): text for facet, text in answer[language].facets.items()},
        }
        for language in Language
    }
    office = library.office_of(answer)
    return {
        "id": answer.id,
        "revision": revision(answer),
        "topic": answer.topic,
        "published": str(dates.published),
        "changed": str(dates.changed),
        "checked": str(answer.checked),
        "review_by": str(answer.review_by),
        "supersedes": superseded,
        "related": list(answer.related),
        "office": {str(language): office[language].name for language in Language},
        "sources": [_dumped(source) for source in answer.sources],
        "verdict": str(answer.verdict) if answer.verdict else None,
        "clarified": _dumped(answer.clarified),
        "first_seen": _dumped(answer.first_seen),
        "corrected": _dumped(answer.corrected),
        **sides,
    }


def _of_answer(answer: Answer, language: Language, library: Library, public: Addresses) -> Data:
    text, dates = answer[language], days(answer, library)
    page: Data = {
        "@type": "WebPage",
        "url": public.absolute(addresses.of_answer(answer, language)),
        "name": text.title,
        "inLanguage": str(language),
        "datePublished": str(dates.published),
        "dateModified": str(modified(answer, library)),
        "publisher": _publisher(language, library, public),
        "license": LICENCE,
        "citation": [_citation(source) for source in answer.sources],
    }
    if answer.verdict is None or text.claim is None:
        return _without_nothing({**page, "text": plain_text(text.answer)})
    return _without_nothing({
        **page,
        "@type": "ClaimReview",
        "author": page["publisher"],
        "claimReviewed": text.claim,
        "reviewBody": plain_text(text.answer),
        "reviewRating": _rating(answer.verdict, language, library),
        "itemReviewed": _claim(answer, language),
    })  # fmt: skip


def _rating(verdict: Verdict, language: Language, library: Library) -> Data:
    word = library.messages.verdicts.of(verdict)[language]
    rating: Data = {"@type": "Rating", "alternateName": word}
    if verdict in RATINGS:
        rating |= {"ratingValue": RATINGS[verdict], "bestRating": BEST, "worstRating": WORST}
    return rating


def _claim(answer: Answer, language: Language) -> Data:
    """The claim, with where it was met first."""
    claim: Data = {"@type": "Claim", "name": answer[language].claim}
    if seen := answer.first_seen:
        first = _without_nothing({
            "@type": "CreativeWork",
            "url": seen.url,
            "datePublished": str(seen.date) if seen.date else None,
            "creditText": seen.who,
        })  # fmt: skip
        claim |= {"firstAppearance": first}
        if seen.date:
            claim |= {"datePublished": str(seen.date)}
    return claim


def _publisher(language: Language, library: Library, public: Addresses) -> Data:
    return _without_nothing({
        "@type": "GovernmentOrganization",
        "name": library.messages.site.publisher[language],
        "url": public.absolute(f"/{language}"),
    })  # fmt: skip


def _citation(source: Source) -> Data:
    return _without_nothing({
        "@type": "CreativeWork",
        "name": source.title,
        "identifier": source.number,
        "datePublished": source.date,
        "url": source.url,
        "publisher": {"@type": "Organization", "name": source.issuer} if source.issuer else None,
    })  # fmt: skip


def _without_nothing(data: Data) -> Data:
    return {key: value for key, value in data.items() if value is not None and value != []}


def _dumped(part: Any) -> Any:
    return part.model_dump(mode="json") if part is not None else None


def _json(data: Data, media_type: str) -> Drawn:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Drawn(text, media_type, headers=OPEN_DATA)
