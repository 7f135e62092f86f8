"""A picture is made ready to be read: dark on light, evenly lit, level, of a size that can be worked with."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.reading.limits import PIXELS_MOST
from bot.reading.preparing import (
    WORKING_PIXELS,
    NotAPicture,
    dark_on_light,
    evenly_lit,
    levelled,
    of_working_size,
    opened,
    tilt,
)
from tests.support.hostile_pictures import saved, written

LINES = written("Người dân chú ý: tin này chưa được kiểm chứng", (1400, 160)).convert("L")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_messengers_send_is_opened_as_greys(kind: str) -> None:
    picture = opened(saved(written("chữ"), kind))
    assert (picture.mode, picture.size) == ("L", (900, 160))


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "PDF"])
def test_no_other_format_is(kind: str) -> None:
    with pytest.raises(NotAPicture):
        opened(saved(written("chữ"), kind))


def test_a_picture_may_have_so_many_pixels() -> None:
    with pytest.raises(NotAPicture, match="too many"):
        opened(saved(Image.new("L", (PIXELS_MOST // 2_000 + 1, 2_000)), "PNG"))


def test_what_is_transparent_stands_on_white_paper() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert opened(saved(clear, "PNG")).getextrema() == (255, 255)


def test_a_photo_is_turned_as_its_camera_was_held() -> None:
    sideways = written("chữ")
    exif = sideways.getexif()
    exif[0x0112] = 6
    assert opened(saved(sideways, "JPEG", exif=exif)).size == (160, 900)


def test_of_a_large_picture_no_more_is_worked_with_than_is_needed() -> None:
    width, height = of_working_size(Image.new("L", (5000, 3000))).size
    assert WORKING_PIXELS * 0.99 <= width * height <= WORKING_PIXELS * 1.01
    assert of_working_size(LINES).size == LINES.size


def test_light_letters_become_dark_ones() -> None:
    assert dark_on_light(LINES) is LINES
    turned = dark_on_light(LINES.point(lambda value: 255 - value))
    assert turned.tobytes() == LINES.tobytes()


def test_a_shadow_is_taken_out() -> None:
    page = Image.new("L", (1400, 1600), 255)
    page.paste(LINES, (0, 700))
    shadow = Image.linear_gradient("L").resize(page.size).point(lambda value: 120 + value // 2)
    lit = evenly_lit(ImageChops.multiply(page, shadow))
    top, bottom = lit.crop((0, 0, 1400, 200)), lit.crop((0, 1400, 1400, 1600))
    assert abs(ImageStat.Stat(top).mean[0] - ImageStat.Stat(bottom).mean[0]) < 10
    assert lit.getextrema()[0] == 0


@pytest.mark.parametrize("degrees", [-7.0, -2.0, 0.0, 3.0, 9.0])
def test_lines_are_made_level(degrees: float) -> None:
    page = Image.new("L", (1400, 640), 255)
    for top in range(0, 640, 160):
        page.paste(LINES, (0, top))
    askew = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert tilt(askew) == pytest.approx(-degrees, abs=0.5)
    assert abs(tilt(levelled(askew))) <= 0.5


def test_an_empty_picture_stays_as_it_is() -> None:
    blank = Image.new("L", (300, 200), 255)
    assert levelled(evenly_lit(dark_on_light(blank))).size == (300, 200)


def test_nothing_is_read_from_a_file_whose_name_stands_in_the_bytes() -> None:
    with pytest.raises(NotAPicture):
        opened(b"/etc/passwd")
