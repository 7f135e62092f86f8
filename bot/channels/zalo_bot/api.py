"""The few calls to Zalo's Bot Platform that the bot makes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.zalo_bot.limits import CALL_SECONDS, POLL_SECONDS

NOTHING_NEW = 408
"""What a poll is answered with that brought nothing."""


class Refused(Exception):
    """The platform said no. code: its own, like those of HTTP; words: what it says about it."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}".strip())
        self.code = code
        self.words = words


class NoAnswer(Exception):
    """No answer came that can be read. is_unsent: the call surely did not arrive."""

    def __init__(self, reason: str, *, is_unsent: bool = False) -> None:
        super().__init__(reason)
        self.is_unsent = is_unsent


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")

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
            Refused, NoAnswer: there is no telling.
        """
        try:
            found = await self.call(
                "getUpdates", {"timeout": str(POLL_SECONDS)}, within=POLL_SECONDS + self._within
            )
        except Refused as error:
            if error.code == NOTHING_NEW:
                return []
            raise
        return found if isinstance(found, list) else [found] if found else []

    async def call(
        self, method: str, parameters: dict[str, str] | None = None, *, within: float | None = None
    ) -> object:
        """The result of a call; `within`: the seconds that it may take.

        Raises:
            Refused: the platform said no, mostly with status 200.
            NoAnswer: no answer came that can be read.
        """
        within = within or self._within
        try:
            # The client's own timeouts start anew with every byte.
            async with asyncio.timeout(within):
                answer = await self._http.post(
                    f"{self._base}/{method}", json=parameters or {}, timeout=within
                )
        except TimeoutError as error:
            raise NoAnswer("no answer in time") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NoAnswer(type(error).__name__, is_unsent=True) from None
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from None
        try:
            envelope = _Envelope.model_validate_json(answer.content)
        except ValidationError:
            if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
                raise Refused(answer.status_code, "") from None
            raise NoAnswer(f"status {answer.status_code}") from None
        if not envelope.ok:
            raise Refused(envelope.error_code or answer.status_code, envelope.description)
        return envelope.result
