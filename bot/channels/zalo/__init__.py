"""Zalo's Official Account: from its events to messages, from cards to its messages."""

from bot.channels.contract import ChannelType
from bot.channels.zalo.api import ZaloApi
from bot.channels.zalo.channel import ZaloChannel, create
from bot.channels.zalo.cli import zalo
from bot.channels.zalo.receiving import OfficialAccount
from bot.channels.zalo.settings import ZaloSettings

ZALO = ChannelType(ZaloSettings, create, zalo)

__all__ = ["ZALO", "OfficialAccount", "ZaloApi", "ZaloChannel"]
