"""How well pictures are read: of each made picture the share of letters that are wrong, and how long it took.

    python -m benchmarks.pictures [--keep DIRECTORY] [--only STYLE] [--show]
    python -m benchmarks.pictures --json FILE        # what was read, for the next
    .venv-rasa/bin/python -m benchmarks.pictures_found FILE

The pictures are drawn here, always the same ones: messages as they go round (benchmarks/pictures.yml) as
screenshots of chats, newspaper cuttings and photographed paper. The aim: of all letters at most 3 % wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

from bot.reading.reader import NotRead, read

TEXTS = Path(__file__).with_suffix(".yml")
SEED = 22
STYLES_EACH = 3

_FONTS = Path("/usr/share/fonts/truetype")
SANS, BOLD, SERIF, SERIF_BOLD = (
    _FONTS / "noto" / f"{name}.ttf"
    for name in ("NotoSans-Regular", "NotoSans-Bold", "NotoSerif-Regular", "NotoSerif-Bold")
)
OTHERS = (SANS, _FONTS / "dejavu" / "DejaVuSans.ttf")

Picture = Image.Image
NAMES = ("Cô Ba Bình Thủy", "Nhóm gia đình", "Chú Tư", "Aunt Hoa", "Xóm mình")


@dataclass(frozen=True)
class Case:
    """A picture, what stands in it, and the message alone, as somebody would type it."""

    name: str
    style: str
    answer: str
    text: str
    said: str
    data: bytes


def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def lines(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of a width, broken where it was broken, and between words."""
    broken = []
    for paragraph in text.strip().splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and face.getlength(longer) > width:
                broken.append(line)
                longer = word
            line = longer
        broken.append(line)
    return broken


# Screenshots of chats.


@dataclass(frozen=True)
class Theme:
    """The colours of a chat."""

    back: str
    bubble: str
    ink: str
    faint: str
    bar: str
    on_bar: str


LIGHT = Theme("#ffffff", "#f0f0f3", "#111111", "#8a8a8e", "#f8f8f8", "#000000")
BLUE = Theme("#dfe7ef", "#ffffff", "#10151a", "#7c8a99", "#0068ff", "#ffffff")
GREEN = Theme("#e6ddd4", "#d9fdd3", "#111b21", "#667781", "#008069", "#ffffff")
DARK = Theme("#0e1621", "#182533", "#f5f5f5", "#6d7f8f", "#17212b", "#ffffff")
BLACK = Theme("#000000", "#303030", "#e4e6eb", "#8a8d91", "#000000", "#e4e6eb")


def chat(text: str, name: str, theme: Theme, random: Random, width: int = 1080) -> Picture:
    """A telephone's screenshot: status bar, name of the chat, the message, its time."""
    size = random.choice((40, 44, 48))
    face, small = font(random.choice(OTHERS), size), font(SANS, 30)
    inner = width - 220
    broken = lines(text, face, inner - 60)
    step = int(size * 1.36)
    bubble = len(broken) * step + 110
    picture = Image.new("RGB", (width, max(bubble + 560, 1100)), theme.back)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, 190), fill=theme.bar)
    draw.text((48, 20), f"{random.randint(7, 21)}:{random.randint(10, 59)}", theme.on_bar, font(BOLD, 32))
    draw.text((width - 180, 20), f"{random.randint(11, 99)}%", theme.on_bar, font(SANS, 32))
    draw.text((150, 92), name, theme.on_bar, font(BOLD, 42))
    draw.line((50, 130, 80, 100), theme.on_bar, 6)
    draw.line((50, 130, 80, 160), theme.on_bar, 6)
    top = 280
    draw.ellipse((36, top, 116, top + 80), fill="#d98b5f")
    draw.rounded_rectangle((140, top, 140 + inner, top + bubble), 36, fill=theme.bubble)
    for number, line in enumerate(broken):
        draw.text((170, top + 28 + number * step), line, theme.ink, face)
    clock = f"{random.randint(7, 21):02}:{random.randint(10, 59)}"
    draw.text((140 + inner - 120, top + bubble - 52), clock, theme.faint, small)
    draw.rounded_rectangle(
        (40, picture.height - 130, width - 140, picture.height - 40), 44, outline=theme.faint, width=3
    )
    return picture


# Paper.


def cutting(text: str, random: Random, width: int = 1100) -> Picture:
    """A cutting of a newspaper: serifs, in one narrow column on grey paper."""
    size = random.choice((30, 34))
    face = font(SERIF, size)
    broken = lines(text, face, width - 160)
    step = int(size * 1.45)
    picture = Image.new("RGB", (width, len(broken) * step + 160), "#e9e4d8")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(broken):
        draw.text((80, 80 + number * step), line, "#2a2723", face)
    return grainy(picture, random, 14)


def sheet(text: str, random: Random) -> Picture:
    """A printed sheet on a table, photographed in bad light."""
    size = 46
    face = font(random.choice((SERIF, SANS)), size)
    broken = lines(text, face, 1180)
    step = int(size * 1.5)
    paper = Image.new("RGB", (1400, len(broken) * step + 300), "#f4f1ea")
    draw = ImageDraw.Draw(paper)
    for number, line in enumerate(broken):
        draw.text((110, 140 + number * step), line, "#1d1d1d", face)
    table = Image.new("RGB", (paper.width + 260, paper.height + 260), "#6b4a33")
    table.paste(paper, (130, 130))
    # The far edge is a little shorter, as a hand holds the telephone.
    w, h = table.size
    lean = random.randint(10, 30)
    quad = (-lean, 0, 0, h, w, h, w + lean, 0)
    table = table.transform((w, h), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor="#6b4a33")
    return grainy(shadowed(table.filter(ImageFilter.GaussianBlur(0.9)), random), random, 18)


def shadowed(picture: Picture, random: Random) -> Picture:
    """Darker on one side."""
    ramp = Image.linear_gradient("L").resize(picture.size)
    if random.random() < 0.5:
        ramp = ramp.transpose(Image.Transpose.ROTATE_180)
    ramp = ramp.point(lambda value: 150 + value * 105 // 255)
    return ImageChops.multiply(picture, Image.merge("RGB", (ramp, ramp, ramp)))


def grainy(picture: Picture, random: Random, strength: float) -> Picture:
    """With the noise of a small sensor."""
    noise = Image.frombytes("L", (256, 256), random.randbytes(256 * 256))
    noise = noise.point(lambda value: int(128 + (value - 128) * strength / 128))
    tiled = Image.new("L", picture.size)
    for x in range(0, picture.width, 256):
        for y in range(0, picture.height, 256):
            tiled.paste(noise, (x, y))
    return ImageChops.add(picture, Image.merge("RGB", (tiled, tiled, tiled)), 1, -128)


def tilted(picture: Picture, degrees: float, fill: str) -> Picture:
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def saved(picture: Picture, kind: str = "JPEG", quality: int = 85) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": quality} if kind != "PNG" else {}))
    return out.getvalue()


def small(picture: Picture, share: float) -> Picture:
    size = (int(picture.width * share), int(picture.height * share))
    return picture.resize(size, Image.Resampling.LANCZOS)


Drawn = Callable[[str, str, Random], bytes]
STYLES: dict[str, Drawn] = {
    "chat, light": lambda text, name, r: saved(chat(text, name, r.choice((LIGHT, BLUE, GREEN)), r), "PNG"),
    "chat, dark": lambda text, name, r: saved(chat(text, name, r.choice((DARK, BLACK)), r), "PNG"),
    "chat, light, small JPEG": lambda text, name, r: saved(
        small(chat(text, name, r.choice((LIGHT, BLUE, GREEN)), r), 0.5), quality=40
    ),
    "chat, dark, small JPEG": lambda text, name, r: saved(
        small(chat(text, name, r.choice((DARK, BLACK)), r), 0.5), quality=50
    ),
    "newspaper": lambda text, name, r: saved(cutting(text, r), quality=75),
    "newspaper, tilted": lambda text, name, r: saved(
        tilted(cutting(text, r), r.choice((-1, 1)) * r.uniform(2, 6), "#8a8378"), quality=75
    ),
    "photographed paper": lambda text, name, r: saved(sheet(text, r), quality=70),
    "photographed paper, tilted": lambda text, name, r: saved(
        tilted(sheet(text, r), r.choice((-1, 1)) * r.uniform(2, 7), "#5a3f2c"), quality=70
    ),
}


def cases() -> Iterator[Case]:
    """Every text in some of the styles, all of them equally often."""
    random = Random(SEED)  # noqa: S311
    number = 0
    for entry in yaml.safe_load(TEXTS.read_text("utf-8")):
        for language in ("vi", "en"):
            if language not in entry:
                continue
            for _ in range(STYLES_EACH):
                style = list(STYLES)[number % len(STYLES)]
                number += 1
                said, who = " ".join(entry[language].split()), random.choice(NAMES)
                data = STYLES[style](entry[language], who, random)
                text = f"{who} {said}" if style.startswith("chat") else said
                name = f"{number:03}-{entry['id'].partition('.')[2]}-{language}"
                yield Case(name, style, entry["id"], text, said, data)


def share_wrong(read: str, text: str) -> float:
    """Letters to be put in, taken out or changed, in proportion to those that there are."""
    return Levenshtein.distance(read, text) / len(text)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="put the pictures there")
    parser.add_argument("--only", default="", help="styles whose name begins so")
    parser.add_argument("--show", action="store_true", help="what was read, where a letter is wrong")
    parser.add_argument("--json", type=Path, help="write down what was read")
    arguments = parser.parse_args()
    wrong: dict[str, list[float]] = defaultdict(list)
    letters = distance = 0
    took, found = [], []
    for case in cases():
        if not case.style.startswith(arguments.only):
            continue
        if arguments.keep:
            arguments.keep.mkdir(exist_ok=True)
            suffix = "png" if case.data.startswith(b"\x89PNG") else "jpg"
            (arguments.keep / f"{case.name}.{suffix}").write_bytes(case.data)
        began = time.perf_counter()
        try:
            reading = await read(case.data)
        except NotRead as error:  # on a machine that does much else, it may take too long
            print(f"{case.name}: {error}")
            reading = ""
        took.append(time.perf_counter() - began)
        words = " ".join(reading.split())
        share = share_wrong(words, case.text)
        wrong[case.style].append(share)
        letters, distance = letters + len(case.text), distance + round(share * len(case.text))
        found.append({"name": case.name, "answer": case.answer, "typed": case.said, "read": words})
        if arguments.show and share:
            print(f"{case.name} ({case.style}): {share:.1%}\n  {case.text}\n  {words}")
    print("| pictures | number | letters wrong | most in one |\n|---|---|---|---|")
    for style, shares in wrong.items():
        print(f"| {style} | {len(shares)} | {sum(shares) / len(shares):.1%} | {max(shares):.1%} |")
    took.sort()
    print(f"\n{len(took)} pictures, {letters} letters, {distance / letters:.2%} of them wrong.")
    print(f"Seconds each: median {took[len(took) // 2]:.1f}, most {took[-1]:.1f}.")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
