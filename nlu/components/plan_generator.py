"""Rasa's natural language generator, as ours: it makes plans, not sentences.

A response in domain.yml is a plan with its open places; they are filled from the slots, the
message's ranking and what was said before. In a response template every value would become text.
"""

from __future__ import annotations

from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from nlu.components.reading import Reading

DEFAULT_LANGUAGE = "vi"

Plan = dict[str, Any]
"""JSON of bot.rasa.plan.Plan, which documents it."""


class PlanGenerator(TemplatedNaturalLanguageGenerator):  # type: ignore[misc]
    """Fills the plan that domain.yml has for an utterance.

    A templated generator, since Rasa gives the responses of a loaded model to no other kind.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The message of Rasa's REST channel: `{"custom": {"plans": [...]}}`, or None if unknown."""
        variations = self.responses.get(utter_action)
        if not variations or "custom" not in variations[0]:
            return None
        return {"custom": {"plans": fill(variations[0]["custom"], tracker)}}


def fill(template: Plan, tracker: DialogueStateTracker) -> list[Plan]:
    """The plans that an utterance stands for in this conversation, at least one."""
    language = _language(tracker)
    plan = {**template, "language": language}
    reading = Reading.of(tracker.latest_message)
    said = list(_said(tracker))
    match template["reply"]:
        case "answer":
            ids = [tracker.get_slot("answer"), *reading.also]
            return [{**plan, "id": answer} for answer in ids if answer]
        case "facet":
            return [{**plan, "id": tracker.get_slot("answer"), "facet": tracker.get_slot("facet")}]
        case "choices":
            return [{**plan, "ids": reading.choices}]
        case "pick":
            return _pick(reading.choice, said, language)
        case "repeat":
            return _repeat(plan, said)
        case "back":
            return _back(plan, said)
        case "more":
            return _more(said, language)
        case "fallback" if plan["reason"] == "ask_topic":
            return [{**plan, "facet": tracker.get_slot("facet")}]
        case "fallback":
            again = bool(said) and said[0][0].get("reply") == "fallback"
            return [{**plan, "reason": "again" if again else plan["reason"]}]
        case "action" if plan["action"] == "topics":
            return [{**plan, **_menu_place(tracker)}]
    return [plan]


def _language(tracker: DialogueStateTracker) -> str:
    """Of the sentence or the conversation, else of the person's app, else what the words look like."""
    message = tracker.latest_message
    app = ((message.metadata if message else None) or {}).get("language")
    return tracker.get_slot("language") or app or Reading.of(message).language or DEFAULT_LANGUAGE


def _said(tracker: DialogueStateTracker) -> Any:
    """The plans of each of the bot's turns, newest first."""
    for event in reversed(tracker.applied_events()):
        if isinstance(event, BotUttered):
            plans = ((event.data or {}).get("custom") or {}).get("plans")
            if plans:
                yield plans


def _repeatable(plans: list[Plan]) -> bool:
    return plans[0]["reply"] in {"answer", "facet", "choices"}


def _repeat(plan: Plan, said: list[list[Plan]]) -> list[Plan]:
    """The last thing of substance, in the language of now."""
    last = next((plans for plans in said if _repeatable(plans)), None)
    if last is None:
        return [{"reply": "action", "action": plan.get("action", "back"), "language": plan["language"]}]
    new = {"language": plan["language"], **({"action": plan["action"]} if "action" in plan else {})}
    return [{**{k: v for k, v in old.items() if k != "action"}, **new} for old in last]


def _back(plan: Plan, said: list[list[Plan]]) -> list[Plan]:
    """The thing of substance before the last one."""
    substance = [plans for plans in said if _repeatable(plans)]
    current = substance[0] if substance else None
    before = next(
        (plans for plans in substance if plans[0].get("id") != (current or [{}])[0].get("id")), None
    )
    if before is None or before[0]["reply"] == "choices":
        return _repeat(plan, said)
    return [{"reply": "pick", "id": before[0]["id"], "action": "back", "language": plan["language"]}]


def _more(said: list[list[Plan]], language: str) -> list[Plan]:
    """The next page of a menu that is open, else the full answer in hand, else the topics."""
    if said and said[0][0].get("topic"):
        menu = said[0][0]
        return [{**menu, "page": int(menu.get("page", 1)) + 1, "language": language}]
    last = next((plans for plans in said if _repeatable(plans)), None)
    if last and last[0]["reply"] == "facet":
        return [{"reply": "answer", "id": last[0]["id"], "language": language}]
    topic = last[0]["id"].partition(".")[0] if last and last[0]["reply"] == "answer" else None
    return [{"reply": "action", "action": "topics", "topic": topic, "language": language}]


def _pick(choice: int | None, said: list[list[Plan]], language: str) -> list[Plan]:
    """Which of the choices offered last is meant; the bot then presses its button.

    choice counts from 1, and from the end where it is negative.
    """
    offered = next((plans[0]["ids"] for plans in said[:3] if plans[0]["reply"] == "choices"), [])
    if choice is None or not 1 <= abs(choice) <= len(offered):
        return [{"reply": "fallback", "reason": "no_answer", "language": language}]
    picked = offered[choice - 1 if choice > 0 else choice]
    return [{"reply": "pick", "id": picked, "language": language}]


def _menu_place(tracker: DialogueStateTracker) -> Plan:
    """Which page of which topic a menu button asked for."""
    entities = {e["entity"]: e["value"] for e in tracker.latest_message.entities}
    if "topic" not in entities:
        return {}
    return {"topic": entities["topic"], "page": int(entities.get("page", 1))}
