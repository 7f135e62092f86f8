"""Dialogues, played with a model in this process: seconds instead of minutes.

    .venv-rasa/bin/python -m benchmarks.dialogues [--model FILE] FILE...

The files are as those of tests/dialogues/. Run from the project's directory. A button is not pressed by its
label here, where no card is made: dialogues that press one are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from nlu import rasa_environment

rasa_environment.redact_log()

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.utils.endpoints import EndpointConfig

from nlu import models
from nlu.components.encoder import REMEMBERED
from nlu.components.rest_channel import read_button
from nlu.runner.graph_runner import InOrderRunner

Plan = dict[str, Any]


class Player:
    """Says things to a model as the bot does."""

    def __init__(self, model: Path) -> None:
        nlg = EndpointConfig(type="nlu.components.plan_generator.PlanGenerator")
        self._agent = Agent.load(str(model), generator=nlg, tracker_store=InMemoryTrackerStore(None))
        processor = self._agent.processor
        assert processor
        processor.graph_runner = InOrderRunner.of(processor.graph_runner)
        self._conversations = 0

    def play(self, said: Iterable[str]) -> Iterator[tuple[list[Plan], dict[str, Any]]]:
        """Of each turn of a new conversation the plans, and how Rasa read it."""
        self._conversations += 1
        conversation = str(self._conversations)
        for text in said:
            plans = self._say(conversation, text.lstrip("/ "))
            tracker = asyncio.run(self._agent.tracker_store.retrieve(conversation))
            read = dict(tracker.latest_message.parse_data)
            if plans[0]["reply"] == "pick":
                plans = self._press(conversation, plans[0])
            yield plans, read

    def reply(self, before: Iterable[str | Plan], text: str) -> Plan:
        """The first plan for a text, after other texts, and answers and sides that were pressed."""
        self._conversations += 1
        conversation = str(self._conversations)
        for one in before:
            if isinstance(one, str):
                self._say(conversation, one.lstrip("/ "))
            else:
                self._press(conversation, one)
        return self._say(conversation, text.lstrip("/ "))[0]

    def _press(self, conversation: str, pick: Plan) -> list[Plan]:
        intent = "faq_facet" if pick.get("facet") else "faq"
        entities = {"answer": pick["id"], **({"facet": pick["facet"]} if pick.get("facet") else {})}
        plans = self._say(conversation, f"/{intent}{json.dumps(entities)}")
        return [{**plan, **({"action": pick["action"]} if "action" in pick else {})} for plan in plans]

    def _say(self, conversation: str, text: str) -> list[Plan]:
        channel = CollectingOutputChannel()
        button = read_button(text, self._agent.domain)
        message = UserMessage(text, channel, conversation, button, "rest", metadata={REMEMBERED: True})
        asyncio.run(self._agent.handle_message(message))
        return list(channel.messages[0]["custom"]["plans"])


def misses(turn: dict[str, Any], plan: Plan) -> list[str]:
    """What is wrong with a plan, one phrase each: of what is expected of it, and may be `or` instead, that
    which is nearest to it. What is expected is as in tests/dialogues/."""
    every = [turn.get("expect", {}), *turn.get("or", [])]
    return min((_misses(expected, plan) for expected in every), key=len)


def _misses(expected: dict[str, Any], plan: Plan) -> list[str]:
    card = {"kind": plan["reply"], **plan}
    wrong = []
    for key, value in expected.items():
        allowed = value if isinstance(value, list) and key == "action" else [value]
        if card.get(key) not in allowed:
            wrong.append(f"{key} is {card.get(key)}, not {' or '.join(map(str, allowed))}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, help="that which is live by default")
    arguments = parser.parse_args()
    player = Player(
        arguments.model or models.file_of(json.loads(Path("models/live.json").read_text())["name"])
    )
    right = turns = whole = played = 0
    for file in arguments.files:
        for dialogue in yaml.safe_load(file.read_text("utf-8")):
            if any("button" in turn for turn in dialogue["turns"]):
                continue
            results = list(player.play(turn["user"] for turn in dialogue["turns"]))
            wrong = [
                (turn["user"], missed)
                for turn, (plans, _) in zip(dialogue["turns"], results, strict=True)
                if (missed := misses(turn, plans[0]))
            ]
            for text, missed in wrong:
                print(f"{file.stem}: {dialogue['name']}: {text!r}: {'; '.join(missed)}")
            played, turns = played + 1, turns + len(results)
            right, whole = right + len(results) - len(wrong), whole + (not wrong)
    print(f"{right} of {turns} turns, {whole} of {played} dialogues")


if __name__ == "__main__":
    main()
