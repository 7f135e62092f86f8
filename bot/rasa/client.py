"""Asks the Rasa side for a plan."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.domain.language import Language
from bot.domain.plan import Pick, Plan, Plans
from bot.rasa.runners import Runner, Runners
from bot.rasa.status import KeptModel, KeptModels, RasaStatus
from bot.settings import Settings

TIMEOUT = httpx.Timeout(20, connect=2)

MODEL_HEADER = "Rasa-Model"
"""The header in which the Rasa side names the model that answered."""


class RasaError(Exception):
    """No plan came back. RasaUnavailable: ask again soon; RasaFailed: this message fails."""


class RasaUnavailable(RasaError):
    """The Rasa side cannot be reached, or has no model yet."""


class RasaRefuses(RasaUnavailable):
    """The Rasa side does not know this bot; says what to do."""


class RasaFailed(RasaError):
    """Rasa answered with an error, with nothing, or with something that is no plan."""


Told = TypeVar("Told", bound=BaseModel)


class _Named(BaseModel):
    model: str


class _Custom(BaseModel):
    plans: list[dict[str, object]]


class _Response(BaseModel):
    """One message of Rasa's REST channel; ours carry plans and no text."""

    model_config = ConfigDict(extra="ignore")
    custom: _Custom


def authorization(settings: Settings) -> dict[str, str]:
    """The header by which the Rasa side knows the bot."""
    token = settings.rasa_token.get_secret_value()
    return {"Authorization": f"Bearer {token}"} if token else {}


def connection(settings: Settings, timeout: httpx.Timeout | float = TIMEOUT) -> httpx.AsyncClient:
    """Connections to the Rasa side."""
    return httpx.AsyncClient(
        base_url=settings.rasa_address, headers=authorization(settings), timeout=timeout, trust_env=False
    )


def _check_known(response: httpx.Response) -> None:
    if response.status_code in {401, 403, 421}:
        raise RasaRefuses(f"it refuses this bot, for {response.text[:200]}")


class Rasa:
    """A client of the Rasa side: messages go to one of its runners, all else to its trainer.

    away_since: the moment (of time.monotonic) from which it has been out of reach; None if it is not.
    model: the name of the one that answered last, as far as is known.
    """

    def __init__(self, http: httpx.AsyncClient, runners: Runners | None = None) -> None:
        """`http` is a `connection`; `runners`: if there are others than the trainer."""
        self._http = http
        self.runners = runners or Runners([str(http.base_url).rstrip("/")])
        self.away_since: float | None = None
        self.model: str | None = None

    async def ask(
        self, conversation: str, text: str, language: Language | None, turn: float | None = None
    ) -> tuple[Plan, ...] | Pick:
        """The plans for one message, at least one; or what was picked, if it picks something.

        Args:
            conversation: whose context it belongs to.
            text: what the person said, or an `/intent{...}` of ours.
            language: of the person's app, where it is known.
            turn: when the message came, in seconds. One that comes after a later one, or again, does not
                change the context; None: it always does.

        Raises:
            RasaUnavailable, RasaFailed: as their docstrings say. An empty list is a failure:
                Rasa answers so after an exception of its own and without a model.
        """
        plans = await self._plans(conversation, text, {"language": language, "turn": turn})
        try:
            if plans and plans[0].get("reply") == "pick":
                return Pick.model_validate(plans[0])
            return Plans.validate_python(plans)
        except ValidationError as error:
            raise RasaFailed("no plan in the answer") from error

    async def _plans(
        self, conversation: str, text: str, metadata: dict[str, object]
    ) -> list[dict[str, object]]:
        body: dict[str, object] = {"sender": conversation, "message": text, "metadata": metadata}
        response = await self._answer(body)
        _check_known(response)
        self.away_since = None
        if response.status_code != 200:
            raise RasaFailed(f"status {response.status_code}")
        self.model = response.headers.get(MODEL_HEADER, self.model)
        try:
            items = response.json()
            return [plan for item in items for plan in _Response.model_validate(item).custom.plans]
        except (ValidationError, ValueError) as error:
            raise RasaFailed("no plan in the answer") from error

    async def _answer(self, body: dict[str, object]) -> httpx.Response:
        """What a runner answers; another one is asked where the first is lost or has no model."""
        tried: list[Runner] = []
        reason = "no runner answers"
        while runner := self.runners.pick(tried):
            tried.append(runner)
            try:
                response = await self._answer_of(runner, body)
            except httpx.ReadTimeout as error:
                raise RasaFailed("no answer in time") from error
            except httpx.TransportError as error:
                reason = type(error).__name__
                if self.runners.are_several:
                    runner.away()
                continue
            if response.status_code not in {502, 503, 504}:
                runner.model = response.headers.get(MODEL_HEADER, runner.model)
                return response
            reason = f"status {response.status_code}"
        raise self._away(reason)

    async def _answer_of(self, runner: Runner, body: dict[str, object]) -> httpx.Response:
        """What a runner answers. Raises httpx.TransportError, also when it is lost meanwhile."""
        asked = self._http.post(f"{runner.url}/webhooks/rest/webhook", json=body)
        if not self.runners.are_several:
            return await asked
        asking = asyncio.create_task(asked)
        lost = asyncio.create_task(runner.lost.wait())
        try:
            with runner.busy():
                await asyncio.wait({asking, lost}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
            raise httpx.ReadError("the runner hangs")
        finally:
            asking.cancel()
            lost.cancel()

    def _away(self, reason: str) -> RasaUnavailable:
        self.away_since = self.away_since or time.monotonic()
        return RasaUnavailable(reason)

    async def status(self) -> RasaStatus:
        """How the Rasa side is.

        Raises:
            RasaUnavailable: it could not be reached, or answers with something else.
        """
        status = _understood(RasaStatus, await self._request("GET", "/status", timeout=2))
        self.model = status.model
        self.runners.published(status.model)
        return status

    async def teach(
        self, files: dict[str, str], override: str | None = None, withdrawn: Collection[str] = ()
    ) -> str:
        """Hand over the training files of content/; a model is made if they are new.

        Args:
            files: text by name.
            override: why their model is to answer although it is or may be refused.
            withdrawn: ids of answers that content/ has and teaches no more; whatever else vanishes in
                numbers is not believed.

        Returns:
            The name of their model.

        Raises:
            RasaUnavailable: they were not taken.
        """
        body = {"files": files, "override": override, "withdrawn": sorted(withdrawn)}
        return _understood(_Named, await self._request("PUT", "/training-data", json=body)).model

    async def models(self) -> list[KeptModel]:
        """The models that are kept, the newest first. Raises RasaUnavailable."""
        return _understood(KeptModels, await self._request("GET", "/models")).models

    async def put_back(self, model: str) -> bool:
        """Let a model that is kept answer; False if there is none of this name. Raises RasaUnavailable."""
        path = f"/models/{quote(model, safe='')}/serve"
        response = await self._request("POST", path, json={}, allowed=(202, 404))
        return response.status_code != 404

    async def forget(self, conversation: str) -> None:
        """Delete the context of a conversation.

        Raises:
            RasaUnavailable: it could not be reached.
        """
        await self._request("DELETE", f"/conversations/{conversation}", allowed=(200, 204, 404))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        timeout: float | None = None,
        allowed: tuple[int, ...] = (200, 202),
    ) -> httpx.Response:
        """Ask for something beside a plan. Raises RasaUnavailable."""
        limit = httpx.USE_CLIENT_DEFAULT if timeout is None else timeout
        try:
            response = await self._http.request(method, path, json=json, timeout=limit)
        except httpx.TransportError as error:
            raise RasaUnavailable(type(error).__name__) from error
        _check_known(response)
        if response.status_code not in allowed:
            raise RasaUnavailable(f"status {response.status_code}")
        return response


def _understood(kind: type[Told], response: httpx.Response) -> Told:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise RasaUnavailable("an answer that is not understood") from error
