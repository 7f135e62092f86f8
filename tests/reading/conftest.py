"""What tests of reading need of the machine."""

from __future__ import annotations

import pytest

from bot.reading import tesseract as program


@pytest.fixture(scope="session")
def tesseract() -> None:
    """The program, which is installed wherever the tests run; where it is not they say so."""
    if missing := program.problem():
        pytest.skip(missing)
