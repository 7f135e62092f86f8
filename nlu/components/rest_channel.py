"""Rasa's REST channel, with a way to forget a conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse


class ForgettingRestInput(RestInput):
    """RestInput under the same address, and DELETE /webhooks/rest/conversations/<id>."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of RestInput and one more."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.route("/conversations/<conversation_id:str>", methods=["DELETE"])
        async def forget(request: Request, conversation_id: str) -> HTTPResponse:
            store = request.app.ctx.agent.tracker_store
            getattr(store, "_tracker_store", store).forget(conversation_id)
            return response.empty()

        return blueprint
