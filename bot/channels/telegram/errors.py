"""What Telegram's refusals mean, as the library raises them."""

from __future__ import annotations

import datetime

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.channels.contract import MaybeSent, Rejected, SendError, TryLater, Unreachable

BUSY_SECONDS = 5.0
"""The pause after a server error or a failed connection."""

REFUSED_SECONDS = 60.0
"""The pause after the token was refused: a person has to act."""

_GONE = (
    "chat not found",
    "group chat was deleted",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "peer_id_invalid",
    "user is deactivated",
)
"""What Telegram says with status 400 when nobody can be written to at this address."""


def as_send_error(error: TelegramError) -> SendError:
    """What the library's error means to the worker.

    The order matters: the library derives BadRequest and TimedOut from NetworkError.
    """
    result: SendError
    match error, error.__cause__:
        case RetryAfter(), _:
            result = TryLater("too many requests", seconds_of(error))
        case Forbidden(), _:
            result = Unreachable(error.message)
        case BadRequest(), _ if any(words in error.message.lower() for words in _GONE):
            result = Unreachable(error.message)
        case ((BadRequest() | ChatMigrated()), _):
            result = Rejected(error.message)
        case InvalidToken(), _:
            result = TryLater("token refused", REFUSED_SECONDS)
        case (
            NetworkError(),
            httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError() as cause,
        ):
            result = TryLater(type(cause).__name__, BUSY_SECONDS)  # it surely did not reach Telegram
        case NetworkError(), httpx.HTTPError() as cause:
            result = MaybeSent(type(cause).__name__)
        case NetworkError(), _:
            result = TryLater(error.message, BUSY_SECONDS)
        case _:
            result = MaybeSent(type(error).__name__)
    return result


def why_out_of_reach(error: Exception) -> str:
    """Why a call had no answer, in words that tell the operator what to look at: the network between, the
    proxy, or Telegram itself. What it refuses is no such error."""
    cause = error.__cause__
    kind = type(cause if isinstance(cause, httpx.HTTPError) else error).__name__
    if isinstance(cause, httpx.ProxyError):
        return f"the proxy of TELEGRAM_PROXY_URL does not let us through ({kind})"
    if isinstance(cause, httpx.HTTPError):
        return f"Telegram is out of reach ({kind}): where the network blocks it, set TELEGRAM_PROXY_URL"
    return f"Telegram is in trouble itself ({kind})"


def seconds_of(error: RetryAfter) -> float:
    """For how long Telegram asks to be left alone, and a little more."""
    wait = error.retry_after
    return (wait.total_seconds() if isinstance(wait, datetime.timedelta) else wait) + 0.1
