"""Rasa's REST channel, with a way to forget a conversation and one to see how a text is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from nlu.components.reading import READING, Reading
from nlu.components.tracker_store import PrivateTrackerStore

log = structlog.get_logger()

TIDY_SECONDS = 600.0
"""Seconds between two rounds of forgetting."""


class ForgettingRestInput(RestInput):
    """RestInput under the same address, DELETE /webhooks/rest/conversations/<id>, and POST
    /webhooks/rest/parse: a text outside any conversation, for the evaluation."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of RestInput and two more."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.route("/conversations/<conversation_id:str>", methods=["DELETE"])
        async def forget(request: Request, conversation_id: str) -> HTTPResponse:
            _store(request.app).forget(conversation_id)
            return response.empty()

        @blueprint.route("/parse", methods=["POST"])
        async def parse(request: Request) -> HTTPResponse:
            text = (request.json or {}).get("text")
            if not isinstance(text, str):
                return response.json({"error": 'send {"text": ...}'}, 400)
            # As in a conversation: what begins with "/" would be a command to Rasa.
            return response.json(how_it_is_read(await request.app.ctx.agent.parse_message(text.lstrip("/ "))))

        @blueprint.listener("after_server_start")
        async def tidy_up(app: Sanic, _loop: Any) -> None:
            app.add_task(_tidy(app))

        return blueprint


async def _tidy(app: Sanic) -> None:
    """Forget what is a day old, also where nobody writes any more."""
    while True:
        try:
            _store(app).purge()
        except Exception as error:  # next time, perhaps; a message that cannot be stored is loud
            log.error("tidying_failed", error=type(error).__name__)
        await asyncio.sleep(TIDY_SECONDS)


def _store(app: Sanic) -> PrivateTrackerStore:
    """Ours, which Rasa wraps."""
    store = app.ctx.agent.tracker_store
    ours: PrivateTrackerStore = getattr(store, "_tracker_store", store)
    return ours


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
