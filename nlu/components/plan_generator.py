"""Rasa's natural language generator, as ours: it makes plans, not sentences.

A response in domain.yml is a plan with its open places; they are filled from the slots, the
message's ranking and what was said before. In a response template every value would become text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException
from rasa.utils.endpoints import EndpointConfig

from nlu import paths
from nlu.components.context import Context, Scores, Words, ahead, meant
from nlu.components.reading import READING, Reading
from nlu.text.forms import fold, words

DEFAULT_LANGUAGE = "vi"

WARD = "ward"

NEXT_MOST = 3
"""Answers that are kept beside one, to be offered if it does not help: as many as bot/cards/fallbacks.py
shows."""

Plan = dict[str, Any]
"""JSON of bot.domain.plan.Plan, which documents it, or {"reply": "pick", "id": ..., "facet": ...}: the
bot then asks for that answer, or that side of it, as its button would."""

Turns = list[list[Plan]]
"""The plans of each of the bot's turns, newest first."""


class PlanGenerator(TemplatedNaturalLanguageGenerator):
    """Fills the plan that domain.yml has for an utterance. Its settings in endpoints.yml are those of Scores.

    A templated generator, since Rasa gives the responses of a loaded model to no other kind.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)
        settings = endpoint_config.kwargs
        if unknown := settings.keys() - {field.name for field in dataclasses.fields(Scores)}:
            raise InvalidConfigException(f"endpoints.yml: nlg has no setting {', '.join(sorted(unknown))}.")
        self._scores = Scores(**settings)
        self._weights: dict[str, float] = paths.read_yaml(paths.CONTEXT)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The message of Rasa's REST channel: `{"custom": {"plans": [...]}}`, or None if unknown."""
        variations = self.responses.get(utter_action)
        if not variations or "custom" not in variations[0]:
            return None
        template, said = variations[0]["custom"], list(_said(tracker))
        if (weighed := _weighed(template, tracker, said, self.responses)) and (
            found := meant(*weighed, self._weights, self._scores)
        ):
            pick = {"reply": "pick", "id": found.answer, "language": _language(tracker)}
            return {"custom": {"plans": [{**pick, **({"facet": found.facet} if found.facet else {})}]}}
        first, *others = fill(template, tracker, self.responses, self._scores)
        if other_language := Reading.of(tracker.latest_message).other_language:
            first = {**first, "other_language": other_language}
        return {"custom": {"plans": [first, *others]}}


def fill(
    template: Plan, tracker: DialogueStateTracker, responses: Mapping[str, Any], scores: Scores
) -> list[Plan]:
    """The plans that an utterance stands for in this conversation, at least one. responses: domain.yml's."""
    language = _language(tracker)
    plan = {**template, "language": language}
    reading = Reading.of(tracker.latest_message)
    topic, said = tracker.get_slot("answer"), list(_said(tracker))
    if reading.names_only_wards and said and said[0][0]["reply"] == WARD:
        return [{"reply": WARD, "language": language, **_wards(tracker, reading)}]  # "and Thới Lai?"
    match template["reply"]:
        case "answer":
            first = {**plan, "id": topic, "ids": _next_to(topic, tracker, said)}
            return [first, *({**plan, "id": answer} for answer in reading.also)]
        case "ward":
            return [{**plan, **_wards(tracker, reading)}]
        case "facet":
            return [{**plan, "id": topic, "facet": tracker.get_slot("facet")}]
        case "choices":
            return [{**plan, "ids": reading.choices}]
        case "pick":
            return _pick(reading.choice, _facet_named(tracker), said, language)
        case "repeat":
            return _repeat(plan, said)
        case "back":
            return _back_to(plan, tracker, said, scores) or _back(plan, said)
        case "more":
            return _more(said, language)
        case "fallback" if plan["reason"] == "ask_topic" and (named := _named_with_side(tracker, scores)):
            return [{"reply": "choices", "ids": named, "language": language}]
        case "fallback" if plan["reason"] == "ask_topic":
            likely = _likely(tracker, responses, scores)
            asked = {"reply": "choices", "ids": likely} if likely else {}
            return [{**plan, **asked, "facet": _facet_named(tracker)}]
        case "fallback":
            again = bool(said) and said[0][0].get("reply") == "fallback"
            return [{**plan, "reason": "again" if again else plan["reason"]}]
        case "action" if plan.get("step") == "ask" and _is_asked_again(plan, tracker, said):
            return [{**plan, "reason": "unclear"}]
        case "action" if plan["action"] == "topics":
            return [{**plan, **_menu_place(tracker)}]
        case "action" if plan["action"] == "subscribe":
            return [{**plan, "topic": _entities(tracker).get("topic")}]
        case "action" if plan["action"] in {"declined", "live"}:
            return [{**plan, "ids": _named(tracker, scores)}]
        case "action" if plan["action"] in {"helpful", "unhelpful"}:
            return [_vote(plan, tracker, said)]
    return [plan]


def _language(tracker: DialogueStateTracker) -> str:
    """Of the sentence or the conversation, else of the person's app, else of what was said before, else
    what the words look like."""
    message = tracker.latest_message
    app = ((message.metadata if message else None) or {}).get("language")
    before = next((plans[0]["language"] for plans in _said(tracker)), None)
    return tracker.get_slot("language") or app or before or Reading.of(message).language or DEFAULT_LANGUAGE


def _said(tracker: DialogueStateTracker) -> Iterator[list[Plan]]:
    """The plans of each of the bot's turns, newest first."""
    for event in reversed(tracker.applied_events()):
        if isinstance(event, BotUttered):
            plans = ((event.data or {}).get("custom") or {}).get("plans")
            if plans:
                yield plans


def _entities(tracker: DialogueStateTracker) -> dict[str, str]:
    return {entity["entity"]: entity["value"] for entity in tracker.latest_message.entities}


def _is_asked_again(plan: Plan, tracker: DialogueStateTracker, said: Turns) -> bool:
    """Whether a confirmation is asked for again: what was said was no clear yes or no, or the button of an
    older question was pressed."""
    intent = str(tracker.latest_message.intent.get("name"))
    was_asked = bool(said) and said[0][0].get("action") == plan["action"] and said[0][0].get("step") == "ask"
    return intent.startswith("affirm_") or (was_asked and intent in {"affirm", "doubt"})


def _facet_named(tracker: DialogueStateTracker) -> str | None:
    """The side that the message itself asks for."""
    return _entities(tracker).get("facet")


def _ranking(tracker: DialogueStateTracker, base: str) -> dict[str, float]:
    """The details of a label's base in the message's ranking, with their scores, best first."""
    ranking = tracker.latest_message.parse_data.get("intent_ranking", [])
    named = ((label["name"].partition("/"), label["confidence"]) for label in ranking)
    return {detail: score for (name, _, detail), score in named if name == base and detail}


def _score(tracker: DialogueStateTracker, label: str) -> float:
    """The score of a label in the message's ranking; 0 if it is none of the first."""
    ranking = tracker.latest_message.parse_data.get("intent_ranking", [])
    return float(next((named["confidence"] for named in ranking if named["name"] == label), 0))


# What a message means in the conversation

_HINT = re.compile(
    r"^(and|or|what about|how about|con|the con|vay con|roi con|vay the)\b|\b(thi sao|nua)\W*$"
)


def _weighed(
    template: Plan, tracker: DialogueStateTracker, said: Turns, responses: Mapping[str, Any]
) -> tuple[Words, Context] | None:
    """What a message says and what was said before it; None where its reading stands: of a button, of one
    that asks for two answers, of one in another language, of a command, of what is said to a confirmation."""
    reading = Reading.of(tracker.latest_message)
    is_open = template.get("reason") in {None, "no_answer", "ask_topic"} and template.get("step") is None
    parse_data = tracker.latest_message.parse_data
    is_button = READING not in parse_data
    if is_button or not is_open or reading.also or reading.other_language:
        return None
    ranking = parse_data["intent_ranking"]
    intent, text = tracker.latest_message.intent, tracker.latest_message.text or ""
    named = _entities(tracker)
    side = named.get("facet")
    words_said = Words(
        intent=str(intent.get("name")),
        answer=named.get("answer"),
        side=side,
        confidence=float(intent.get("confidence", 0)),
        scores={label["name"]: label["confidence"] for label in ranking},
        sides=reading.sides,
        count=len(words(text)),
        points=reading.points,
        hints=bool(_HINT.search(fold(text))),
        subjects=tuple(reading.subjects),
    )
    return words_said, _context(said, responses)


def _context(said: Turns, responses: Mapping[str, Any]) -> Context:
    """What was said before, and what may be asked for next: the responses of domain.yml's retrieval intents
    name what is related to each answer, and its sides."""

    given = [plans[0]["id"] for plans in said if plans[0]["reply"] in {"answer", "facet"}]
    last = next((plans[0] for plans in said if _repeatable(plans) and plans[0]["reply"] != "choices"), {})
    sides = {name.removeprefix("utter_faq/"): name for name in responses if name.startswith("utter_faq/")}
    return Context(
        hand=last.get("id"),
        related=tuple(_about(last.get("id"), responses).get("related", ())),
        offered=tuple(_offered(said[:1])),
        before=tuple(dict.fromkeys(given)),
        sides={answer: tuple(_about(answer, responses).get("sides", ())) for answer in sides},
    )


def _about(answer: str | None, responses: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the bot's export says of an answer: what is related to it, and its sides."""
    return (responses.get(f"utter_faq/{answer}") or [{}])[0].get("metadata") or {}


def _named(tracker: DialogueStateTracker, scores: Scores) -> list[str]:
    """The answer that a message names which asks for something else: how a paper is got that is not to be
    forged, what the weather is like in other years. Where it asks for the day's news, else the topic in
    hand."""
    answers = _ranking(tracker, "faq")
    named = [answer for answer, score in answers.items() if score >= scores.beside_least][:1]
    in_hand = tracker.get_slot("answer") if tracker.latest_message.intent.get("name") == "live" else None
    return named or [answer for answer in [in_hand] if answer]


def _named_with_side(tracker: DialogueStateTracker, scores: Scores) -> list[str]:
    """The answers that a message names about as clearly as a side of some answer ("trụ sở thành phố")."""
    answers, sides = _ranking(tracker, "faq"), _ranking(tracker, "followup")
    least = max(scores.named_least, scores.named_share * max(sides.values(), default=0))
    return [answer for answer, score in answers.items() if score >= least][:NEXT_MOST]


def _likely(tracker: DialogueStateTracker, responses: Mapping[str, Any], scores: Scores) -> list[str]:
    """The answers that have the side which a message asks for without a topic, and are not far from it."""
    side = _facet_named(tracker)
    near = [answer for answer, score in _ranking(tracker, "faq").items() if score >= scores.likely_least]
    return [answer for answer in near if side in _about(answer, responses).get("sides", ())][:NEXT_MOST]


def _offer(said: Turns) -> Plan:
    """The plan that offered choices last in these turns; empty if none did."""
    plans = (
        turn[0] for turn in said if turn[0]["reply"] == "choices" or turn[0].get("action") == "unhelpful"
    )
    return next(plans, {})


def _offered(said: Turns) -> list[str]:
    """The choices that were offered last in these turns."""
    return list(_offer(said).get("ids", []))


def _pick(choice: int | None, facet: str | None, said: Turns, language: str) -> list[Plan]:
    """Which of the choices offered last is meant; the bot then presses its button.

    choice counts from 1, and from the end where it is negative; asking for a side means the first. A side
    that the choices were offered for is asked of what is picked.
    """
    offer = _offer(said[:3])
    offered = list(offer.get("ids", []))
    if choice is None and facet and offered:
        return [{"reply": "pick", "id": offered[0], "facet": facet, "language": language}]
    if choice is None or not 1 <= abs(choice) <= len(offered):
        if offered:
            return [{"reply": "choices", "ids": offered, "language": language}]
        return [{"reply": "fallback", "reason": "no_answer", "language": language}]
    picked = offered[choice - 1 if choice > 0 else choice]
    side = {"facet": offer["facet"]} if offer.get("facet") else {}
    return [{"reply": "pick", "id": picked, **side, "language": language}]


def _next_to(answer: str | None, tracker: DialogueStateTracker, said: Turns) -> list[str]:
    """What the message may mean instead of the answer: what ranks next, or was offered beside it."""
    ranked = list(_ranking(tracker, "faq")) or _offered(said[:2])
    return [other for other in ranked if other != answer][:NEXT_MOST]


def _vote(plan: Plan, tracker: DialogueStateTracker, said: Turns) -> Plan:
    """What an answer was called, and what to offer instead if it did not help."""
    voted = _entities(tracker).get("about")
    answers = (turn[0] for turn in said if turn[0]["reply"] == "answer" and turn[0]["id"] == voted)
    ids: list[str] = next((answer.get("ids", []) for answer in answers), [])
    return {**plan, "id": voted, "ids": ids if plan["action"] == "unhelpful" else []}


# Finding one's way

_PLACES = {"answer", "facet", "choices", WARD}


def _repeatable(plans: list[Plan]) -> bool:
    return plans[0]["reply"] in _PLACES


def _subject(plans: list[Plan]) -> Any:
    """What a turn was about: an answer, or units."""
    return plans[0].get("id") or plans[0].get("ids")


def _repeat(plan: Plan, said: Turns) -> list[Plan]:
    """The last thing of substance, in the language of now."""
    last = next((plans for plans in said if _repeatable(plans)), None)
    if last is None:
        return [{"reply": "action", "action": plan.get("action", "back"), "language": plan["language"]}]
    new = {"language": plan["language"], **({"action": plan["action"]} if "action" in plan else {})}
    if last[0]["reply"] == WARD:
        return [{**_without_address(last[0]), "language": plan["language"]}]
    return [{**{k: v for k, v in old.items() if k != "action"}, **new} for old in last]


def _back_to(plan: Plan, tracker: DialogueStateTracker, said: Turns, scores: Scores) -> list[Plan]:
    """What was talked of before and is named now, with the side that is asked for: "back to the pagoda, how
    much is it"; empty if nothing is named."""
    answers, sides = _ranking(tracker, "faq"), _ranking(tracker, "followup")
    before = dict.fromkeys(str(plans[0]["id"]) for plans in said if plans[0]["reply"] in {"answer", "facet"})
    named = ahead({answer: answers.get(answer, 0) for answer in before}, scores.hint_least, scores.lead)
    if named is None:
        return []
    side = ahead(sides, scores.side_beside_least, scores.lead)
    return [
        {
            "reply": "pick",
            "id": named,
            **({"facet": side} if side else {}),
            "action": "back",
            "language": plan["language"],
        }
    ]


def _back(plan: Plan, said: Turns) -> list[Plan]:
    """The page before in a menu that is open, else the thing of substance before the last one."""
    menu = _menu(said)
    if menu:
        page = int(menu.get("page", 1)) - 1
        place = {"topic": menu["topic"], "page": page} if page else {}
        return [{"reply": "action", "action": "topics", "language": plan["language"], **place}]
    substance = [plans for plans in said if _repeatable(plans)]
    current = _subject(substance[0]) if substance else None
    before = next((plans for plans in substance if _subject(plans) != current), None)
    if before is None or before[0]["reply"] == "choices":
        return _repeat(plan, said)
    if before[0]["reply"] == WARD:
        return [{**_without_address(before[0]), "language": plan["language"]}]
    return [{"reply": "pick", "id": before[0]["id"], "action": "back", "language": plan["language"]}]


def _more(said: Turns, language: str) -> list[Plan]:
    """The next page of a menu that is open, else the full answer in hand, else the topics."""
    if menu := _menu(said):
        return [{**menu, "page": int(menu.get("page", 1)) + 1, "language": language}]
    last = next((plans for plans in said if _repeatable(plans)), None)
    if last and last[0]["reply"] == "facet":
        return [{"reply": "answer", "id": last[0]["id"], "language": language}]
    if last and last[0]["reply"] == WARD:
        return [{**_without_address(last[0]), "page": int(last[0].get("page", 1)) + 1, "language": language}]
    topic = last[0]["id"].partition(".")[0] if last and last[0]["reply"] == "answer" else None
    return [{"reply": "action", "action": "topics", "topic": topic, "language": language}]


def _menu(said: Turns) -> Plan | None:
    """The page of a topic's menu that was opened last, if nothing was said since."""
    first = said[0][0] if said else {}
    return first if first.get("action") == "topics" and first.get("topic") else None


def _wards(tracker: DialogueStateTracker, reading: Reading) -> Plan:
    """Which units were named, or asked for by a button; of a district, which page."""
    entities = _entities(tracker)
    if WARD in entities:
        return {"ids": [entities[WARD]], "page": int(entities.get("page", 1))}
    found: Plan = {"ids": reading.wards}
    if reading.is_unknown_ward:
        found["reason"] = "not_in_table"
    if reading.address:
        found["address_at"] = reading.address
    return found


def _without_address(plan: Plan) -> Plan:
    """The plan without the place of an address in a message that is gone."""
    return {key: value for key, value in plan.items() if key != "address_at"}


def _menu_place(tracker: DialogueStateTracker) -> Plan:
    """Which page of which topic a menu button asked for."""
    entities = _entities(tracker)
    if "topic" not in entities:
        return {}
    return {"topic": entities["topic"], "page": int(entities.get("page", 1))}
