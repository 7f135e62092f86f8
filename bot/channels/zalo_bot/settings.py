"""What can be set of the channel for Zalo's Bot Platform."""

from __future__ import annotations

from pydantic import Field, SecretStr

from bot.settings import EnvironmentSettings, Secret, Url


class ZaloBotSettings(EnvironmentSettings):
    """A bot of Zalo's Bot Platform. Whether it polls or is called tells PUBLIC_URL."""

    zalo_bot_token: Secret = Field(
        SecretStr(""),
        description="Token of a bot of Zalo's Bot Platform, from the account Zalo Bot Manager; empty: none",
    )
    zalo_bot_api_url: Url = Field(
        "https://bot-api.zaloplatforms.com", description="Address of the API of Zalo's Bot Platform"
    )
