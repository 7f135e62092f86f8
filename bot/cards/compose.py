"""From a plan to cards: the words come from content/, in the person's language."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from bot.content.library import Library
from bot.content.schema import Answer, Office
from bot.domain import payload
from bot.domain.answer import ALL_NEWS, TOPICS, BothLanguages, Facet, Source
from bot.domain.arrival import Arrival
from bot.domain.card import Button, Card, Reply
from bot.domain.delivery import DueDelivery
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan, Plans

RECEPTION = "citizens-reception-board"
"""The office that takes what belongs to no other, as content/offices.yml names it."""

MENU_PAGE = 6
"""Answers on one page of a topic's menu: they fit a phone's screen as buttons."""

CHOICES_MOST = 3


def compose(
    plans: tuple[Plan, ...],
    library: Library,
    today: datetime.date,
    *,
    arrival: Arrival,
    is_cut: bool = False,
) -> Reply:
    """The reply that the plans stand for.

    Args:
        plans: what Rasa decided, at least one.
        library: the version of content/ that is served.
        today: to tell an answer that is past its review.
        arrival: of news on the channel; whoever subscribes is told.
        is_cut: the message was longer than what is read; the first card says so.
    """
    cards = [_card(plan, library, today) for plan in plans]
    for number, plan in enumerate(plans):
        if plan.action == "subscribe" and plan.step in {"ask", "do"}:
            when: BothLanguages = getattr(library.messages.phrases, arrival)
            cards[number] = _with_notice(cards[number], when[plan.language])
    if is_cut:
        notice = library.messages.phrases.too_long[cards[0].language]
        cards[0] = _with_notice(cards[0], notice)
    if library.notice:
        cards[0] = replace(cards[0], alert=library.notice[cards[0].language])
    return Reply(plans[0].language, _traceable(cards, library))


def compose_pause(sentence: BothLanguages, language: Language | None, library: Library) -> Card:
    """All that a channel says that is switched off; in both languages if nobody knows the person's."""
    text = sentence[language] if language else f"{sentence.vi}\n\n{sentence.en}"
    card = Card(kind=Kind.ACTION, language=language or Language.VI, action="paused", text=text)
    return replace(card, version=library.version)


def compose_delivery(due: DueDelivery, library: Library, today: datetime.date) -> tuple[Card, ...]:
    """The cards of what somebody is told without having asked just now; none if it is withdrawn."""
    language, phrases = due.language, library.messages.phrases
    if due.plans:
        # It waited for their next message, so news does, too.
        arrival = Arrival.WITH_NEXT_MESSAGE
        first, *others = compose(Plans.validate_python(due.plans), library, today, arrival=arrival).cards
        return _with_notice(first, phrases.late_reply[language]), *others
    if due.announcement:
        if library.published(due.announcement) is None:
            return ()
        news = _answer(Plan(reply=Kind.ANSWER, language=language, id=due.announcement), library, today)
        stop = Button(library.messages.labels.unsubscribe[language], payload.for_saying("unsubscribe"))
        card = replace(news, action="announcement", buttons=(*news.buttons, stop))
        return _traceable([_with_notice(card, phrases.announcement[language])], library)
    reply = Card(
        kind=Kind.ACTION,
        language=language,
        action="reply",
        text=phrases.staff_reply[language].format(
            question=escape(due.question or ""), reply=verbatim(due.text or "")
        ),
    )
    cards = [reply]
    if due.answer and library.published(due.answer):
        cards.append(_answer(Plan(reply=Kind.ANSWER, language=language, id=due.answer), library, today))
    return _traceable(cards, library)


def _traceable(cards: list[Card], library: Library) -> tuple[Card, ...]:
    return tuple(replace(card, version=library.version) for card in cards)


def _with_notice(card: Card, notice: str) -> Card:
    return replace(card, notice=f"{notice} {card.notice}" if card.notice else notice)


def _card(plan: Plan, library: Library, today: datetime.date) -> Card:
    makers: dict[Kind, Callable[[Plan, Library, datetime.date], Card]] = {
        Kind.ANSWER: _answer,
        Kind.FACET: _facet,
        Kind.CHOICES: _choices,
        Kind.FALLBACK: _fallback,
        Kind.SMALLTALK: _saying,
        Kind.ACTION: _action,
    }
    return makers[plan.reply](plan, library, today)


def _answer(plan: Plan, library: Library, today: datetime.date) -> Card:
    answer = library.published(plan.id)
    if answer is None:
        return _not_served(plan, library, today)
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
        buttons=(
            *_for_staff(plan, library),
            *_related(answer, language, library),
            *_feedback(answer, language, library),
            Button(labels.switch_language[language], payload.for_language(language.other)),
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
    return [_leave_button(plan.language, library)] if plan.reason == "for_staff" else []


def _feedback(answer: Answer, language: Language, library: Library) -> list[Button]:
    labels = library.messages.labels
    return [
        Button(labels.helpful[language], payload.for_feedback(answer.id, language, is_helpful=True)),
        Button(labels.unhelpful[language], payload.for_feedback(answer.id, language, is_helpful=False)),
    ]


def _related(answer: Answer, language: Language, library: Library) -> list[Button]:
    found = {a.id: a for a in map(library.published, answer.related) if a and a.id != answer.id}
    return [Button(a[language].title, payload.for_answer(a.id)) for a in found.values()]


def _facet(plan: Plan, library: Library, today: datetime.date) -> Card:
    """One side of an answer; where it has none, who can tell, with the full answer within reach."""
    answer = library.published(plan.id)
    if answer is None or plan.facet is None:
        return _not_served(plan, library, today)
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
            *_related(answer, language, library)[:2],
        ),
    )


def _computed(facet: Facet, answer: Answer, language: Language, library: Library) -> str | None:
    """What every answer can tell: its sources, and its office if there is a way to reach it."""
    if facet is Facet.SOURCE:
        return "\n".join(f"- {source_line(source)}" for source in answer.sources)
    if facet is Facet.CONTACT:
        return _contact(library.office_of(answer), language, library)
    return None


def _contact(office: Office, language: Language, library: Library) -> str | None:
    """The office's name and how to reach it, or None if nothing but the name is known."""
    labels = library.messages.labels
    ways = [
        (labels.address, office[language].address),
        (labels.phone, office.phone),
        (labels.website, office.website),
    ]
    known = [f"- {label[language]}: {value}" for label, value in ways if value]
    return "\n".join([f"**{office[language].name}**", "", *known]) if known else None


def _not_stated(facet: Facet, answer: Answer, language: Language, library: Library) -> str:
    phrases, name = library.messages.phrases, library.messages.facets.of(facet)[language]
    title = answer[language].title
    contact = answer[language].facets.get(Facet.CONTACT) or _contact(
        library.office_of(answer), language, library
    )
    if contact:
        return phrases.no_facet[language].format(title=title, facet=name) + "\n\n" + contact
    office = library.office_of(answer)[language].name
    return phrases.no_facet_no_contact[language].format(title=title, facet=name, office=office)


def _choices(plan: Plan, library: Library, today: datetime.date) -> Card:
    language, messages = plan.language, library.messages
    found = {a.id: a for a in map(library.published, plan.ids) if a}
    answers = list(found.values())[:CHOICES_MOST]
    if not answers:
        return _fallback(plan.model_copy(update={"reply": Kind.FALLBACK, "ids": ()}), library, today)
    return Card(
        kind=Kind.CHOICES,
        language=language,
        text=messages.phrases.choices[language],
        ids=tuple(a.id for a in answers),
        buttons=(
            *(Button(a[language].title, payload.for_answer(a.id)) for a in answers),
            Button(messages.labels.none_of_these[language], payload.for_saying("none_of_these")),
        ),
    )


def _fallback(plan: Plan, library: Library, today: datetime.date) -> Card:
    phrases = library.messages.phrases
    text: dict[str | None, BothLanguages] = {
        "again": phrases.fallback_again,
        "empty": phrases.empty,
        "unreadable": phrases.unreadable,
        "trouble": phrases.trouble,
        "ask_topic": phrases.ask_topic,
    }
    words = text.get(plan.reason, phrases.fallback)[plan.language]
    if plan.facet:
        words = words.format(facet=library.messages.facets.of(plan.facet)[plan.language])
    buttons = [] if plan.reason == "trouble" else _topic_buttons(plan.language, library)
    if plan.reason in {"no_answer", "again", None}:
        buttons.insert(0, _leave_button(plan.language, library))
    return Card(
        kind=Kind.FALLBACK, language=plan.language, text=words, facet=plan.facet, buttons=tuple(buttons)
    )


def _not_served(plan: Plan, library: Library, today: datetime.date) -> Card:
    """What is said of an id under which nothing is served: that it was withdrawn, with what stands
    in its place; as to any question without an answer, if it was never published; else that it is gone."""
    if answer := library.withdrawn(plan.id):
        return _withdrawn(answer, plan.language, library)
    if plan.id in library.answers:
        return _fallback(plan.model_copy(update={"reason": "no_answer", "facet": None}), library, today)
    return _gone(plan, library)


def _withdrawn(answer: Answer, language: Language, library: Library) -> Card:
    phrases, title = library.messages.phrases, escape(answer[language].title)
    if answer.withdrawn_on:
        parts = [phrases.withdrawn[language].format(title=title, date=day(answer.withdrawn_on))]
    else:
        parts = [phrases.withdrawn_undated[language].format(title=title)]
    if answer.withdrawn and answer.withdrawn.reason:
        parts.append(answer.withdrawn.reason[language])
    successor = library.successor(answer)
    buttons = _related(answer, language, library)
    if successor:
        buttons = [Button(successor[language].title, payload.for_answer(successor.id))]
    if buttons:
        parts.append(phrases.instead[language])
    return Card(
        kind=Kind.FALLBACK,
        language=language,
        id=answer.id,
        action="withdrawn",
        text="\n\n".join(parts),
        buttons=tuple(buttons or _topic_buttons(language, library)),
    )


def _gone(plan: Plan, library: Library) -> Card:
    return Card(
        kind=Kind.FALLBACK,
        language=plan.language,
        text=library.messages.phrases.gone[plan.language],
        buttons=tuple(_topic_buttons(plan.language, library)),
    )


def _saying(plan: Plan, library: Library, today: datetime.date) -> Card:
    """Small talk, said as content/messages.yml has it; a greeting shows the topics."""
    words: BothLanguages = getattr(library.messages.phrases, plan.action or "smalltalk")
    shows_topics = plan.action not in {"thanks", "goodbye", "insult"}
    buttons = _topic_buttons(plan.language, library) if shows_topics else []
    return Card(
        kind=Kind.SMALLTALK,
        language=plan.language,
        action=plan.action,
        text=words[plan.language],
        buttons=tuple(buttons),
    )


def _action(plan: Plan, library: Library, today: datetime.date) -> Card:
    language, labels, phrases = plan.language, library.messages.labels, library.messages.phrases
    buttons: list[Button] = []
    match plan.action, plan.step:
        case "topics", _ if plan.topic in TOPICS:
            text, buttons = _menu_page(plan.topic, plan.page, language, library)
        case "language", "ask":
            text = phrases.language_ask[language]
            buttons = [
                Button(labels.switch_language[known.other], payload.for_language(known)) for known in Language
            ]
        case "subscribe", "ask":
            text, buttons = phrases.subscribe_ask[language], _subscribing(language, library)
        case "subscribe", "do":
            text, buttons = _subscribed(plan.topics, language, library)
        case "handoff", "ask" if plan.reason == "no_answer":
            text, buttons = phrases.handoff_offer[language], _yes_or_no("handoff", language, library)
            text = text.format(question=escape(plan.question or ""))
        case action, "ask":
            text = getattr(phrases, f"{action}_ask")[language].format(question=escape(plan.question or ""))
            buttons = _yes_or_no(str(action), language, library)
        case _, "cancel":
            text, buttons = phrases.cancelled[language], _topic_buttons(language, library)
        case "handoff", "do":
            text = _with_contact(phrases.handoff_done[language], plan, library)
        case "handoff", _:
            text = _with_contact(phrases.handoff_nothing[language], plan, library)
        case action, "do":
            text = getattr(phrases, f"{action}_done")[language]
        case "back", _:
            text, buttons = phrases.nothing_in_hand[language], _topic_buttons(language, library)
        case "helpful", _:
            text = phrases.helpful[language]
        case "unhelpful", _:
            text, buttons = phrases.unhelpful[language], _instead(plan, library)
        case (("none_of_these" | "no_clarification"), _):
            text = getattr(phrases, str(plan.action))[language]
            buttons = [_leave_button(language, library), *_topic_buttons(language, library)]
        case (("emergency" | "care"), _):
            text = getattr(phrases, str(plan.action))[language]
        case action, _:
            text = getattr(phrases, str(action))[language]
            buttons = _topic_buttons(language, library)
    if plan.reason == "unclear":
        text = f"{text.rstrip()}\n\n{phrases.not_done_yet[language]}"
    return Card(
        kind=Kind.ACTION,
        language=language,
        action=plan.action,
        text=text,
        ids=plan.ids,
        buttons=tuple(buttons),
    )


def _yes_or_no(action: str, language: Language, library: Library) -> list[Button]:
    labels = library.messages.labels
    return [
        Button(labels.yes[language], payload.for_confirming(action, is_wanted=True)),
        Button(labels.no[language], payload.for_confirming(action, is_wanted=False)),
    ]


def _subscribing(language: Language, library: Library) -> list[Button]:
    """All news, or a topic's; in this language or the other."""
    labels = library.messages.labels
    yes, no = _yes_or_no("subscribe", language, library)
    return [
        yes,
        *_news_buttons(labels.only_topic, frozenset(), language, library),
        Button(labels.switch_language[language], payload.for_language(language.other)),
        no,
    ]


def _subscribed(topics: tuple[str, ...], language: Language, library: Library) -> tuple[str, list[Button]]:
    """What somebody gets news of now, and what they may want beside it."""
    messages = library.messages
    if ALL_NEWS in topics:
        return messages.phrases.subscribe_done[language], []
    names = ", ".join(messages.topic_name(topic)[language] for topic in topics)
    text = messages.phrases.subscribe_done_topics[language].format(topics=names)
    return text, _news_buttons(messages.labels.also_topic, frozenset(topics), language, library)


def _news_buttons(
    label: BothLanguages, chosen: frozenset[str], language: Language, library: Library
) -> list[Button]:
    """A button for each topic that news may be about and that is not chosen yet."""
    return [
        Button(
            label[language].format(topic=library.messages.topic_name(topic)[language]),
            payload.for_news(topic),
        )
        for topic in TOPICS
        if topic not in {*chosen, ALL_NEWS}
    ]


def _with_contact(text: str, plan: Plan, library: Library) -> str:
    """The text, and below it how to reach the likely office, else the one that takes everything."""
    for name in (plan.office, RECEPTION):
        office = library.offices.get(name or "")
        if office and (contact := _contact(office, plan.language, library)):
            return f"{text}\n\n{contact}"
    return text


def _instead(plan: Plan, library: Library) -> list[Button]:
    """What else may help where an answer did not: what came next to it, or its neighbours; the staff."""
    answer, labels = library.published(plan.id), library.messages.labels
    next_ones = [a for a in map(library.published, plan.ids) if a]
    return [
        *(Button(a[plan.language].title, payload.for_answer(a.id)) for a in next_ones),
        *(_related(answer, plan.language, library) if answer and not next_ones else ()),
        _leave_button(plan.language, library),
        Button(labels.topics[plan.language], payload.for_saying("topics")),
    ]


def _leave_button(language: Language, library: Library) -> Button:
    return Button(library.messages.labels.leave_question[language], payload.for_saying("handoff"))


def _topic_buttons(language: Language, library: Library) -> list[Button]:
    return [
        Button(library.messages.topic_name(topic)[language], payload.for_topic(topic))
        for topic in TOPICS
        if library.of_topic(topic)
    ]


def _menu_page(topic: str, page: int, language: Language, library: Library) -> tuple[str, list[Button]]:
    """One page of a topic's answers as buttons; a page beyond the last is the last."""
    answers, labels = library.of_topic(topic), library.messages.labels
    last = max(1, -(-len(answers) // MENU_PAGE))
    page = min(max(page, 1), last)
    shown = answers[(page - 1) * MENU_PAGE : page * MENU_PAGE]
    buttons = [Button(answer[language].title, payload.for_answer(answer.id)) for answer in shown]
    if page < last:
        buttons.append(Button(labels.more[language], payload.for_topic(topic, page + 1)))
    if page > 1:
        buttons.append(Button(labels.back[language], payload.for_topic(topic, page - 1)))
    buttons.append(Button(labels.topics[language], payload.for_saying("topics")))
    name = library.messages.topic_name(topic)[language]
    return library.messages.phrases.topic[language].format(topic=name), buttons


def day(date: datetime.date) -> str:
    """A date as both languages read it without mistaking day for month where it matters: 05/11/2026."""
    return f"{date:%d/%m/%Y}"


def partial_day(date: str) -> str:
    """An ISO day, month or year in the same order: 05/11/2026, 11/2026, 2026."""
    return "/".join(reversed(date.split("-")))


def source_line(source: Source) -> str:
    """A source as one line of Markdown: title as a link, number, issuer, date."""
    title = f"[{escape(source.title)}]({source.url})" if source.url else escape(source.title)
    date = partial_day(source.date) if source.date else None
    facts = [escape(fact) for fact in (source.number, source.issuer, date) if fact]
    return ", ".join([title, *facts])


def escape(text: str) -> str:
    """Text with Markdown's own characters escaped."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>#" else c for c in text)


def verbatim(text: str) -> str:
    """Plain text as Markdown that shows it as typed: lines stay lines, and only addresses are links."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(text.split("\r\n")).strip())
    return "\n\n".join(
        "\\\n".join(_verbatim_line(line) for line in paragraph.splitlines()) for paragraph in paragraphs
    )


def _verbatim_line(line: str) -> str:
    words = re.split(r"(https?://[^\s<>]*[^\s<>.,;:!?)\]}'\"…”’])", line.strip())
    written = "".join(f"<{word}>" if place % 2 else escape(word) for place, word in enumerate(words))
    # At the beginning of a line these would make a list, or a rule.
    return re.sub(r"^([-+=~]|\d{1,9}(?=[.)]))", _escape_first, written)


def _escape_first(found: re.Match[str]) -> str:
    mark = found[1]
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def map_url(answer: Answer) -> str | None:
    """A map search for the answer's place (Google's documented Maps URL), or None."""
    if answer.map is None:
        return None
    return "https://www.google.com/maps/search/?" + urlencode({"api": 1, "query": answer.map})
