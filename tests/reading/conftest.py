"""What tests of reading need of the machine."""

from __future__ import annotations

import pytest

from bot.reading import reader
from bot.reading import tesseract as program


@pytest.fixture(scope="session")
def tesseract() -> None:
    """The program, which is installed wherever the tests run; where it is not they say so."""
    if missing := program.problem():
        pytest.skip(missing)


@pytest.fixture(autouse=True)
def _crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that does much else, a picture takes as long of wall time as it takes."""
    monkeypatch.setattr(reader, "SECONDS_MOST", 60.0)
