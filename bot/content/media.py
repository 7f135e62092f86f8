"""The pictures of answers: files of content/media/, each read only if it is what its name says."""

from __future__ import annotations

import io
import os
import re
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.domain.errors import UserError

MEDIA_DIRECTORY = "media"

NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\.(?:png|jpg)")
"""Of a file. Both are what every platform takes."""

TYPES = {"png": "image/png", "jpg": "image/jpeg"}
_FORMATS = {"png": "PNG", "jpg": "JPEG"}

MOST_BYTES = 1_000_000
"""Of a picture: what Zalo takes at most (its page on image messages: 1 MB)."""

SIDE_LEAST, SIDE_MOST = 200, 4000
"""Pixels of a side. Telegram takes no photo whose sides have more than 10,000 together (sendPhoto)."""

RATIO_MOST = 4
"""Of the longer side to the shorter. Telegram takes 20; what is longer is not read on a phone."""


class MediaError(UserError):
    """A picture cannot be used; says why in one sentence."""


def read_media(directory: Path, name: str) -> bytes:
    """A file of content/media/.

    Args:
        directory: content/.
        name: of the file, as an answer has it.

    Raises:
        MediaError: it is not there, no file of that folder itself, or larger than `MOST_BYTES`.
    """
    if not NAME.fullmatch(name):
        raise MediaError(f"{name!r} is no name of a picture: write a-z, 0-9 and hyphens, with .png or .jpg")
    folder = directory / MEDIA_DIRECTORY
    if folder.is_symlink():
        raise MediaError(f"{folder} is a link; pictures are read from a folder of content/ itself")
    try:
        # Neither a link is followed nor is a pipe waited for.
        opened = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(opened, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise MediaError(f"there is no file {MEDIA_DIRECTORY}/{name} in content/") from None
    except OSError as error:
        raise MediaError(
            f"{MEDIA_DIRECTORY}/{name} is no file that can be read ({error.strerror})"
        ) from error
    if len(data) > MOST_BYTES:
        raise MediaError(f"{MEDIA_DIRECTORY}/{name} is larger than {MOST_BYTES:,} bytes")
    return data


def size_of(data: bytes, name: str) -> tuple[int, int]:
    """Width and height in pixels of a picture that is what its name says.

    Raises:
        MediaError: it is another kind of file, damaged, or too large or small to be shown.
    """
    kind = name.rpartition(".")[2]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as picture:
                width, height = picture.size  # from the head: nothing is decoded yet
                frames = getattr(picture, "n_frames", 1)
                picture.verify()
    except UnidentifiedImageError:
        raise MediaError(f"{name} is no {_FORMATS[kind]}, or damaged") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaError(f"{name} has far too many pixels") from None
    except Exception as error:  # whatever a damaged file makes Pillow raise
        raise MediaError(f"{name} is damaged ({type(error).__name__})") from error
    if not all(SIDE_LEAST <= side <= SIDE_MOST for side in (width, height)):
        raise MediaError(f"{name} has {width} x {height} pixels; each side takes {SIDE_LEAST} to {SIDE_MOST}")
    if max(width, height) > RATIO_MOST * min(width, height):
        raise MediaError(f"{name} has {width} x {height} pixels: it is too long to be read on a phone")
    if frames != 1:
        raise MediaError(f"{name} moves; a moving picture is a clip, given by its address")
    return width, height


UPLOAD_MOST = 10_000_000
"""Bytes of what somebody sends up: a photo as phones take them."""

PIXELS_MOST = 50_000_000
"""Of what is sent up, looked at before it is decoded; 150 MB while it is."""

KEPT_SIDE = 1600
"""Pixels of the longer side of what is kept: no screen of a phone shows more."""


_PHOTO = (("jpg", 85), ("jpg", 60), ("jpg", 30))
"""As what a photo is kept, in which quality: the first that fits."""


def reencoded(data: bytes) -> tuple[str, bytes]:
    """A picture that somebody sent up, made anew from its pixels alone, so that nothing else comes along: no
    place where it was taken, no second file behind it.

    Returns "png" or "jpg", and the file, which fits `size_of` and `MOST_BYTES`.

    Raises:
        MediaError: it is no picture, or cannot be made to fit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound is ours
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as sent:
                if sent.width * sent.height > PIXELS_MOST:
                    raise MediaError(f"the picture has more than {PIXELS_MOST:,} pixels")
                is_photo = sent.format != "PNG"
                picture = ImageOps.exif_transpose(sent).convert("RGBA")
    except UnidentifiedImageError:
        raise MediaError("this is no picture (png, jpg or webp)") from None
    except MediaError:
        raise
    except Exception as error:  # whatever a damaged file makes Pillow raise
        raise MediaError(f"the picture is damaged ({type(error).__name__})") from error
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE))
    plain = Image.new("RGB", picture.size, "white")
    plain.paste(picture, mask=picture.getchannel("A"))
    for kind, quality in _PHOTO if is_photo else (("png", 100), *_PHOTO):
        file = io.BytesIO()
        plain.save(file, _FORMATS[kind], quality=quality)  # a PNG has all of it
        if file.tell() <= MOST_BYTES:
            size_of(file.getvalue(), f"picture.{kind}")
            return kind, file.getvalue()
    raise MediaError("the picture cannot be made small enough")


def checked_media(directory: Path, name: str) -> bytes:
    """A picture that can be shown everywhere.

    Raises:
        MediaError: as `read_media` and `size_of` do.
    """
    data = read_media(directory, name)
    size_of(data, name)
    return data
