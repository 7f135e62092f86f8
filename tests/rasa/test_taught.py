"""What nlu/ teaches is taught in the language that it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from nlu.text.forms import fold
from tests.support import ROOT
from tests.support.data import data_in

WITHOUT_DIACRITICS = re.compile(
    r"\b(khong|duoc|hong|nhieu|nguoi|giay|tien|phuong|thanh pho|bao nhieu|o dau|may gio|chung nao|nao|gio|"
    r"viet|vang|trong|qua|khoi|lam|cai|muon|phong bi|nhet|truong|tui|toi|roi|vay|cua|nha)\b"
)
"""Words that are Vietnamese without diacritics, and no English ones."""

TAUGHT = {path.name: data_in(path) for path in sorted((ROOT / "nlu").glob("*.yml"))}
LISTS = [
    (name, entry) for name, file in TAUGHT.items() if isinstance(file, dict) for entry in file.get("nlu", [])
]


def examples(entry: Mapping[str, object]) -> Iterator[str]:
    for line in str(entry["examples"]).splitlines():
        yield line.removeprefix("- ")


@pytest.mark.parametrize(
    "entry",
    [pytest.param(entry, id=f"{name} {entry['intent']} {n}") for n, (name, entry) in enumerate(LISTS)],
)
def test_vietnamese_without_diacritics_is_not_taught_as_english(entry: dict[str, Any]) -> None:
    if entry.get("metadata", {}).get("language") == "vi":
        return
    taken_for_english = [
        text
        for text in examples(entry)
        if len(text.split()) > 2 and fold(text) == text.lower() and len(WITHOUT_DIACRITICS.findall(text)) > 1
    ]
    assert taken_for_english == [], "their list has to say `language: vi` in its metadata"
