"""The local page, and the public interface behind it."""

from bot.channels.contract import ChannelType
from bot.channels.web.channel import REPLY_WITHIN, WebChannel, create
from bot.channels.web.settings import WebSettings

WEB = ChannelType(WebSettings, create)

__all__ = ["REPLY_WITHIN", "WEB", "WebChannel"]
