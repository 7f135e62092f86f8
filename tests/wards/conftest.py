"""The table of content/, and the names in it."""

from __future__ import annotations

import pytest

from bot.content.wards import Wards
from bot.content.wards_file import read_wards
from bot.rasa.training_set import ward_lines
from nlu.wards.table import Names
from tests.support import ROOT


@pytest.fixture(scope="session")
def wards() -> Wards:
    return read_wards(ROOT / "content" / "wards.yml")[0]


@pytest.fixture(scope="session")
def names(wards: Wards) -> Names:
    return Names.of(ward_lines(wards))
