"""The dialogue: from a message to what is said to it. Rasa decides; what it picks is asked for in turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from bot.answering.effects import finds_nothing
from bot.answering.rasa_command import answer_command, facet_command, rasa_command
from bot.cards import actions
from bot.content.library import Library
from bot.content.search import find_among
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.domain.message import Message
from bot.domain.payload import CHECK_PICTURE, TYPE_PICTURE, location_in, media_in, watching_in
from bot.domain.plan import Kind, Pick, Plan
from bot.rasa.client import Rasa, RasaFailed
from bot.text.asked_about import asks_about

NEAREST = 3
"""Wards that are named for a location."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to say to a message, and the version of content/ that it is said from, whatever is served next."""

    plans: tuple[Plan, ...]
    library: Library


AFTER_PICK = 1e-6
"""Seconds by which the button that a message picks comes after the message: one of its own is later."""


class Dialogue:
    """Decides what to say to a message, the same on every channel."""

    def __init__(
        self,
        rasa: Rasa,
        library: Callable[[], Library],
        untaught: Callable[[], Collection[str]] = lambda: (),
    ) -> None:
        """`untaught`: ids of answers that the model does not know yet."""
        self._rasa = rasa
        self._library = library
        self._untaught = untaught

    @property
    def rasa_away(self) -> float:
        """For how many seconds the Rasa side has been out of reach; 0 if it was not, last time."""
        since = self._rasa.away_since
        return time.monotonic() - since if since is not None else 0.0

    @property
    def model(self) -> str | None:
        """The model that the Rasa side answers with, as far as is known."""
        return self._rasa.model

    async def decide(self, message: Message, turn: float | None = None) -> Decision:
        """What to say to a message; `turn`: when it came, in seconds, so that it counts once in its context.

        Raises:
            RasaUnavailable: the Rasa side is not there (yet); worth asking again.
            RasaFailed: it answered with nothing or with nonsense.
        """
        language = message.language or DEFAULT_LANGUAGE
        if message.unreadable:
            reason = media_in(message.button) or "unreadable"
            return self._said(
                Plan.model_validate({"reply": "fallback", "language": language, "reason": reason})
            )
        if message.button is not None and (place := location_in(message.button)):
            return self._said(_nearest(*place, self._library(), language))
        if message.button is not None and (plan := _share(message.button, self._library(), language)):
            return self._said(plan)
        if message.button is not None and (watching := watching_in(message.button)):
            return self._said(_watching(*watching, self._library()))
        if message.button == TYPE_PICTURE:
            return self._said(Plan(reply=Kind.ACTION, language=language, action=actions.TYPE_PICTURE.name))
        if message.button is not None and message.button != CHECK_PICTURE:
            command = rasa_command(message.button, self._library())
            if command is None:
                return self._said(_no_answer(language))
            return await self._ask(message, command, turn)
        # What begins with "/" is a command to Rasa, and people may not give it any.
        text = message.text.lstrip("/ ")
        if not text:
            missing: Literal["picture_gone", "empty"] = "picture_gone" if message.button else "empty"
            return self._said(Plan(reply=Kind.FALLBACK, language=language, reason=missing))
        return await self._ask(message, text, turn, is_typed=True)

    async def _ask(
        self, message: Message, text: str, turn: float | None, *, is_typed: bool = False
    ) -> Decision:
        answer = await self._rasa.ask(message.conversation, text, message.language, turn)
        if is_typed and not isinstance(answer, Pick):
            answer = await self._or_new(message, text, answer)
        plans = await self._press(answer, message, turn) if isinstance(answer, Pick) else answer
        return self._said(*(_with_address(plan, text) for plan in plans))

    async def _or_new(self, message: Message, text: str, plans: tuple[Plan, ...]) -> tuple[Plan, ...] | Pick:
        """What Rasa says, or the answer that no model knows yet, if the text has its words.

        So what was published a moment ago is found at once, not only when it is learned. It is given where
        Rasa names another answer, for of two the words tell. Where Rasa finds nothing it is but offered: a
        rumour about something else has the same words around it.
        """
        plan, library, untaught = plans[0], self._library(), self._untaught()
        is_about_a_picture = bool(message.pictures) and asks_about(text)
        if not untaught or len(plans) > 1 or is_about_a_picture or not _is_a_guess(plan, library):
            return plans
        # The first time after a change all questions are indexed, which takes a second or two.
        new = await asyncio.to_thread(find_among, library, text, untaught)
        if new is None:
            return plans
        if not finds_nothing(plan):
            return Pick(id=new.id)
        if message.is_quiet or message.is_once:
            return plans
        return (Plan(reply=Kind.CHOICES, language=plan.language, ids=(new.id,)),)

    async def _press(self, pick: Pick, message: Message, turn: float | None) -> tuple[Plan, ...]:
        """Press the button of what was picked in words, so that Rasa sets its slots in one way only."""
        command = facet_command(pick.id, pick.facet) if pick.facet else answer_command(pick.id)
        after = turn + AFTER_PICK if turn is not None else None
        plans = await self._rasa.ask(message.conversation, command, message.language, after)
        if isinstance(plans, Pick):
            raise RasaFailed("a button picks something else")
        if pick.action is None:
            return plans
        return tuple(plan.model_copy(update={"action": pick.action}) for plan in plans)

    def _said(self, *plans: Plan) -> Decision:
        library = self._library()
        # One answer may be meant by two ids: its own, and that of one that it supersedes.
        return Decision(tuple(dict.fromkeys(as_served(plan, library) for plan in plans)), library)

    async def forget(self, message: Message) -> None:
        """Delete the context of a message's conversation; doing it again does no harm.

        Raises:
            RasaUnavailable: the Rasa side is not there.
        """
        await self._rasa.forget(message.conversation)


def as_served(plan: Plan, library: Library) -> Plan:
    """The plan, with the ids under which its answers are served now.

    A model may know an answer that is not published yet, or no longer: then there is no answer;
    of one that was withdrawn, people are told so.
    """
    if plan.reply is Kind.CHOICES:
        found = [answer.id for answer in map(library.published, plan.ids) if answer]
        ids = tuple(dict.fromkeys(found))
        if len(ids) == 1 < len(found):
            return Plan(reply=Kind.ANSWER, language=plan.language, id=ids[0])
        return plan.model_copy(update={"ids": ids}) if ids else _no_answer(plan.language)
    if plan.reply is Kind.WARD:
        ids = tuple(place_id for place_id in plan.ids if library.wards and library.wards.find(place_id))
        if not ids and (plan.reason not in {"not_in_table", "far_away"} or library.wards is None):
            return _no_answer(plan.language)
        return plan.model_copy(update={"ids": ids})
    if plan.reply not in {Kind.ANSWER, Kind.FACET}:
        return plan
    if answer := library.published(plan.id):
        return plan.model_copy(update={"id": answer.id})
    return plan if library.withdrawn(plan.id) else _no_answer(plan.language)


def _is_a_guess(plan: Plan, library: Library) -> bool:
    """Whether a plan names answers, or none, as a model does that does not know the right one.

    Not if an answer is withdrawn, and nothing in another language, whose words are not ours.
    """
    if plan.other_language or library.withdrawn(plan.id):
        return False
    is_plain = plan.reason is None and plan.action is None
    return finds_nothing(plan) or (is_plain and plan.reply in {Kind.ANSWER, Kind.CHOICES})


def _nearest(latitude: float, longitude: float, library: Library, language: Language) -> Plan:
    """The wards around a location. Rasa is not asked: it would remember where somebody was."""
    near = library.wards.nearest(latitude, longitude, NEAREST) if library.wards else []
    ids = tuple(ward.code for ward in near)
    return Plan(reply=Kind.WARD, language=language, ids=ids, reason="nearest" if near else "far_away")


def _share(payload: str, library: Library, default: Language) -> Plan | None:
    """What a payload that asks for a picture stands for; None if it is of another kind. Rasa is not asked:
    the conversation stays where it is."""
    match payload.split(":"):
        case ["share", answer_id, language] if language in set(Language):
            if answer := library.published(answer_id):
                return Plan(
                    reply=Kind.ACTION, language=Language(language), action=actions.SHARE.name, id=answer.id
                )
            return Plan(reply=Kind.ANSWER, language=Language(language), id=answer_id)
        case ["share", *_]:
            return _no_answer(default)
    return None


def _watching(answer_id: str, language: Language, is_wanted: bool, library: Library) -> Plan:
    """Being told when an answer changes. Rasa is not asked: nothing has to be understood."""
    if not is_wanted:
        return Plan(reply=Kind.ACTION, language=language, action=actions.UNWATCH.name, id=answer_id)
    answer = library.published(answer_id)
    if answer is None:
        return Plan(reply=Kind.ANSWER, language=language, id=answer_id)  # which tells that it is withdrawn
    return Plan(reply=Kind.ACTION, language=language, action=actions.WATCH.name, id=answer.id)


def _with_address(plan: Plan, text: str) -> Plan:
    """The plan, with the address in the text that Rasa was asked, if it speaks of one."""
    if plan.address_at is None:
        return plan
    begin, ward, end = plan.address_at
    return plan.model_copy(update={"address": (text[begin:ward], text[ward:end])})


def _no_answer(language: Language) -> Plan:
    return Plan(reply=Kind.FALLBACK, language=language, reason="no_answer")


def in_trouble(message: Message, library: Library) -> Decision:
    """What is said when there is no telling what to say."""
    language = message.language or DEFAULT_LANGUAGE
    return Decision((Plan(reply=Kind.FALLBACK, language=language, reason="trouble"),), library)
