"""What people are told without having asked just now: the staff's reply, news, a reply that was held."""

from __future__ import annotations

import datetime
from dataclasses import replace

from bot.cards.actions import UNSUBSCRIBE, unwatch_button
from bot.cards.answers import answer_card
from bot.cards.compose import compose, traceable, with_notice
from bot.cards.formatting import escape, verbatim
from bot.content.library import Library
from bot.domain import payload
from bot.domain.arrival import Arrival
from bot.domain.bulletin import bulletin_in
from bot.domain.card import Button, Card
from bot.domain.delivery import DueDelivery
from bot.domain.language import Language
from bot.domain.payload import for_watching
from bot.domain.plan import Kind, Plan, Plans


def compose_delivery(due: DueDelivery, library: Library, today: datetime.date) -> tuple[Card, ...]:
    """The cards of a delivery; none if what it tells of is withdrawn."""
    if due.plans:
        return _late_reply(due, Plans.validate_python(due.plans), library, today)
    if due.announcement and due.change:
        return _correction(due.announcement, due.language, library, today)
    if due.announcement and (bulletin_id := bulletin_in(due.announcement)):
        return _bulletin(bulletin_id, due.language, library)
    if due.announcement:
        return _announcement(due.announcement, due.language, library, today)
    return _staff_reply(due, library, today)


def _late_reply(
    due: DueDelivery, plans: tuple[Plan, ...], library: Library, today: datetime.date
) -> tuple[Card, ...]:
    # It waited for their next message, so news does, too.
    first, *others = compose(plans, library, today, arrival=Arrival.WITH_NEXT_MESSAGE).cards
    return with_notice(first, library.messages.phrases.late_reply[due.language]), *others


def _announcement(
    answer_id: str, language: Language, library: Library, today: datetime.date
) -> tuple[Card, ...]:
    if library.published(answer_id) is None:
        return ()
    news = answer_card(Plan(reply=Kind.ANSWER, language=language, id=answer_id), library, today)
    stop = Button(library.messages.labels.unsubscribe[language], UNSUBSCRIBE.payload)
    card = replace(news, action="announcement", buttons=(*news.buttons, stop))
    return traceable([with_notice(card, library.messages.phrases.announcement[language])], library)


def _correction(
    answer_id: str, language: Language, library: Library, today: datetime.date
) -> tuple[Card, ...]:
    """An answer that changed, or that it was withdrawn; with the button that ends being told of it."""
    if not library.tells_of(answer_id):
        return ()
    changed = answer_card(Plan(reply=Kind.ANSWER, language=language, id=answer_id), library, today)
    watch = for_watching(answer_id, language)
    stop = unwatch_button(answer_id, language, library)
    others = [button for button in changed.buttons if button.payload != watch]
    card = replace(changed, action="correction", buttons=(*others, stop))
    return traceable([with_notice(card, library.messages.phrases.correction[language])], library)


def _bulletin(bulletin_id: str, language: Language, library: Library) -> tuple[Card, ...]:
    bulletin = next((one for one in library.published_bulletins() if one.id == bulletin_id), None)
    if bulletin is None:
        return ()
    answers = [answer for answer in map(library.published, bulletin.answers) if answer]
    card = Card(
        kind=Kind.ACTION,
        language=language,
        action="bulletin",
        title=bulletin[language].title,
        text=bulletin[language].text,
        ids=tuple(answer.id for answer in answers),
        buttons=(
            *(Button(answer[language].title, payload.for_answer(answer.id)) for answer in answers),
            Button(library.messages.labels.unsubscribe[language], UNSUBSCRIBE.payload),
        ),
    )
    return traceable([with_notice(card, library.messages.phrases.announcement[language])], library)


def _staff_reply(due: DueDelivery, library: Library, today: datetime.date) -> tuple[Card, ...]:
    language = due.language
    text = library.messages.phrases.staff_reply[language].format(
        question=escape(due.question or ""), reply=verbatim(due.text or "")
    )
    cards = [Card(kind=Kind.ACTION, language=language, action="reply", text=text)]
    if due.answer and library.published(due.answer):
        cards.append(answer_card(Plan(reply=Kind.ANSWER, language=language, id=due.answer), library, today))
    return traceable(cards, library)
