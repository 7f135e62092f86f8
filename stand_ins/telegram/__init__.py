"""The stand-in for Telegram's Bot API."""

from stand_ins.telegram.people import Chat, Person
from stand_ins.telegram.server import TOKEN, StandIn

__all__ = ["TOKEN", "Chat", "Person", "StandIn"]
