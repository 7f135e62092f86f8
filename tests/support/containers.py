"""What docker-compose.yml says, and which settings are whose."""

from __future__ import annotations

import re
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


def base_image(name: str) -> str:
    """The image of others that one of the Dockerfile's is made from."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    made_from = {made: base for base, made in re.findall(r"^FROM (\S+) AS (\w+)$", text, re.MULTILINE)}
    while name in made_from:
        name = made_from[name]
    return name
