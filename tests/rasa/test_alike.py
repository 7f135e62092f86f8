"""What was made faster on the Rasa side says what it said before (see alike.py)."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.rasa


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    run = subprocess.run(
        [ROOT / ".venv-rasa/bin/python", "-m", "tests.support.alike"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("number", ["probabilities", "of two labels", "scores"])
def test_one_text_is_read_as_scikit_learn_reads_many(found: dict[str, Any], number: str) -> None:
    assert found[number] < 1e-6


def test_of_a_long_conversation_rasa_gets_what_the_next_reply_depends_on(found: dict[str, Any]) -> None:
    assert all(found["memory"].values()), found["memory"]


def test_the_rules_are_such_as_the_policy_takes_them_to_be(found: dict[str, Any]) -> None:
    assert all(found["rules"].values()), found["rules"]


def test_what_config_yml_sets_of_a_policy_is_a_setting(found: dict[str, Any]) -> None:
    assert all(found["policies"].values()), found["policies"]
