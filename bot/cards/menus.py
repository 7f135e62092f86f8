"""Ways on to answers, as buttons: the topics, a topic's pages, an answer's neighbours."""

from __future__ import annotations

from bot.content.library import Library
from bot.content.schema import Answer
from bot.domain import payload
from bot.domain.answer import TOPICS, Facet
from bot.domain.card import Button
from bot.domain.language import Language

MENU_PAGE = 6
"""Answers on one page of a topic's menu: they fit a phone's screen as buttons."""


def topic_buttons(language: Language, library: Library) -> list[Button]:
    """A button for each topic that has answers."""
    return [
        Button(library.messages.topic_name(topic)[language], payload.for_topic(topic))
        for topic in TOPICS
        if library.of_topic(topic)
    ]


def page_buttons(topic: str, page: int, language: Language, library: Library) -> list[Button]:
    """One page of a topic's answers, and the pages beside it; a page beyond the last is the last."""
    answers, labels = library.of_topic(topic), library.messages.labels
    last = max(1, -(-len(answers) // MENU_PAGE))
    page = min(max(page, 1), last)
    shown = answers[(page - 1) * MENU_PAGE : page * MENU_PAGE]
    buttons = [answer_button(answer, language) for answer in shown]
    if page < last:
        buttons.append(Button(labels.more[language], payload.for_topic(topic, page + 1)))
    if page > 1:
        buttons.append(Button(labels.back[language], payload.for_topic(topic, page - 1)))
    return buttons


def related_buttons(answer: Answer, language: Language, library: Library) -> list[Button]:
    """A button for each of an answer's neighbours that is published."""
    found = {a.id: a for a in map(library.published, answer.related) if a and a.id != answer.id}
    return [answer_button(a, language) for a in found.values()]


def answer_button(answer: Answer, language: Language, facet: Facet | None = None) -> Button:
    """The button that asks for an answer, or one side of it."""
    asked = payload.for_facet(answer.id, facet) if facet else payload.for_answer(answer.id)
    return Button(answer[language].title, asked)
