"""What is said where there is no one answer: the choices, a fallback, or that something is gone."""

from __future__ import annotations

from bot.cards.actions import NONE_OF_THESE, leave_button
from bot.cards.formatting import day, escape
from bot.cards.menus import answer_button, related_buttons, topic_buttons
from bot.content.library import Library
from bot.content.schema import Answer
from bot.domain.answer import BothLanguages
from bot.domain.card import Button, Card
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan

CHOICES_MOST = 3
"""Answers offered at most. The Rasa side names no more (nlu/components/classifier.py) and remembers what it
named, for "the third one": with fewer here, people could pick what they were not shown."""


def choices_card(plan: Plan, library: Library) -> Card:
    """The answers that a message may mean; a fallback if none of them is published."""
    language, messages = plan.language, library.messages
    found = {a.id: a for a in map(library.published, plan.ids) if a}
    answers = list(found.values())[:CHOICES_MOST]
    if not answers:
        return fallback_card(plan.model_copy(update={"ids": ()}), library)
    text = messages.phrases.choices[language]
    if plan.reason == "ask_topic" and plan.facet:
        text = messages.phrases.ask_topic[language].format(facet=messages.facets.of(plan.facet)[language])
    return Card(
        kind=Kind.CHOICES,
        language=language,
        text=text,
        facet=plan.facet,
        ids=tuple(a.id for a in answers),
        buttons=(
            *(answer_button(a, language, plan.facet) for a in answers),
            Button(messages.labels.none_of_these[language], NONE_OF_THESE.payload),
        ),
    )


def fallback_card(plan: Plan, library: Library) -> Card:
    """That there is no answer, and why; the topics, and the staff where they may have one."""
    phrases = library.messages.phrases
    text: dict[str | None, BothLanguages] = {
        "again": phrases.fallback_again,
        "empty": phrases.empty,
        "unreadable": phrases.unreadable,
        "voice": phrases.voice,
        "video": phrases.video,
        "sticker": phrases.sticker,
        "poll": phrases.poll,
        "contact": phrases.contact,
        "picture_no_words": phrases.picture_no_words,
        "picture_refused": phrases.picture_refused,
        "picture_busy": phrases.picture_busy,
        "picture_gone": phrases.picture_gone,
        "trouble": phrases.trouble,
        "ask_topic": phrases.ask_topic,
    }
    words = text.get(plan.reason, phrases.fallback)[plan.language]
    if plan.facet:
        words = words.format(facet=library.messages.facets.of(plan.facet)[plan.language])
    buttons = [] if plan.reason == "trouble" else topic_buttons(plan.language, library)
    if plan.reason in {"no_answer", "again", None}:
        buttons.insert(0, leave_button(plan.language, library))
    return Card(
        kind=Kind.FALLBACK, language=plan.language, text=words, facet=plan.facet, buttons=tuple(buttons)
    )


def not_served_card(plan: Plan, library: Library) -> Card:
    """What is said of an id under which nothing is served: that it was withdrawn, with what stands
    in its place; as to any question without an answer, if it was never published; else that it is gone."""
    if answer := library.withdrawn(plan.id):
        return _withdrawn(answer, plan.language, library)
    if plan.id in library.answers:
        return fallback_card(plan.model_copy(update={"reason": "no_answer", "facet": None}), library)
    return Card(
        kind=Kind.FALLBACK,
        language=plan.language,
        text=library.messages.phrases.gone[plan.language],
        buttons=tuple(topic_buttons(plan.language, library)),
    )


def _withdrawn(answer: Answer, language: Language, library: Library) -> Card:
    phrases, title = library.messages.phrases, escape(answer[language].title)
    if answer.withdrawn_on:
        parts = [phrases.withdrawn[language].format(title=title, date=day(answer.withdrawn_on))]
    else:
        parts = [phrases.withdrawn_undated[language].format(title=title)]
    if answer.withdrawn and answer.withdrawn.reason:
        parts.append(answer.withdrawn.reason[language])
    successor = library.successor(answer)
    buttons = related_buttons(answer, language, library)
    if successor:
        buttons = [answer_button(successor, language)]
    if buttons:
        parts.append(phrases.instead[language])
    return Card(
        kind=Kind.FALLBACK,
        language=language,
        id=answer.id,
        action="withdrawn",
        text="\n\n".join(parts),
        buttons=tuple(buttons or topic_buttons(language, library)),
    )
