"""A picture that an editor sends up is made anew and kept for their answer, and shown to nobody yet."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.content.media import MOST_BYTES, MediaError, checked_media, reencoded
from bot.desk import audit
from bot.desk.editing import EditingDesk, NotYours, Refused
from bot.desk.pictures import keep_picture
from tests.support.desk import CLERK, FOOD, HOA, LAN, git


def photo(width: int = 2000, height: int = 1500, kind: str = "JPEG", **more: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 80).convert("RGB").save(file, kind, **more)
    return file.getvalue()


async def test_it_is_kept_in_content_and_committed_under_the_editors_name(desk: EditingDesk) -> None:
    file = await keep_picture(desk, LAN, FOOD, photo(800, 600))
    assert file.startswith("food-")
    checked_media(desk.directory, file)
    assert git(desk.directory, "log", "-1", "--format=%an|%s").strip() == f"{LAN.full_name}|{FOOD}: a picture"
    assert git(desk.directory, "status", "--porcelain", ".") == ""
    entry = (await desk.transact(audit.entries))[0]
    assert (entry.editor, entry.action, entry.subject, entry.detail) == (
        "lan",
        "picture",
        FOOD,
        {"file": file},
    )
    assert await keep_picture(desk, LAN, FOOD, photo(800, 600)) != file  # noise is never the same


async def test_the_same_picture_twice_is_one_file(desk: EditingDesk) -> None:
    data = photo(800, 600)
    assert await keep_picture(desk, LAN, FOOD, data) == await keep_picture(desk, LAN, FOOD, data)


@pytest.mark.parametrize("account", [HOA, CLERK])
async def test_only_who_may_write_the_answer_sends_one_up(desk: EditingDesk, account: object) -> None:
    with pytest.raises(NotYours):
        await keep_picture(desk, account, FOOD, photo(800, 600))  # type: ignore[arg-type]
    assert not (desk.directory / "media").exists()


async def test_what_is_no_picture_is_refused_with_the_reason(desk: EditingDesk) -> None:
    with pytest.raises(Refused) as refused:
        await keep_picture(desk, LAN, FOOD, b"%PDF-1.7")
    assert (refused.value.key, refused.value.values["why"]) == (
        "finding_picture", "this is no picture (png, jpg or webp)",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_photo_is_made_small_enough_for_every_channel(kind: str) -> None:
    name, data = reencoded(photo(kind=kind))
    assert name == "jpg"
    assert len(data) <= MOST_BYTES
    assert max(Image.open(io.BytesIO(data)).size) == 1600


def test_a_drawing_stays_without_loss() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (800, 600), (0, 0, 0, 0)).save(file, "PNG")
    name, data = reencoded(file.getvalue())
    assert name == "png"
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_nothing_but_the_pixels_is_kept_and_they_stand_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "at home, 10.03 105.78"
    sent = photo(800, 600, exif=exif.tobytes()) + b"<?php a second file ?>"
    _, data = reencoded(sent)
    kept = Image.open(io.BytesIO(data))
    assert (kept.size, dict(kept.getexif())) == ((600, 800), {})
    assert b"at home" not in data
    assert b"php" not in data


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    file = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(file, "PNG")
    with pytest.raises(MediaError, match="more than 50,000,000 pixels"):
        reencoded(file.getvalue())
