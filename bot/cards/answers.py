"""Answers, and single sides of them."""

from __future__ import annotations

import datetime
from urllib.parse import urlencode

from bot.cards.actions import leave_button, watch_button
from bot.cards.contact import contact
from bot.cards.fallbacks import not_served_card
from bot.cards.formatting import day, source_line
from bot.cards.menus import related_buttons
from bot.content.library import Library
from bot.content.paths import media_path
from bot.content.schema import Answer
from bot.domain import payload
from bot.domain.answer import Facet
from bot.domain.card import Button, Card, Picture
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan


def answer_card(plan: Plan, library: Library, today: datetime.date) -> Card:
    """An answer in full."""
    answer = library.published(plan.id)
    if answer is None:
        return not_served_card(plan, library)
    language, labels, names = plan.language, library.messages.labels, library.messages.verdicts
    text = answer[language]
    return Card(
        kind=Kind.ANSWER,
        language=language,
        id=answer.id,
        action=plan.action,
        title=text.title,
        text=text.answer,
        claim=text.claim,
        verdict=answer.verdict,
        verdict_label=names.of(answer.verdict)[language] if answer.verdict else None,
        clarified=(
            f"{answer.clarified.by[language]}, {day(answer.clarified.date)}" if answer.clarified else None
        ),
        notice=_notice(plan, answer, library, today),
        sources=answer.sources,
        checked=answer.checked,
        office=library.office_of(answer)[language].name,
        map_url=map_url(answer),
        picture=picture_of(answer, language, library),
        buttons=(
            *_for_staff(plan, library),
            *related_buttons(answer, language, library),
            *_clip(answer, language, library),
            *_feedback(answer, language, library),
            *_share(answer, language, library),
            watch_button(answer, language, library),
            Button(labels.switch_language[language], payload.for_language(language.other)),
        ),
    )


def facet_card(plan: Plan, library: Library, today: datetime.date) -> Card:
    """One side of an answer; where it has none, who can tell, with the full answer within reach."""
    answer = library.published(plan.id)
    if answer is None or plan.facet is None:
        return not_served_card(plan, library)
    language, messages = plan.language, library.messages
    text = answer[language]
    stated = text.facets.get(plan.facet) or _computed(plan.facet, answer, language, library)
    if stated is None:
        stated = _not_stated(plan.facet, answer, language, library)
    return Card(
        kind=Kind.FACET,
        language=language,
        id=answer.id,
        facet=plan.facet,
        title=text.title,
        text=stated,
        sources=answer.sources,
        checked=answer.checked,
        notice=_notice(plan, answer, library, today),
        map_url=map_url(answer) if plan.facet in {Facet.LOCATION, Facet.GETTING_THERE} else None,
        buttons=(
            *_for_staff(plan, library),
            Button(messages.labels.full_answer[language], payload.for_answer(answer.id)),
            *related_buttons(answer, language, library)[:2],
        ),
    )


def _notice(plan: Plan, answer: Answer, library: Library, today: datetime.date) -> str | None:
    """What to know before relying on an answer, or before waiting for the staff's."""
    phrases, language = library.messages.phrases, plan.language
    notices = []
    if plan.reason == "for_staff":
        notices.append(phrases.for_staff[language])
    if answer.review_by < today:
        notices.append(phrases.out_of_date[language].format(date=day(answer.review_by)))
    return " ".join(notices) or None


def _for_staff(plan: Plan, library: Library) -> list[Button]:
    """Leaving a question for the staff although it has an answer, where that was wanted."""
    return [leave_button(plan.language, library)] if plan.reason == "for_staff" else []


def _feedback(answer: Answer, language: Language, library: Library) -> list[Button]:
    labels = library.messages.labels
    return [
        Button(labels.helpful[language], payload.for_feedback(answer.id, language, is_helpful=True)),
        Button(labels.unhelpful[language], payload.for_feedback(answer.id, language, is_helpful=False)),
    ]


def _share(answer: Answer, language: Language, library: Library) -> list[Button]:
    """Of a clarification: it is worth forwarding to wherever the claim goes round."""
    if answer.verdict is None:
        return []
    return [Button(library.messages.labels.share[language], payload.for_share(answer.id, language))]


def picture_of(answer: Answer, language: Language, library: Library) -> Picture | None:
    """The picture that stands beside an answer, or None."""
    media = answer.media
    if media is None:
        return None
    caption = library.messages.sharing.credit[language].format(credit=media.credit, licence=media.licence)
    return Picture(media_path(media.file[language]), media.alt[language], caption)


def _clip(answer: Answer, language: Language, library: Library) -> list[Button]:
    if answer.media is None or answer.media.clip is None:
        return []
    return [Button(library.messages.sharing.clip[language], url=answer.media.clip)]


def _computed(facet: Facet, answer: Answer, language: Language, library: Library) -> str | None:
    """What every answer can tell: its sources, and its office if there is a way to reach it."""
    if facet is Facet.SOURCE:
        return "\n".join(f"- {source_line(source)}" for source in answer.sources)
    if facet is Facet.CONTACT:
        return contact(library.office_of(answer), language, library)
    return None


def _not_stated(facet: Facet, answer: Answer, language: Language, library: Library) -> str:
    phrases, name = library.messages.phrases, library.messages.facets.of(facet)[language]
    title = answer[language].title
    ways = answer[language].facets.get(Facet.CONTACT) or contact(library.office_of(answer), language, library)
    if ways:
        return phrases.no_facet[language].format(title=title, facet=name) + "\n\n" + ways
    office = library.office_of(answer)[language].name
    return phrases.no_facet_no_contact[language].format(title=title, facet=name, office=office)


def map_url(answer: Answer) -> str | None:
    """A map search for the answer's place (Google's documented Maps URL), or None."""
    if answer.map is None:
        return None
    return "https://www.google.com/maps/search/?" + urlencode({"api": 1, "query": answer.map})
