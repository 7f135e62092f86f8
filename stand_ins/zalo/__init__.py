"""The stand-in for Zalo: its OpenAPI, its authorisation and its webhooks, for one Official Account."""

from stand_ins.zalo.people import Person, Said
from stand_ins.zalo.server import APP_ID, APP_SECRET, OA_ID, OA_SECRET, StandIn

__all__ = ["APP_ID", "APP_SECRET", "OA_ID", "OA_SECRET", "Person", "Said", "StandIn"]
