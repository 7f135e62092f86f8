"""The stand-in for Zalo's Bot Platform."""

from stand_ins.zalo_bot.server import TOKEN, Person, StandIn

__all__ = ["TOKEN", "Person", "StandIn"]
