"""Pictures that want to do harm, and some that are only broken: what a stranger may send."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

SECRET = "MEET AT TEN"
"""What stands in the hidden second picture."""


def written(text: str, size: tuple[int, int] = (900, 160)) -> Image.Image:
    """A picture with a line of text."""
    picture = Image.new("RGB", size, "white")
    face = ImageFont.truetype("DejaVuSans.ttf", 44)
    ImageDraw.Draw(picture).text((30, 50), text, "black", face)
    return picture


def saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes = b"", *chunks: bytes) -> bytes:
    """A PNG whose header claims a size, whatever its data holds."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = _chunk(b"IDAT", zlib.compress(data or bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + body + _chunk(b"IEND", b"")


def _frames(kind: str) -> bytes:
    frames = [written("first of them"), *(written(SECRET) for _ in range(9))]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=20, loop=0)


def _with_place() -> bytes:
    picture = written("a photo from home")
    exif = picture.getexif()
    exif[0x010E] = SECRET
    exif[0x0112] = 3  # lies on its head
    exif.get_ifd(0x8825).update({1: "N", 2: (10.0, 2.0, 0.0), 3: "E", 4: (105.0, 47.0, 0.0)})
    return saved(picture.rotate(180), "JPEG", exif=exif)


def _polyglot() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.sh", "touch /tmp/owned")
    return saved(written("picture and archive"), "PNG") + archive.getvalue()


def _bomb_in(name: bytes) -> bytes:
    bomb = zlib.compress(bytes(80_000_000), 9)
    prefix = {b"iCCP": b"x\0\0", b"zTXt": b"x\0\0", b"iTXt": b"x\0\1\0\0\0"}[name]
    return png(200, 200, bytes(201 * 200), _chunk(name, prefix + bomb))


def _apng() -> bytes:
    return saved(written("first of them"), "PNG", save_all=True, append_images=[written(SECRET)], duration=20)


def _text_in_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET * 1000)
    return saved(written("with a comment"), "PNG", pnginfo=info)


def _first_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _webp_header(width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + size
    return b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended


def _good(kind: str) -> bytes:
    return saved(written("good"), kind)


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "no bytes": lambda: b"",
    "zeroes": lambda: bytes(20_000),
    "more bytes than are read": lambda: saved(written("x"), "JPEG") + bytes(6 * 1024 * 1024),
    "a JPEG that ends early": lambda: _first_half(_good("JPEG")),
    "a PNG that ends early": lambda: _first_half(_good("PNG")),
    "a PNG with a wrong checksum": lambda: _good("PNG")[:40] + b"\xff" + _good("PNG")[41:],
    "a header of 65535 x 65535": lambda: png(65535, 65535),
    "a header of 2147483647 x 2147483647": lambda: png(2**31 - 1, 2**31 - 1),
    "one pixel wide": lambda: png(1, 65535, bytes(2 * 65535)),
    "a bomb: 144 million pixels in 140 kB": lambda: saved(Image.new("L", (12_000, 12_000)), "PNG"),
    "a GIF whose screen is huge": lambda: b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";",
    "a WebP whose canvas is huge": lambda: _webp_header(16_383, 16_383),
    "a bomb in iCCP": lambda: _bomb_in(b"iCCP"),
    "a bomb in zTXt": lambda: _bomb_in(b"zTXt"),
    "a bomb in iTXt": lambda: _bomb_in(b"iTXt"),
    "an SVG with an entity": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
    ),
    "ImageTragick": lambda: (
        b"push graphic-context\nviewbox 0 0 640 480\n"
        b"fill 'url(https://127.0.0.1/x.jpg\"|touch /tmp/owned\")'\npop graphic-context\n"
    ),
    "a PDF named .jpg": lambda: (
        b"%PDF-1.7\n1 0 obj\n<< /OpenAction << /S /Launch /F (/bin/sh) >> >>\nendobj\n"
    ),
    "a HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400),
    "an EPS, which would run a program": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    ),
    "a TIFF with a second page": lambda: saved(
        written("page one"), "TIFF", save_all=True, append_images=[written(SECRET)]
    ),
    "an animated GIF": lambda: _frames("GIF"),
    "an animated WebP": lambda: _frames("WEBP"),
    "an animated PNG": _apng,
    "an archive behind a picture": _polyglot,
    "a photo with a place in its EXIF": _with_place,
    "a PNG with a long comment": _text_in_png,
    "noise": lambda: saved(Image.effect_noise((800, 800), 120), "JPEG"),
}
"""Makes each of them, by a name that says what is wrong with it."""
