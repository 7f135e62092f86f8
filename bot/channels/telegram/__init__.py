"""Telegram: from its updates to messages, from cards to its messages."""

import os

# The library's documented opt-in to durations as timedelta, its coming default. Without it each
# "too many requests" also raises a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from bot.channels.contract import ChannelType
from bot.channels.telegram.channel import TelegramChannel, create
from bot.channels.telegram.settings import TelegramSettings

TELEGRAM = ChannelType(TelegramSettings, create)

__all__ = ["TELEGRAM", "TelegramChannel"]
