"""Asks the Rasa side for a plan."""

from __future__ import annotations

import json
import time

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.content.schema import Language
from bot.rasa.plan import Plan, Plans


class RasaError(Exception):
    """No plan came back. RasaUnavailable: ask again soon; RasaFailed: this message fails."""


class RasaUnavailable(RasaError):
    """The Rasa side cannot be reached, or has no model yet."""


class RasaFailed(RasaError):
    """Rasa answered with an error, with nothing, or with something that is no plan."""


class _Custom(BaseModel):
    plans: list[dict[str, object]]


class _Response(BaseModel):
    """One message of Rasa's REST channel; ours carry plans and no text."""

    model_config = ConfigDict(extra="ignore")
    custom: _Custom


class Rasa:
    """A client of the Rasa side's one address.

    away_since: the moment (of time.monotonic) from which it has been out of reach; None if it is not.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        """`http` has the Rasa side's address as its base URL, and its time limits."""
        self._http = http
        self.away_since: float | None = None

    async def ask(self, conversation: str, text: str, language: Language | None) -> tuple[Plan, ...]:
        """The plans for one message, at least one.

        Args:
            conversation: whose context it belongs to.
            text: what the person said, or an `/intent{...}` of ours.
            language: of the person's app, where it is known.

        Raises:
            RasaUnavailable, RasaFailed: as their docstrings say. An empty list is a failure:
                Rasa answers so after an exception of its own and without a model.
        """
        plans = await self._plans(conversation, text, language)
        if plans and plans[0].get("reply") == "pick":
            # A choice was picked in words: its button is pressed, so that slots are set in one way only.
            command = "/faq" + json.dumps({"answer": plans[0].get("id")})
            action = {"action": plans[0]["action"]} if "action" in plans[0] else {}
            plans = [{**plan, **action} for plan in await self._plans(conversation, command, language)]
        try:
            return Plans.validate_python(plans)
        except ValidationError as error:
            raise RasaFailed("no plan in the answer") from error

    async def _plans(
        self, conversation: str, text: str, language: Language | None
    ) -> list[dict[str, object]]:
        body = {"sender": conversation, "message": text, "metadata": {"language": language}}
        try:
            response = await self._http.post("/webhooks/rest/webhook", json=body)
        except httpx.ReadTimeout as error:
            raise RasaFailed("no answer in time") from error
        except httpx.TransportError as error:
            raise self._away(type(error).__name__) from error
        if response.status_code in {502, 503, 504}:
            raise self._away(f"status {response.status_code}")
        self.away_since = None
        if response.status_code != 200:
            raise RasaFailed(f"status {response.status_code}")
        try:
            items = response.json()
            return [plan for item in items for plan in _Response.model_validate(item).custom.plans]
        except (ValidationError, ValueError) as error:
            raise RasaFailed("no plan in the answer") from error

    def _away(self, reason: str) -> RasaUnavailable:
        self.away_since = self.away_since or time.monotonic()
        return RasaUnavailable(reason)

    async def is_ready(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            response = await self._http.get("/status", timeout=2)
        except httpx.TransportError:
            return False
        return response.status_code == 200 and bool(response.json().get("model"))

    async def teach(self, files: dict[str, str]) -> None:
        """Hand over the training files of content/; a model is made if they are new.

        Raises:
            RasaUnavailable: it could not be reached.
        """
        try:
            response = await self._http.put("/training-data", json={"files": files})
        except httpx.TransportError as error:
            raise RasaUnavailable(type(error).__name__) from error
        if response.status_code != 202:
            raise RasaUnavailable(f"status {response.status_code}")

    async def forget(self, conversation: str) -> None:
        """Delete the context of a conversation.

        Raises:
            RasaUnavailable: it could not be reached.
        """
        try:
            response = await self._http.delete(f"/conversations/{conversation}")
        except httpx.TransportError as error:
            raise RasaUnavailable(type(error).__name__) from error
        if response.status_code not in {200, 204, 404}:
            raise RasaUnavailable(f"status {response.status_code}")
