"""The pictures of answers: files of content/media/, each read only if it is what its name says."""

from __future__ import annotations

import io
import os
import re
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

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


def checked_media(directory: Path, name: str) -> bytes:
    """A picture that can be shown everywhere.

    Raises:
        MediaError: as `read_media` and `size_of` do.
    """
    data = read_media(directory, name)
    size_of(data, name)
    return data
