"""How the tests of the Telegram channel make one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.channels.telegram import TelegramChannel

SECRET = "a secret"


class ByWebhook(Protocol):
    """Makes a channel that receives by webhook."""

    def __call__(self) -> AbstractAsyncContextManager[tuple[TelegramChannel, str]]: ...
