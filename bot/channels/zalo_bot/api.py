"""The few calls to Zalo's Bot Platform that the bot makes."""

from __future__ import annotations

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from bot.channels.zalo_bot.limits import CALL_SECONDS, POLL_SECONDS
from bot.channels.zalo_calls import Lenient, NoAnswer, ZaloError, post

NOTHING_NEW = 408
"""What a poll is answered with that brought nothing."""


class _Envelope(Lenient):
    ok: bool
    result: object = None
    error_code: int = 0
    description: str = ""


class ZaloBotApi:
    """The platform's server. The token is part of every address, so no exception and no log has one.

    url: of the server, without it.
    """

    def __init__(self, api_url: str, token: str, call_seconds: float = CALL_SECONDS) -> None:
        self.url = api_url
        self._base = f"{api_url.rstrip('/')}/bot{token}"
        self._within = call_seconds
        self._http = httpx.AsyncClient(timeout=call_seconds, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def updates(self) -> list[object]:
        """What has come, or nothing after half a minute; perhaps what came before, again.

        Raises:
            ZaloError, NoAnswer: there is no telling.
        """
        try:
            found = await self.call(
                "getUpdates", {"timeout": str(POLL_SECONDS)}, within=POLL_SECONDS + self._within
            )
        except ZaloError as error:
            if error.code == NOTHING_NEW:
                return []
            raise
        return found if isinstance(found, list) else [found] if found else []

    async def call(
        self, method: str, parameters: dict[str, str] | None = None, *, within: float | None = None
    ) -> object:
        """The result of a call; `within`: the seconds that it may take.

        Raises:
            ZaloError: the platform refused, mostly with status 200.
            NoAnswer: no answer came that can be read.
        """
        answer = await post(
            self._http, f"{self._base}/{method}", within or self._within, json=parameters or {}
        )
        try:
            envelope = _Envelope.model_validate_json(answer.content)
        except ValidationError:
            if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
                raise ZaloError(answer.status_code, "") from None
            raise NoAnswer(f"status {answer.status_code}") from None
        if not envelope.ok:
            raise ZaloError(envelope.error_code or answer.status_code, envelope.description)
        return envelope.result
