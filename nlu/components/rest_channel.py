"""Rasa's REST channel, with a way to forget a conversation and one to see how a text is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from nlu.components.events import ConversationsAway
from nlu.components.reading import READING, Reading
from nlu.components.tracker_store import PrivateTrackerStore

log = structlog.get_logger()

TIDY_SECONDS = 600.0
"""Seconds between two rounds of forgetting."""


class ForgettingRestInput(InputChannel):
    """Rasa's REST channel under its own address, POST /webhooks/rest/webhook, and two more routes:
    DELETE /webhooks/rest/conversations/<id>, and POST /webhooks/rest/parse, a text outside any conversation,
    for the evaluation."""

    @classmethod
    def name(cls) -> str:
        """As of Rasa's own: a part of the address."""
        return "rest"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The three routes."""
        blueprint = Blueprint("rest")

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            said = request.json or {}
            text, collector = said.get("message"), CollectingOutputChannel()
            message = UserMessage(
                text,
                collector,
                said.get("sender"),
                read_button(text or "", request.app.ctx.agent.domain),
                input_channel=self.name(),
                metadata=said.get("metadata"),
            )
            try:
                await on_new_message(message)
            except ConversationsAway:
                return _away()
            except Exception:
                log.exception("rest.message.received.failure")
            return response.json(collector.messages)

        @blueprint.route("/conversations/<conversation_id:str>", methods=["DELETE"])
        async def forget(request: Request, conversation_id: str) -> HTTPResponse:
            try:
                _store(request.app).forget(conversation_id)
            except ConversationsAway:
                return _away()
            return response.empty()

        @blueprint.route("/parse", methods=["POST"])
        async def parse(request: Request) -> HTTPResponse:
            text = (request.json or {}).get("text")
            if not isinstance(text, str):
                return response.json({"error": 'send {"text": ...}'}, 400)
            # As in a conversation: what begins with "/" would be a command to Rasa.
            return response.json(how_it_is_read(await request.app.ctx.agent.parse_message(text.lstrip("/ "))))

        @blueprint.listener("after_server_start")
        async def begin(app: Sanic, _loop: Any) -> None:
            _keep_to_our_store(app)
            app.add_task(_tidy(app))

        return blueprint


def read_button(text: str, domain: Domain) -> dict[str, Any] | None:
    """What a button stands for ("/faq{...}"), as Rasa would say after reading it as if a person had written
    it; None if the text is no button."""
    written = Message({TEXT: text})
    read = YAMLStoryReader.unpack_regex_message(written, domain, RegexMessageHandler.__name__)
    return None if read is written else dict(read.as_dict(only_output_properties=True))


async def _tidy(app: Sanic) -> None:
    """Forget what is a day old, also where nobody writes any more."""
    while True:
        try:
            _store(app).purge()
        except Exception as error:  # next time, perhaps; a message that cannot be stored is loud
            log.error("tidying_failed", error=type(error).__name__)
        await asyncio.sleep(TIDY_SECONDS)


def _keep_to_our_store(app: Sanic) -> None:
    """Rasa wraps a tracker store in one that goes on with a memory of its own when the store fails: a context
    that is lost unnoticed, and words that are kept."""
    agent = app.ctx.agent
    agent.tracker_store = agent.tracker_store._tracker_store
    if agent.processor:
        agent.processor.tracker_store = agent.tracker_store


def _store(app: Sanic) -> PrivateTrackerStore:
    ours: PrivateTrackerStore = app.ctx.agent.tracker_store
    return ours


def _away() -> HTTPResponse:
    return response.text("the conversations cannot be read or written just now", 503)


def how_it_is_read(parsed: dict[str, Any]) -> dict[str, Any]:
    """How a text is read, without the text.

    intent, confidence: the reading and how likely it is right.
    answers: what would be answered, or offered if the intent is nlu_fallback; best first.
    ranking: labels and their scores, best first, whatever came of them.
    """
    reading = Reading(**parsed.get(READING, {}))
    named = [entity["value"] for entity in parsed["entities"] if entity["entity"] == "answer"]
    return {
        "intent": parsed["intent"]["name"],
        "confidence": parsed["intent"]["confidence"],
        "answers": [*named, *reading.also, *reading.choices],
        "ranking": [[label["name"], label["confidence"]] for label in parsed.get("intent_ranking", [])],
    }
