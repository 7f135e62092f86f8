"""What docker-compose.yml says, and which settings are whose."""

from __future__ import annotations

from typing import Any

from bot.channels.registry import ServiceSettings
from bot.editing.settings import EditorsSettings
from bot.settings import Settings
from tests.support import ROOT
from tests.support.data import data_in

COMPOSE: dict[str, Any] = data_in(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def of_the_editors_alone() -> set[str]:
    """The settings that the editors' pages have beside the service's own."""
    return {name.upper() for name in EditorsSettings.model_fields.keys() - Settings.model_fields.keys()}


def secret_names() -> set[str]:
    """The settings that are secrets."""
    fields = {**ServiceSettings.model_fields, **EditorsSettings.model_fields}
    return {name.upper() for name, field in fields.items() if "Secret" in str(field)}
