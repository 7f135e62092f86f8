"""A picture as Tesseract reads it best: grey, dark on light, evenly lit, level, its letters large enough.

What pays was measured with benchmarks/pictures.py (docs/decisions/0011-pictures-are-read-here.md).
"""

from __future__ import annotations

import io
import warnings
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from bot.reading.limits import PIXELS_MOST, SIDE_MOST

Picture = Image.Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""What is opened. Pillow knows many more, each a decoder that strangers could feed."""

WORKING_PIXELS = 6_000_000
"""To so many a larger picture is reduced: letters that people read on a telephone stay large enough."""

DARK = 110
"""A picture whose middle grey is below this has light letters."""

LEAST_SIDE = 8
"""Pixels; in what is smaller stands nothing."""


class NotAPicture(Exception):
    """The bytes are no picture that is opened here, or it is too large."""


def opened(data: bytes) -> Picture:
    """The first picture in the bytes, grey and upright; its size is looked at before it is decoded.

    Raises:
        NotAPicture: it is of another kind, damaged or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            width, height = picture.size
            if max(width, height) > SIDE_MOST or width * height > PIXELS_MOST:
                raise NotAPicture(f"{width} x {height} pixels are too many")
            if min(width, height) < LEAST_SIDE:
                raise NotAPicture(f"{width} x {height} pixels are too few")
            picture.draft("L", _working_size(width, height))  # a JPEG is decoded as small as it is needed
            return ImageOps.exif_transpose(_grey(picture))
    except NotAPicture:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise NotAPicture(type(error).__name__) from error


def _grey(picture: Picture) -> Picture:
    """The picture as shades of grey, where it is transparent on white paper."""
    if not picture.has_transparency_data:
        return picture.convert("L")
    if picture.mode not in {"LA", "RGBA"}:
        picture = picture.convert("RGBA")
    paper = Image.new("L", picture.size, "white")
    return Image.composite(picture.convert("L"), paper, picture.getchannel("A"))


def prepared(picture: Picture) -> Picture:
    """A grey picture, made ready."""
    return levelled(evenly_lit(dark_on_light(of_working_size(picture))))


def of_working_size(picture: Picture) -> Picture:
    """The picture, reduced where it has more pixels than are needed."""
    size = _working_size(*picture.size)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def _working_size(width: int, height: int) -> tuple[int, int]:
    share = min(1.0, (WORKING_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * share)), max(1, round(height * share))


def scaled(picture: Picture, share: float) -> Picture:
    """The picture, this many times as wide and as high."""
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def dark_on_light(picture: Picture) -> Picture:
    """The picture, with light and dark exchanged where most of it is dark."""
    middle = ImageStat.Stat(picture).median[0]
    return ImageOps.invert(picture) if middle < DARK else picture


def evenly_lit(picture: Picture) -> Picture:
    """The picture without shadows: each point in proportion to the paper around it."""
    few = picture.resize((max(1, picture.width // 8), max(1, picture.height // 8)), Image.Resampling.BOX)
    paper = few.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(6)).resize(picture.size)
    return ImageOps.autocontrast(ImageOps.invert(ImageChops.subtract(paper, picture)))


TILT_MOST = 10.0
"""Degrees. Who holds a telephone more askew turns it a quarter."""


def levelled(picture: Picture) -> Picture:
    """The picture, turned so that its lines are level."""
    degrees = tilt(picture)
    if abs(degrees) < 0.3:
        return picture
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def tilt(picture: Picture) -> float:
    """By how many degrees the picture has to be turned: so that rows are as unlike each other as they get,
    lines of words and the blanks between them."""
    share = min(1.0, 700 / max(picture.size))
    few = ImageOps.invert(
        picture.resize(
            (max(1, round(picture.width * share)), max(1, round(picture.height * share))),
            Image.Resampling.BOX,
        )
    )
    best = max(
        (step for step in range(-int(TILT_MOST), int(TILT_MOST) + 1)),
        key=lambda d: (_unlike(few, d), -abs(d)),
    )
    near = [best + step / 4 for step in range(-3, 4)]
    return max(near, key=lambda d: (_unlike(few, d), -abs(d)))


def _unlike(picture: Picture, degrees: float) -> float:
    turned = picture.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=0)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX).tobytes()
    return float(sum((a - b) ** 2 for a, b in pairwise(rows)))
