"""The city with few of its answers: a training takes seconds, and all else is as it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import yaml

from tests.support.bot_process import copy_project
from tests.support.data import data_in

ANSWERS = frozenset(
    {
        "city.merger",
        "city.my-ward",
        "clarification.e10-petrol",
        "clarification.fake-vneid-calls",
        "clarification.floating-market-closing",
        "clarification.id-card-after-merger",
        "clarification.motorbike-emission",
        "clarification.old-driving-licence",
        "culture.cai-rang-floating-market",
        "culture.food",
        "culture.nga-nam-floating-market",
        "culture.ninh-kieu-quay",
        "diaspora.buy-house",
        "diaspora.e-visa",
        "investment.company-setup",
    }
)
"""Of each topic some, and several that are like one another."""

EXAMPLES_MOST = 50
"""How many stay, about, of the examples of an intent beside the answers."""

ALL_STAY = frozenset({"emergency", "care", "out_of_scope"})
"""Intents of which every example stays: no model is served that misses one that must be understood, or that
answers what has no answer."""

LANGUAGES = ("fr", "ko")
"""The other languages that stay: one with a script of its own, one without."""


def copy_small_project(directory: Path) -> None:
    """A copy of the project with few answers, and few examples beside them; its model is still to be made."""
    copy_project(directory, models=False)
    content = directory / "content"
    for file in content.glob("*/*.yml"):
        if f"{file.parent.name}.{file.stem}" in ANSWERS:
            file.write_text(_linked(file.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            file.unlink()
    catalogue = data_in(content / "catalogue.yml")
    few = {
        topic: {name: about for name, about in names.items() if f"{topic}.{name}" in ANSWERS}
        for topic, names in catalogue.items()
    }
    (content / "catalogue.yml").write_text(yaml.safe_dump(few, allow_unicode=True), encoding="utf-8")
    for file in (directory / "nlu" / "languages").glob("*.yml"):
        if file.stem not in LANGUAGES:
            file.unlink()
    for file in (directory / "nlu").glob("*.yml"):
        taught = data_in(file)
        if isinstance(taught, dict) and "nlu" in taught:
            there: Counter[str] = Counter()
            for intent in taught["nlu"]:
                there[intent["intent"]] += len(intent["examples"].splitlines())
            for intent in taught["nlu"]:
                if intent["intent"] not in ALL_STAY:  # of each of its lists as large a share
                    step = math.ceil(there[intent["intent"]] / EXAMPLES_MOST)
                    intent["examples"] = "".join(intent["examples"].splitlines(keepends=True)[::step])
            file.write_text(yaml.safe_dump(taught, allow_unicode=True), encoding="utf-8")


def _linked(text: str) -> str:
    """An answer's file, with the links to what is there."""
    return re.sub(
        r"^related: \[(.*)\]$",
        lambda links: f"related: [{', '.join(link for link in links[1].split(', ') if link in ANSWERS)}]",
        text,
        flags=re.MULTILINE,
    )
