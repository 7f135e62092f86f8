"""What can be set of the Telegram channel."""

from __future__ import annotations

from pydantic import Field, SecretStr

from bot.settings import EnvironmentSettings, Secret, Url


class TelegramSettings(EnvironmentSettings):
    """The bot on Telegram. Whether it polls or is called tells PUBLIC_URL."""

    telegram_token: Secret = Field(
        SecretStr(""), description="Token of the Telegram bot, from @BotFather; empty: no Telegram"
    )
    telegram_api_url: Url = Field("https://api.telegram.org", description="Address of Telegram's Bot API")
