"""Whatever a stranger sends as a picture: it is read or refused in good time, and nothing else happens."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.reading import limits, reader
from bot.reading.preparing import NotAPicture, opened
from bot.reading.reader import NotRead, read
from tests.support.hostile_pictures import PICTURES, SECRET

READ = {
    "an animated GIF": "first of them",
    "an animated WebP": "first of them",
    "an animated PNG": "first of them",
    "an archive behind a picture": "picture and archive",
    "a photo with a place in its EXIF": "a photo from home",
    "a PNG with a long comment": "with a comment",
}
"""What is a picture in spite of all: its words that anybody sees, and no others."""

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("tesseract")]


@pytest.mark.parametrize("name", PICTURES)
async def test_it_does_no_harm(name: str) -> None:
    data = PICTURES[name]()
    before = set(Path("/tmp").iterdir())
    async with asyncio.timeout(limits.SECONDS_MOST):
        if name in READ:
            words = await read(data)
            assert READ[name] in words
        elif name == "noise":
            words = await read(data)
        else:
            with pytest.raises(NotRead):
                await read(data)
            words = ""
    assert SECRET not in words
    assert "root:" not in words
    assert not {path.name for path in set(Path("/tmp").iterdir()) - before} & {"owned"}


def test_a_picture_is_measured_before_it_is_decoded() -> None:
    for name in ("a header of 65535 x 65535", "a bomb: 144 million pixels in 140 kB"):
        with pytest.raises(NotAPicture, match=r"pixels are too many|Bomb"):
            opened(PICTURES[name]())


def limited(code: str) -> subprocess.CompletedProcess[str]:
    program = f"from bot.reading.process import limit; limit(); {code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_the_process_that_reads_writes_no_file(tmp_path: Path) -> None:
    done = limited(f"open({str(tmp_path / 'file')!r}, 'wb', buffering=0).write(b'x')")
    assert "File too large" in done.stderr
    assert not any(file.stat().st_size for file in tmp_path.iterdir())


def test_the_process_that_reads_has_only_so_much_memory() -> None:
    assert "MemoryError" in limited("bytearray(2 * 1024 ** 3)").stderr


async def test_what_takes_too_long_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! $$ > {pids}; wait"
    monkeypatch.setattr(reader, "_COMMAND", ("/bin/sh", "-c", script))
    monkeypatch.setattr(limits, "SECONDS_MOST", 1.0)
    with pytest.raises(NotRead, match="too long"):
        await read(b"x")
    for pid in pids.read_text().split():
        assert not _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    """Whether a process is at work; one that has ended and waits to be fetched is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return " Z " not in Path(f"/proc/{pid}/stat").read_text()


async def test_the_process_that_reads_is_told_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:secret")
    monkeypatch.setattr(reader, "_COMMAND", ("/usr/bin/env",))
    told = await read(b"x")
    assert "secret" not in told
    assert "TELEGRAM" not in told
