"""What tests of reading need of the machine."""

from __future__ import annotations

import pytest

from bot.reading import tesseract as program
from tests.support.needs import missing


@pytest.fixture(scope="session")
def tesseract() -> None:
    """The program, which is installed wherever the tests run; where it is not they say so."""
    if problem := program.problem():
        missing(problem)
