"""A picture is shown only if it is what its name says, lies in its folder, and fits every channel."""

from __future__ import annotations

import datetime
import io
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from bot.content.check import check
from bot.content.library import Library
from bot.content.media import MOST_BYTES, MediaError, checked_media, size_of
from bot.content.schema import Answer
from tests.support import ROOT
from tests.support.drawings import draw_all
from tests.support.hostile_pictures import png as claiming

TODAY = datetime.date(2026, 11, 28)


def png(width: int = 400, height: int = 300) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "map.png").write_bytes(png())
    return tmp_path / "media"


def test_a_picture_is_read(media: Path) -> None:
    assert size_of(checked_media(media.parent, "map.png"), "map.png") == (400, 300)


@pytest.mark.parametrize(
    "name", ["../map.png", "/etc/passwd.png", "Map.png", "map.svg", "map.gif", ".png", "a/b.png", "map.png\n"]
)
def test_a_name_that_is_none_of_a_picture_here_is_refused(media: Path, name: str) -> None:
    with pytest.raises(MediaError, match="no name of a picture"):
        checked_media(media.parent, name)


def test_neither_a_link_is_followed_nor_a_pipe_waited_for(media: Path, tmp_path: Path) -> None:
    (media / "link.png").symlink_to(media / "map.png")
    os.mkfifo(media / "pipe.png")
    (media / "folder.png").mkdir()
    for name in ("link.png", "pipe.png", "folder.png", "nothing.png"):
        with pytest.raises(MediaError):
            checked_media(tmp_path, name)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "media").symlink_to(media)
    with pytest.raises(MediaError, match="is a link"):
        checked_media(linked, "map.png")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG"),
        (png()[:100], "damaged"),
        (png(100, 100), "pixels"),
        (png(4001, 1200), "pixels"),
        (png(3000, 300), "too long"),
        (b"x" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_what_cannot_be_shown_everywhere_is_refused_with_the_reason(
    media: Path, data: bytes, problem: str
) -> None:
    (media / "map.png").write_bytes(data)
    with pytest.raises(MediaError, match=problem):
        checked_media(media.parent, "map.png")


def test_a_picture_is_of_the_kind_that_its_name_says(media: Path) -> None:
    (media / "map.jpg").write_bytes(png())
    with pytest.raises(MediaError, match="no JPEG"):
        checked_media(media.parent, "map.jpg")


def test_a_bomb_of_pixels_is_not_unpacked(media: Path) -> None:
    (media / "map.png").write_bytes(claiming(30_000, 30_000))
    with pytest.raises(MediaError, match="far too many pixels"):
        checked_media(media.parent, "map.png")


def test_one_that_moves_is_refused(media: Path) -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("white", "red")]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    (media / "map.png").write_bytes(file.getvalue())
    with pytest.raises(MediaError, match="moves"):
        checked_media(media.parent, "map.png")


@given(st.binary(max_size=300), st.integers(0, 200))
def test_whatever_the_file_holds_it_is_read_or_refused(noise: bytes, at: int) -> None:
    damaged = png()[:at] + noise + png()[at + len(noise) :]
    try:
        width, height = size_of(damaged, "map.png")
    except MediaError:
        return
    assert min(width, height) >= 200


def test_the_check_names_a_picture_that_is_not_there(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(ROOT / "content", content)
    (content / "media" / "merger.en.png").unlink()
    (content / "media" / "merger.vi.png").write_bytes(b"no picture")
    found = [
        (finding.key, finding.problem)
        for finding in check(content, TODAY, "city.merger")
        if finding.key.startswith("media")
    ]
    assert [key for key, _ in found] == ["media.file.vi", "media.file.en"]
    assert "no PNG" in found[0][1]
    assert "there is no file media/merger.en.png" in found[1][1]


@pytest.mark.parametrize("missing", ["file", "alt", "credit", "licence"])
def test_a_picture_comes_with_all_that_is_said_of_it(city_answer: Answer, missing: str) -> None:
    value = city_answer.model_dump()
    del value["media"][missing]
    with pytest.raises(ValueError, match=missing):
        Answer.model_validate(value)


@pytest.fixture
def city_answer(city_library: Library) -> Answer:
    return city_library.answers["city.merger"]


@pytest.mark.slow
def test_our_own_drawings_are_those_that_the_answers_and_the_table_make() -> None:
    for name, drawn in draw_all().items():
        kept = (ROOT / "content" / "media" / name).read_bytes()
        one, other = (Image.open(io.BytesIO(data)).convert("RGB") for data in (drawn, kept))
        # Another version of the library may round an edge otherwise.
        assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < 0.5, (
            f"{name}: draw it anew (python -m tests.support.drawings)"
        )
