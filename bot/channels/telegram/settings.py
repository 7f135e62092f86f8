"""What can be set of the Telegram channel."""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import AfterValidator, Field, SecretStr

from bot.settings import EnvironmentSettings, Secret, Url

PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})


def _proxy(value: SecretStr) -> SecretStr:
    """Never says a part of the address: it may be one of the password."""
    address = value.get_secret_value()
    if not address:
        return value
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError(_NO_PROXY) from error
    if url.scheme not in PROXY_SCHEMES or not url.host:
        raise ValueError(_NO_PROXY)
    return value


_NO_PROXY = (
    "this is no address such as http://proxy.example:3128 or socks5://user:password@proxy.example:1080"
)


class TelegramSettings(EnvironmentSettings):
    """The bot on Telegram. Whether it polls or is called tells PUBLIC_URL."""

    telegram_token: Secret = Field(
        SecretStr(""), description="Token of the Telegram bot, from @BotFather; empty: no Telegram"
    )
    telegram_api_url: Url = Field("https://api.telegram.org", description="Address of Telegram's Bot API")
    telegram_proxy_url: Annotated[Secret, AfterValidator(_proxy)] = Field(
        SecretStr(""),
        description="Proxy (http, https or socks5) through which Telegram is reached, where the network "
        "blocks it; empty: none",
    )
