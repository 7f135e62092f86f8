"""What can be set of the page."""

from __future__ import annotations

from pydantic import Field

from bot.settings import EnvironmentSettings


class WebSettings(EnvironmentSettings):
    """How much the page takes."""

    web_rate_limit: int = Field(
        30, ge=0, description="Messages a minute that the page takes of one conversation; 0: no limit at all"
    )
    web_address_limit: int = Field(
        600, ge=0, description="Messages a minute that the page takes from one address; 0: no limit"
    )
