"""How both of Zalo's platforms are called, and what may come of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, model_validator


class ZaloError(Exception):
    """Zalo refused a call. code: of the platform's table; words: what it says about it."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}".strip())
        self.code = code
        self.words = words


class NoAnswer(Exception):
    """No answer came that can be read. is_unsent: the call surely did not reach Zalo."""

    def __init__(self, reason: str, *, is_unsent: bool = False) -> None:
        super().__init__(reason)
        self.is_unsent = is_unsent


class Lenient(BaseModel):
    """What Zalo sends: its numbers are mostly strings, what it leaves out may be null, and it adds fields
    without notice."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


async def post(http: httpx.AsyncClient, url: str, within: float, **content: Any) -> httpx.Response:
    """The answer to a POST; within: the seconds that it may take; content: as httpx takes it.

    Raises:
        NoAnswer: none came. It has no address with it, for a bot's token is part of that.
    """
    try:
        # The client's own timeouts start anew with every byte.
        async with asyncio.timeout(within):
            return await http.post(url, timeout=within, **content)
    except TimeoutError:
        raise NoAnswer("no answer in time") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NoAnswer(type(error).__name__, is_unsent=True) from None
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from None
