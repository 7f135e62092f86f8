"""Zalo's Official Account: from its events to messages, from cards to its messages."""

from bot.channels.zalo.api import Api
from bot.channels.zalo.channel import Account, ZaloChannel

__all__ = ["Account", "Api", "ZaloChannel"]
