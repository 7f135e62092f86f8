"""The commands as such: which there are, and how one ends that cannot do its work."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.channels.registry import commands
from bot.cli import COMMANDS, main
from bot.domain import errors
from tests.support import ROOT

ARGUMENTS = {
    "check": [],
    "new": ["culture.noodles"],
    "publish": [],
    "models": [],
    "questions": [],
    "reply": ["1", "Yes."],
    "announce": ["clarification.a"],
    "backup": ["backup.db"],
    "restore": ["backup.db", "--yes"],
    "run": [],
    "zalo": ["login"],
}
"""The commands that need settings, and what they are given."""


@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_wrong_setting_ends_each_command_with_its_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "content").mkdir()
    run = CliRunner(env={"PORT": "http"}).invoke(main, [command, *ARGUMENTS[command]])
    assert run.exit_code == 1
    assert re.fullmatch(r"The setting PORT is wrong: [^\n]+\.\n", run.output)


def test_questions_that_cannot_be_read_end_the_evaluation_with_a_sentence(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["evaluate", str(tmp_path / "none.yml")])
    assert (run.exit_code, run.output.count("\n")) == (1, 1)
    assert "none.yml cannot be read" in run.output


@pytest.mark.server
def test_help_lists_every_command_under_the_name_by_which_it_is_called() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--help"],
        cwd=ROOT, capture_output=True, check=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("Usage: python -m bot [OPTIONS] COMMAND")
    listed = re.findall(r"^  ([a-z]+)  ", done.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == sorted({*COMMANDS, *commands()})


def test_a_command_that_is_not_there_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["serve"]).exit_code == 2


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    for module in {*COMMANDS.values(), "evaluation.command"}:
        import_module(module)
    drawn = re.findall(r"[├└]── (\w+) .* ([\w/.]+)$", errors.__doc__ or "", re.MULTILINE)
    here = "bot/domain/errors.py"
    actual = {(error.__name__, f"{error.__module__.replace('.', '/')}.py") for error in _all_below()}
    assert {(name, here if file == "here" else file) for name, file in drawn} == actual


def _all_below(root: type[Exception] = errors.UserError) -> set[type[Exception]]:
    below = set(root.__subclasses__())
    return below | {error for one in below for error in _all_below(one)}
