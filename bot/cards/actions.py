"""What the bot says and does beside answering: a row of ACTIONS, at the end, for each thing.

To add one: its row, its sentences in content/messages.yml (a field each in bot/content/messages.py), its
intent and rules in the Rasa side's data (domain.yml, stories/, nlu/actions.yml), and its test. What one
changes beside words, such as a subscription, stands in bot/answering/effects.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.cards.contact import staff_contact
from bot.cards.formatting import escape
from bot.cards.menus import answer_button, page_buttons, related_buttons, topic_buttons
from bot.content.library import Library
from bot.content.messages import Phrases
from bot.content.paths import page_path, share_path
from bot.content.schema import Answer
from bot.domain import payload
from bot.domain.answer import ALL_NEWS, TOPICS, BothLanguages
from bot.domain.arrival import Arrival
from bot.domain.card import Button, Card, Picture
from bot.domain.commands import Command
from bot.domain.language import Language
from bot.domain.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an action, in the plan's language; notice: what is said above the text."""

    text: str
    buttons: list[Button]
    notice: str | None = None
    picture: Picture | None = None


Say = Callable[[Plan, Library, Arrival], Said]
"""Says what a plan stands for; the arrival is that of news on the person's channel."""

Phrase = Callable[[Phrases], BothLanguages]
Buttons = Callable[[Plan, Library], list[Button]]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the bot says or does beside answering.

    name: in plans and on cards; part of the public interface.
    says: what is said at once; of an action that is asked about first, when there is nothing to do.
    asks: the question that comes first.
    done: what is said after a "yes" to it. An action that has this is never done without one.
    intent: the one that its button sends; None if it has no button.
    command: what may be typed in place of the button ("/help"), without the slash.
    """

    name: str
    says: Say | None = None
    asks: Say | None = None
    done: Say | None = None
    intent: str | None = None
    command: str | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether it is done after a "yes" only."""
        return self.done is not None

    @property
    def payload(self) -> str:
        """What its button sends. Raises LookupError if it has none."""
        if self.intent is None:
            raise LookupError(f"the action {self.name} has no button: give its row an intent")
        return payload.for_saying(self.intent)

    def at(self, step: Step | None) -> Say:
        """What is said at a step. Raises LookupError if that is nothing."""
        found = {None: self.says, "ask": self.asks, "do": self.done, "cancel": _cancelled}[step]
        if found is None:
            raise LookupError(f"the action {self.name} says nothing at the step {step}")
        return found


def action_card(plan: Plan, library: Library, arrival: Arrival) -> Card:
    """The card of an action or of small talk."""
    action = ACTIONS[plan.action or SMALLTALK.name]
    said = action.at(plan.step)(plan, library, arrival)
    text = said.text
    if plan.reason == "unclear":
        text = f"{text.rstrip()}\n\n{library.messages.phrases.not_done_yet[plan.language]}"
    return Card(
        kind=plan.reply,
        language=plan.language,
        action=plan.action,
        text=text,
        ids=plan.ids,
        buttons=tuple(said.buttons),
        notice=said.notice,
        id=plan.id if said.picture else None,
        picture=said.picture,
    )


def button_for(command: Command) -> str | None:
    """The payload of the button that a typed command stands for; None for one that means nothing to us.

    What a channel's own links put behind /start, the channel reads.
    """
    if command.name == LANGUAGE.command and command.parameter.lower() in set(Language):
        return payload.for_language(Language(command.parameter.lower()))
    return COMMANDS.get(command.name)


def watch_button(answer: Answer, language: Language, library: Library) -> Button:
    """The button that asks to be told when an answer changes."""
    return Button(library.messages.labels.watch[language], payload.for_watching(answer.id, language))


def unwatch_button(answer_id: str, language: Language, library: Library) -> Button:
    """The button that takes that back."""
    sent = payload.for_watching(answer_id, language, is_wanted=False)
    return Button(library.messages.labels.unwatch[language], sent)


def leave_button(language: Language, library: Library) -> Button:
    """The button that leaves a question for the staff."""
    return Button(library.messages.labels.leave_question[language], HANDOFF.payload)


# What most rows are made of: a phrase, and buttons below it.


def _say(phrase: Phrase, buttons: Buttons = lambda _plan, _library: []) -> Say:
    def said(plan: Plan, library: Library, _arrival: Arrival) -> Said:
        return Said(phrase(library.messages.phrases)[plan.language], buttons(plan, library))

    return said


def _topics(plan: Plan, library: Library) -> list[Button]:
    return topic_buttons(plan.language, library)


def _leave_or_topics(plan: Plan, library: Library) -> list[Button]:
    return [leave_button(plan.language, library), *topic_buttons(plan.language, library)]


def _yes_or_no(plan: Plan, library: Library) -> list[Button]:
    labels, action = library.messages.labels, str(plan.action)
    return [
        Button(labels.yes[plan.language], payload.for_confirming(action, is_wanted=True)),
        Button(labels.no[plan.language], payload.for_confirming(action, is_wanted=False)),
    ]


_cancelled = _say(lambda phrases: phrases.cancelled, _topics)


# What some rows say in their own way.


def _menu(plan: Plan, library: Library, arrival: Arrival) -> Said:
    """The topics, or a page of one."""
    language, messages = plan.language, library.messages
    if plan.topic not in TOPICS:
        return _say(lambda phrases: phrases.topics, _topics)(plan, library, arrival)
    name = messages.topic_name(plan.topic)[language]
    return Said(
        messages.phrases.topic[language].format(topic=name),
        [*page_buttons(plan.topic, plan.page, language, library), _topics_button(language, library)],
    )


def _topics_button(language: Language, library: Library) -> Button:
    return Button(library.messages.labels.topics[language], TOPICS_MENU.payload)


def _languages(_plan: Plan, library: Library) -> list[Button]:
    labels = library.messages.labels
    return [Button(labels.switch_language[known.other], payload.for_language(known)) for known in Language]


def _offer_to_leave(plan: Plan, library: Library, _arrival: Arrival) -> Said:
    phrases = library.messages.phrases
    question = phrases.handoff_offer if plan.reason == "no_answer" else phrases.handoff_ask
    text = question[plan.language].format(question=escape(plan.question or ""))
    return Said(text, _yes_or_no(plan, library))


def _left(plan: Plan, library: Library, _arrival: Arrival) -> Said:
    return Said(_with_contact(library.messages.phrases.handoff_done, plan, library), [])


def _nothing_to_leave(plan: Plan, library: Library, _arrival: Arrival) -> Said:
    return Said(_with_contact(library.messages.phrases.handoff_nothing, plan, library), [])


def _with_contact(phrase: BothLanguages, plan: Plan, library: Library) -> str:
    """The phrase, and below it how to reach the staff."""
    ways = staff_contact(plan.office, plan.language, library)
    return f"{phrase[plan.language]}\n\n{ways}" if ways else phrase[plan.language]


def _offer_news(plan: Plan, library: Library, arrival: Arrival) -> Said:
    """All news, or a topic's; in this language or the other."""
    language, labels = plan.language, library.messages.labels
    yes, no = _yes_or_no(plan, library)
    buttons = [
        yes,
        *_news_buttons(labels.only_topic, frozenset(), language, library),
        Button(labels.switch_language[language], payload.for_language(language.other)),
        no,
    ]
    text = library.messages.phrases.subscribe_ask[language]
    return Said(text, buttons, _when_news_comes(arrival, language, library))


def _subscribed(plan: Plan, library: Library, arrival: Arrival) -> Said:
    """What somebody gets news of, and what they may want beside it."""
    language, messages = plan.language, library.messages
    notice = _when_news_comes(arrival, language, library)
    if ALL_NEWS in plan.topics:
        return Said(messages.phrases.subscribe_done[language], [], notice)
    names = ", ".join(messages.topic_name(topic)[language] for topic in plan.topics)
    text = messages.phrases.subscribe_done_topics[language].format(topics=names)
    buttons = _news_buttons(messages.labels.also_topic, frozenset(plan.topics), language, library)
    return Said(text, buttons, notice)


def _when_news_comes(arrival: Arrival, language: Language, library: Library) -> str:
    phrases = library.messages.phrases
    return {
        Arrival.AT_ONCE: phrases.arrives_at_once,
        Arrival.ON_RETURN: phrases.arrives_on_return,
        Arrival.WITH_NEXT_MESSAGE: phrases.arrives_with_next_message,
    }[arrival][language]


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


def _watching(plan: Plan, library: Library, arrival: Arrival) -> Said:
    """Of which answer somebody will be told, for how long, and how to take that back."""
    language, answer = plan.language, library.published(plan.id)
    title = escape(answer[language].title) if answer else ""
    text = library.messages.phrases.watch[language].format(title=title)
    buttons = [unwatch_button(plan.id, language, library)] if plan.id else []
    return Said(text, buttons, _when_news_comes(arrival, language, library))


def _say_with_answers(phrase: Phrase, instead: Phrase) -> Say:
    """A phrase, and below it the answers that may help instead, where there are any."""

    def said(plan: Plan, library: Library, _arrival: Arrival) -> Said:
        answers = [answer for answer in map(library.published, plan.ids) if answer]
        phrases = [phrase, instead] if answers else [phrase]
        return Said(
            "\n\n".join(one(library.messages.phrases)[plan.language] for one in phrases),
            [*(answer_button(a, plan.language) for a in answers), *_topics(plan, library)],
        )

    return said


def _instead(plan: Plan, library: Library) -> list[Button]:
    """What else may help where an answer did not: what came next to it, or its neighbours; the staff."""
    answer, language = library.published(plan.id), plan.language
    next_ones = [a for a in map(library.published, plan.ids) if a]
    return [
        *(answer_button(a, language) for a in next_ones),
        *(related_buttons(answer, language, library) if answer and not next_ones else ()),
        leave_button(language, library),
        _topics_button(language, library),
    ]


def _share(plan: Plan, library: Library, arrival: Arrival) -> Said:
    """An answer's picture, to be forwarded."""
    language, messages, answer = plan.language, library.messages, library.published(plan.id)
    if answer is None:  # taken back while the reply waited
        return _say(lambda phrases: phrases.fallback, _topics)(plan, library, arrival)
    title = answer[language].title
    verdict = messages.verdicts.of(answer.verdict)[language] if answer.verdict else None
    picture = Picture(
        path=share_path(answer, language, library),
        alt=messages.sharing.picture[language].format(title=f"{verdict}: {title}" if verdict else title),
        caption=f"{verdict}: {title}" if verdict else title,
        page=page_path(answer.id, language),
    )
    buttons = [
        Button(messages.labels.full_answer[language], payload.for_answer(answer.id)),
        Button(messages.labels.switch_language[language], payload.for_share(answer.id, language.other)),
    ]
    return Said(messages.sharing.offered[language], buttons, picture=picture)


SHOWN_MOST = 600
"""Letters of what was read in a picture that are shown; all of them are asked about."""


def _say_what_was_read(plan: Plan, library: Library, _arrival: Arrival) -> Said:
    """What stands in a picture, and whether to ask about it."""
    language, labels, words = plan.language, library.messages.labels, plan.read or ""
    shown = words if len(words) <= SHOWN_MOST else f"{words[:SHOWN_MOST].rpartition(' ')[0]} […]"
    text = library.messages.phrases.picture_read[language].format(text=escape(shown))
    buttons = [
        Button(labels.check_picture[language], payload.CHECK_PICTURE),
        Button(labels.type_picture[language], payload.TYPE_PICTURE),
    ]
    return Said(text, buttons)


# The table. Rows that code elsewhere speaks of have a name of their own.

SMALLTALK = Action("smalltalk", says=_say(lambda p: p.smalltalk, _topics))
TOPICS_MENU = Action("topics", says=_menu, intent="topics", command="topics")
LANGUAGE = Action(
    "language",
    says=_say(lambda p: p.language, _topics),
    asks=_say(lambda p: p.language_ask, _languages),
    intent="which_language",
    command="language",
)
NONE_OF_THESE = Action(
    "none_of_these", says=_say(lambda p: p.none_of_these, _leave_or_topics), intent="none_of_these"
)
NO_CLARIFICATION = Action("no_clarification", says=_say(lambda p: p.no_clarification, _leave_or_topics))
HELPFUL = Action("helpful", says=_say(lambda p: p.helpful))
UNHELPFUL = Action("unhelpful", says=_say(lambda p: p.unhelpful, _instead))
WATCH = Action("watch", says=_watching)
UNWATCH = Action("unwatch", says=_say(lambda p: p.unwatch))
HANDOFF = Action("handoff", says=_nothing_to_leave, asks=_offer_to_leave, done=_left, intent="handoff")
SUBSCRIBE = Action("subscribe", asks=_offer_news, done=_subscribed, intent="subscribe", command="subscribe")
UNSUBSCRIBE = Action(
    "unsubscribe",
    says=_say(lambda p: p.unsubscribe, _topics),
    asks=_say(lambda p: p.unsubscribe_ask, _yes_or_no),
    done=_say(lambda p: p.unsubscribe_done),
    intent="unsubscribe",
    command="unsubscribe",
)
SHARE = Action("share", says=_share)
PICTURE_READ = Action("picture_read", says=_say_what_was_read)
TYPE_PICTURE = Action("type_picture", says=_say(lambda p: p.type_picture))
FORGET = Action(
    "forget",
    asks=_say(lambda p: p.forget_ask, _yes_or_no),
    done=_say(lambda p: p.forget_done),
    intent="forget",
    command="forget",
)

ACTIONS = {
    action.name: action
    for action in (
        # Small talk
        Action("greet", says=_say(lambda p: p.greet, _topics), intent="greet", command="start"),
        Action("thanks", says=_say(lambda p: p.thanks)),
        Action("goodbye", says=_say(lambda p: p.goodbye)),
        Action("bot_challenge", says=_say(lambda p: p.bot_challenge, _topics)),
        Action("affirm", says=_say(lambda p: p.affirm, _topics)),
        Action("deny", says=_say(lambda p: p.deny, _topics)),
        Action("doubt", says=_say(lambda p: p.doubt, _topics)),
        Action("insult", says=_say(lambda p: p.insult)),
        SMALLTALK,
        # Finding one's way
        Action("help", says=_say(lambda p: p.help, _topics), intent="help", command="help"),
        TOPICS_MENU,
        LANGUAGE,
        Action("back", says=_say(lambda p: p.nothing_in_hand, _topics), intent="go_back"),
        NONE_OF_THESE,
        NO_CLARIFICATION,
        HELPFUL,
        UNHELPFUL,
        SHARE,
        WATCH,
        UNWATCH,
        PICTURE_READ,
        TYPE_PICTURE,
        # People and their data
        HANDOFF,
        SUBSCRIBE,
        UNSUBSCRIBE,
        FORGET,
        Action("privacy", says=_say(lambda p: p.privacy, _topics), intent="privacy", command="privacy"),
        # Care
        Action("emergency", says=_say(lambda p: p.emergency), intent="emergency"),
        Action("care", says=_say(lambda p: p.care)),
        Action("declined", says=_say_with_answers(lambda p: p.declined, lambda p: p.declined_instead)),
        Action("live", says=_say_with_answers(lambda p: p.live, lambda p: p.live_instead)),
    )
}
"""Every action and all small talk, by name."""

INTENTS = frozenset(action.intent for action in ACTIONS.values() if action.intent)
"""The intents that a button may stand for."""

COMMANDS = {action.command: action.payload for action in ACTIONS.values() if action.command}
"""What the button of each typed command sends. /language may have a parameter, too."""
