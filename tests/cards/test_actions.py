"""Every action is a row, and a row has all that belongs to it: sentences, buttons, intents and plans."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answering.effects import EFFECTS
from bot.answering.rasa_command import rasa_command
from bot.cards.actions import ACTIONS, COMMANDS, INTENTS, Action, button_for
from bot.cards.compose import compose
from bot.content.library import Library
from bot.domain import payload
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.commands import Command
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from tests.support import ROOT
from tests.support.data import data_in

DOMAIN = data_in(ROOT / "domain.yml")
PLANNED: dict[str, dict[str, Any]] = {
    name: response["custom"]
    for name, (response,) in DOMAIN["responses"].items()
    if response["custom"]["reply"] in {Kind.ACTION, Kind.SMALLTALK}
}
"""The plans of actions and small talk that the Rasa side makes, by utterance."""

STEPS = [
    step
    for file in sorted((ROOT / "stories").glob("*.yml"))
    for rule in data_in(file)["rules"]
    for step in rule["steps"]
]
"""What happens in any of the rules."""

WITHOUT_RASA = {"share", "watch", "unwatch", "picture_read", "type_picture"}
"""Actions whose buttons bot.answering.dialogue understands by itself: nobody says them in words."""

CONFIRMED = sorted(action.name for action in ACTIONS.values() if action.is_confirmed)
WITH_BUTTON = sorted(action.name for action in ACTIONS.values() if action.intent)


def card(plan: dict[str, Any], language: Language, library: Library) -> Card:
    made = Plan.model_validate({**plan, "language": language})
    return compose((made,), library, local_day(utc_now()), arrival=Arrival.ON_RETURN).cards[0]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("utterance", PLANNED)
def test_whatever_rasa_plans_is_said_with_buttons_that_it_understands(
    utterance: str, language: Language, small_library: Library
) -> None:
    said = card(PLANNED[utterance], language, small_library)
    assert said.text
    assert said.action == PLANNED[utterance]["action"]
    for button in said.buttons:
        assert button.payload
        command = rasa_command(button.payload, small_library)
        assert command, button.payload
        assert command.lstrip("/").partition("{")[0] in DOMAIN["intents"]


def test_rasa_plans_every_action() -> None:
    # "back" is planned by the Rasa side's generator where there is nothing to go back to. What no words stand
    # for, but a button alone, the bot understands by itself.
    planned = {plan["action"] for plan in PLANNED.values()}
    lacking = [f"utter_{name}" for name in sorted(ACTIONS.keys() - {"back"} - WITHOUT_RASA - planned)]
    assert not lacking, (
        "domain.yml lacks these responses (of an action that asks first: _ask, _done, _cancelled)"
    )
    assert planned <= ACTIONS.keys(), "the table of bot/cards/actions.py lacks a row"


def test_every_intent_and_every_response_stands_in_a_rule() -> None:
    alternatives = [step for steps in STEPS for step in steps.get("or", [steps])]
    assert {step["intent"] for step in alternatives if "intent" in step} == set(DOMAIN["intents"])
    assert {step["action"] for step in STEPS if "action" in step} == set(DOMAIN["responses"])


@pytest.mark.parametrize("name", CONFIRMED)
def test_what_is_confirmed_has_a_question_and_two_buttons_that_name_it(
    name: str, small_library: Library
) -> None:
    asked = card({"reply": "action", "action": name, "step": "ask"}, Language.EN, small_library)
    sent = [button.payload for button in asked.buttons]
    assert (sent[0], sent[-1]) == (f"yes:{name}", f"no:{name}")
    planned = {plan.get("step") for plan in PLANNED.values() if plan["action"] == name}
    assert planned == {"ask", "do", "cancel"}
    assert {f"affirm_{name}", f"deny_{name}"} <= set(DOMAIN["intents"])


def test_no_other_action_is_answered_by_yes_or_no(small_library: Library) -> None:
    assert {"forget", "handoff", "subscribe", "unsubscribe"} <= set(CONFIRMED)
    for name in ACTIONS.keys() - set(CONFIRMED):
        assert rasa_command(payload.for_confirming(name, is_wanted=True), small_library) is None


@pytest.mark.parametrize("name", WITH_BUTTON)
def test_a_button_says_an_intent_that_rasa_knows(name: str, small_library: Library) -> None:
    action = ACTIONS[name]
    assert action.intent in DOMAIN["intents"], f"domain.yml lacks the intent {action.intent}"
    assert rasa_command(action.payload, small_library) == f"/{action.intent}"


def test_an_action_without_a_button_has_no_payload(small_library: Library) -> None:
    with pytest.raises(LookupError, match="thanks"):
        _ = ACTIONS["thanks"].payload
    assert rasa_command("say:thanks", small_library) is None


def test_a_step_at_which_an_action_says_nothing_is_a_mistake_that_names_both() -> None:
    with pytest.raises(LookupError, match=r"silent.*do"):
        Action("silent").at("do")


def test_payloads_of_old_buttons_mean_what_they_meant() -> None:
    old = {
        "emergency", "forget", "go_back", "greet", "handoff", "help", "none_of_these", "privacy",
        "subscribe", "topics", "unsubscribe", "which_language",
    }  # fmt: skip
    assert old <= INTENTS


def test_a_typed_command_stands_for_a_button() -> None:
    old = {
        "forget": "say:forget",
        "help": "say:help",
        "language": "say:which_language",
        "privacy": "say:privacy",
        "start": "say:greet",
        "subscribe": "say:subscribe",
        "topics": "say:topics",
        "unsubscribe": "say:unsubscribe",
    }
    assert old.items() <= COMMANDS.items()


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (Command("language", None, "EN"), "language:en"),
        (Command("language", None, "fr"), "say:which_language"),
        (Command("help", None, "en"), "say:help"),
        (Command("handoff", None, ""), None),
        (Command("unknown", None, ""), None),
    ],
)
def test_only_the_language_takes_a_parameter(command: Command, sent: str | None) -> None:
    assert button_for(command) == sent


def test_effects_belong_to_steps_that_rasa_plans() -> None:
    planned = {(plan["action"], plan.get("step")) for plan in PLANNED.values()}
    assert set(EFFECTS) <= planned | {(name, None) for name in WITHOUT_RASA}
