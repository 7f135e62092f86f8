"""The Rasa side computes the same on every processor, whatever OpenBLAS takes it for."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from nlu.arithmetic import openblas
from tests.support import ROOT

PYTHON = ROOT / ".venv-rasa/bin/python"

NEW_XEON = {"pni", "sse4_2", "avx", "avx2", "fma", "avx512f"}

READINGS = """
import json, sys, numpy
from nlu.arithmetic.known_answer import readings
machine, inputs, alone, together = readings(int(sys.argv[1]))
said = numpy.concatenate([scores[::97, ::7].ravel() for scores in (machine.scores(inputs), alone, together)])
print(json.dumps(said.tolist()))
"""


@pytest.mark.parametrize(
    ("cores", "flags", "tried"),
    [
        (["Haswell", "Haswell"], NEW_XEON, [None, "Sandybridge", "Nehalem", "Prescott"]),
        (["SkylakeX", "Zen"], NEW_XEON, [None, "Haswell", "Sandybridge", "Nehalem", "Prescott"]),
        (["Prescott", "Prescott"], NEW_XEON, ["Haswell", "Sandybridge", "Nehalem", "Prescott"]),
        (["SkylakeX", "Prescott"], NEW_XEON, ["Haswell", "Sandybridge", "Nehalem", "Prescott"]),
        (["Core2"], {"pni", "sse4_2", "avx"}, ["Sandybridge", "Nehalem", "Prescott"]),
        (["Sandybridge"], {"pni", "sse4_2", "avx"}, [None, "Nehalem", "Prescott"]),
        (["Prescott"], {"pni"}, [None]),
        (["neoversen1"], set(), [None]),
        ([], set(), [None]),
    ],
)
def test_where_the_library_guesses_the_processors_flags_decide(
    cores: list[str], flags: set[str], tried: list[str | None]
) -> None:
    assert openblas.candidates(cores, flags) == tried


class Trying:
    """Stands in for the processes in which families are tried. dies, wrong: with which of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self.dies: set[str | None] = set()
        self.is_wrong: set[str | None] = set()
        self.tried: list[str | None] = []
        self.model = "207"
        monkeypatch.chdir(directory)
        monkeypatch.setenv(openblas.SETTING, "")
        monkeypatch.delenv(openblas.SETTING)
        monkeypatch.setattr(openblas, "_run", self._run)
        monkeypatch.setattr(
            openblas, "_processor", lambda: {"flags": " ".join(NEW_XEON), "model": self.model}
        )
        monkeypatch.setattr(openblas, "version", lambda _package: "1.0")

    def _run(self, family: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        if arguments[0] == "-c":
            return subprocess.CompletedProcess(arguments, 0, json.dumps(["Prescott"]))
        self.tried.append(family)
        return subprocess.CompletedProcess(arguments, -11 if family in self.dies else family in self.is_wrong)


@pytest.fixture
def trying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trying:
    return Trying(monkeypatch, tmp_path)


def test_a_family_that_gives_the_known_answer_is_taken_and_remembered(trying: Trying) -> None:
    openblas.choose()
    assert os.environ[openblas.SETTING] == "Haswell"
    del os.environ[openblas.SETTING]
    openblas.choose()
    assert os.environ[openblas.SETTING] == "Haswell"
    assert trying.tried == ["Haswell"]


def test_one_that_dies_or_is_wrong_is_told_in_a_sentence_and_the_next_safer_one_is_taken(
    trying: Trying, capsys: pytest.CaptureFixture[str]
) -> None:
    trying.dies, trying.is_wrong = {"Haswell"}, {"Sandybridge"}
    openblas.choose()
    assert os.environ[openblas.SETTING] == "Nehalem"
    died, wrong = capsys.readouterr().out.splitlines()
    assert "Haswell" in died
    assert "signal 11" in died
    assert "Sandybridge" in wrong
    assert "comes out wrong" in wrong


def test_another_processor_is_tried_anew(trying: Trying) -> None:
    openblas.choose()
    del os.environ[openblas.SETTING]
    trying.model = "208"
    openblas.choose()
    assert trying.tried == ["Haswell", "Haswell"]


def test_what_somebody_set_is_left_alone_even_where_it_is_wrong(
    trying: Trying, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(openblas.SETTING, "SkylakeX")
    trying.is_wrong = {None}
    openblas.choose()
    assert os.environ[openblas.SETTING] == "SkylakeX"
    assert "OPENBLAS_CORETYPE=SkylakeX is set" in capsys.readouterr().out


def test_without_any_that_is_right_the_safest_is_taken(
    trying: Trying, capsys: pytest.CaptureFixture[str]
) -> None:
    trying.is_wrong = set(openblas.FAMILIES)
    openblas.choose()
    assert os.environ[openblas.SETTING] == "Prescott"
    assert "every family" in capsys.readouterr().out


@pytest.mark.rasa
class TestTheRealArithmetic:
    async def test_a_machine_says_the_same_with_old_new_and_this_processors_kernels(self) -> None:
        said = [await self.readings(family, 6001) for family in ("", "Prescott", "Haswell")]
        for other in said[1:]:
            assert other == pytest.approx(said[0], abs=1e-4)

    @staticmethod
    async def readings(family: str, size: int) -> list[float]:
        settings = {openblas.SETTING: family} if family else {}
        process = await asyncio.create_subprocess_exec(
            PYTHON, "-c", READINGS, str(size), cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1", **settings},
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{family or 'its own'}: status {process.returncode}"
        return list(json.loads(output))

    async def test_the_one_that_is_chosen_gives_the_known_answer_and_every_process_has_it(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "build").mkdir()
        program = (
            "from nlu import rasa_environment\n"
            "from nlu.arithmetic import known_answer\n"
            "print(known_answer.is_right(1001))"
        )
        process = await asyncio.create_subprocess_exec(
            PYTHON, "-c", program, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        output, _ = await process.communicate()
        assert output.decode().splitlines()[-1] == "True"
        assert (tmp_path / openblas.REMEMBERED).exists()
