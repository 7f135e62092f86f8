"""A bot of Zalo's Bot Platform, for pilots and the staff: it has room for fifty people."""

from bot.channels.contract import ChannelType
from bot.channels.zalo_bot.channel import ZaloBotChannel, create
from bot.channels.zalo_bot.settings import ZaloBotSettings

ZALO_BOT = ChannelType(ZaloBotSettings, create)

__all__ = ["ZALO_BOT", "ZaloBotChannel"]
