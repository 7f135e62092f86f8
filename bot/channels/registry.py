"""The channels that there are. A new one stands in a folder of its own, and in one line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from pydantic import create_model

from bot.channels.contract import ChannelType
from bot.channels.telegram import TELEGRAM
from bot.channels.web import WEB
from bot.channels.zalo import ZALO
from bot.channels.zalo_bot import ZALO_BOT
from bot.settings import Settings

CHANNELS: tuple[ChannelType[Any], ...] = (
    WEB,
    TELEGRAM,
    ZALO,
    ZALO_BOT,
)


def settings_of(channels: Sequence[ChannelType[Any]]) -> type[Settings]:
    """The service's own settings and those of channels, as one class."""
    # Fields come in the order of the bases from the last to the first.
    bases = (*(channel.settings for channel in reversed(channels)), Settings)
    return create_model("ServiceSettings", __base__=bases)


ServiceSettings = settings_of(CHANNELS)
"""Every setting of the service and its channels. The editors' pages have more (bot/editing/settings.py)."""


def commands() -> dict[str, click.Group]:
    """What channels add to the commands of `python -m bot`, by name."""
    groups = (channel.commands for channel in CHANNELS if channel.commands)
    return {group.name or "": group for group in groups}
