"""Rasa's REST channel, with a way to forget a conversation and one to see how a text is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from nlu.components.reading import READING, Reading


class ForgettingRestInput(RestInput):
    """RestInput under the same address, DELETE /webhooks/rest/conversations/<id>, and POST
    /webhooks/rest/parse: a text outside any conversation, for the evaluation."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of RestInput and two more."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.route("/conversations/<conversation_id:str>", methods=["DELETE"])
        async def forget(request: Request, conversation_id: str) -> HTTPResponse:
            store = request.app.ctx.agent.tracker_store
            getattr(store, "_tracker_store", store).forget(conversation_id)
            return response.empty()

        @blueprint.route("/parse", methods=["POST"])
        async def parse(request: Request) -> HTTPResponse:
            text = (request.json or {}).get("text")
            if not isinstance(text, str):
                return response.json({"error": 'send {"text": ...}'}, 400)
            # As in a conversation: what begins with "/" would be a command to Rasa.
            return response.json(how_it_is_read(await request.app.ctx.agent.parse_message(text.lstrip("/ "))))

        return blueprint


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
