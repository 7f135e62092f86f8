"""Draws the pictures of our own in content/media/: `python -m tests.support.drawings`.

Each says what its answer says, and no more; the map is made of the centres in content/wards.yml. Look at them
afterwards, and change them with their answers.
"""

from __future__ import annotations

import io
import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from bot.content.loading import load
from bot.content.media import MEDIA_DIRECTORY, size_of
from bot.content.wards import Ward, Wards, WardType
from bot.domain.language import Language
from bot.site.images import INK, PAPER, QUIET, WHITE, Colour, font_of
from tests.support import ROOT

WIDTH = 1200
MARGIN = 56
RIVER, SILT, LOTUS, WATER = (11, 90, 92), (176, 104, 28), (150, 48, 92), (190, 221, 222)

Both = dict[Language, str]


def both(vi: str, en: str) -> Both:
    return {Language.VI: vi, Language.EN: en}


class Sheet:
    """A drawing in one language: a title on top, what it is made from at the foot."""

    def __init__(self, height: int, language: Language, title: Both, note: Both) -> None:
        self.language = language
        self.image = Image.new("RGB", (WIDTH, height), PAPER)
        self.pen = ImageDraw.Draw(self.image)
        self.write(MARGIN, 58, title, 40, style="Bold")
        self.write(MARGIN, height - 40, note, 22, colour=QUIET)

    def write(
        self,
        x: float,
        y: float,
        text: Both | str,
        size: int,
        *,
        colour: Colour = INK,
        anchor: str = "lm",
        style: str = "Medium",
    ) -> float:
        """Write a line; where it ends."""
        words = text if isinstance(text, str) else text[self.language]
        font = font_of(style, size)
        self.pen.text((x, y), words, colour, font, anchor=anchor)
        return x + font.getlength(words)

    def lines(
        self, x: float, y: float, texts: Sequence[Both], size: int, anchor: str, colour: Colour = INK
    ) -> None:
        for number, text in enumerate(texts):
            width = font_of("Medium", size).getlength(text[self.language])
            right = x + {"l": width, "m": width / 2, "r": 0}[anchor[0]]
            assert right <= WIDTH - MARGIN, f"{text[self.language]} is {right - WIDTH + MARGIN:.0f} too long"
            self.write(x, y + number * size * 1.36, text, size, anchor=anchor, colour=colour)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: int) -> None:
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        self.pen.line((start, end), fill=colour, width=width)
        sides = [
            (end[0] - 3.2 * width * math.cos(angle + turn), end[1] - 3.2 * width * math.sin(angle + turn))
            for turn in (-0.5, 0.5)
        ]
        tip = (end[0] + width * math.cos(angle), end[1] + width * math.sin(angle))
        self.pen.polygon([tip, *sides], fill=colour)

    def png(self) -> bytes:
        file = io.BytesIO()
        self.image.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        return file.getvalue()


# The merger: where the wards and communes of today lie, by the province that they were in.

PROVINCES = {"Cần Thơ": RIVER, "Hậu Giang": SILT, "Sóc Trăng": LOTUS}
MISTS: dict[str, Colour] = {
    "Cần Thơ": (205, 228, 224),
    "Hậu Giang": (243, 224, 196),
    "Sóc Trăng": (236, 211, 223),
}
PLACES = {
    "Ninh Kiều": ("right", 0),
    "Vị Thanh": ("left", 0),
    "Ngã Bảy": ("right", -16),
    "Phú Lợi": ("right", 13),
    "Vĩnh Châu": ("left", 0),
}
"""Units that are named on the map: on which side, and how much lower, so that no name lies on a centre."""
REACH = 62
LEFT = 440
"""Pixels around a centre that count as the land of its part; LEFT: where the map begins."""


def merger(language: Language, wards: Wards) -> bytes:
    sheet = Sheet(
        1050,
        language,
        both("Ba nơi thành một từ 01/7/2025", "Three become one from 1 July 2025"),
        both(
            "Sơ đồ vẽ theo tâm 103 phường, xã; không phải ranh giới. Căn cứ: Nghị quyết 202/2025/QH15.",
            "Drawn from the centres of the 103 wards and communes; no boundaries. Resolution 202/2025/QH15.",
        ),
    )
    at = _projection(wards.units, (LEFT, 100, WIDTH - 20, 1000))
    province = {unit.code: _was_in(unit) for unit in wards.units}
    for unit in wards.units:
        x, y = at(unit)
        sheet.pen.ellipse((x - REACH, y - REACH, x + REACH, y + REACH), fill=MISTS[province[unit.code]])
    _nearest_wins(sheet, [(at(unit), MISTS[province[unit.code]]) for unit in wards.units])
    for unit in wards.units:
        x, y = at(unit)
        sheet.pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=PROVINCES[province[unit.code]])
    for unit in wards.units:
        if place := PLACES.get(unit.name):
            (x, y), (side, lower) = at(unit), place
            sheet.pen.ellipse((x - 9, y - 9, x + 9, y + 9), outline=INK, width=3)
            anchor, x = ("lm", x + 12) if side == "right" else ("rm", x - 12)
            sheet.write(x, y + lower, unit.name, 20, style="SemiBold", anchor=anchor)
    now = Counter(province.values())
    before = Counter(former.province for code in wards.became for former in [wards.former[code]])
    for number, (name, colour) in enumerate(PROVINCES.items()):
        y = 190 + number * 150
        sheet.pen.rounded_rectangle((MARGIN, y - 22, MARGIN + 44, y + 22), 10, fill=colour)
        sheet.write(MARGIN + 60, y - 2, both(f"{name} cũ", f"Former {name}"), 30, style="Bold")
        counts = both(
            f"{before[name]} xã, phường cũ, nay còn {now[name]}",
            f"{before[name]} units before, {now[name]} now",
        )
        sheet.write(MARGIN + 60, y + 38, counts, 24, colour=QUIET)
    y = 680
    sheet.arrow((MARGIN + 22, 560), (MARGIN + 22, y - 60), INK, 8)
    sheet.write(MARGIN, y, both("Thành phố Cần Thơ", "Cần Thơ city"), 36, style="Bold")
    kinds = Counter(unit.type for unit in wards.units)
    result = [
        both(f"{len(wards.units)} phường, xã", f"{len(wards.units)} units:"),
        both(
            f"({kinds[WardType.WARD]} phường, {kinds[WardType.COMMUNE]} xã)",
            f"{kinds[WardType.WARD]} wards, {kinds[WardType.COMMUNE]} communes",
        ),
        both("6.360,83 km²", "6,360.83 km²"),
        both("4.199.824 người", "4,199,824 people"),
    ]
    sheet.lines(MARGIN, y + 54, result, 28, "lm")
    return sheet.png()


def _was_in(unit: Ward) -> str:
    """The province that most of a unit was in."""
    return Counter(former.province for former in unit.made_of).most_common(1)[0][0]


def _projection(
    units: Sequence[Ward], box: tuple[int, int, int, int]
) -> Callable[[Ward], tuple[float, float]]:
    """From a unit to its place in a box, north up, a kilometre as long in both directions."""
    left, top, right, bottom = box
    lats, lons = [unit.centre.lat for unit in units], [unit.centre.lon for unit in units]
    shrink = math.cos(math.radians(sum(lats) / len(lats)))
    width, height = (max(lons) - min(lons)) * shrink, max(lats) - min(lats)
    scale = min((right - left - 2 * REACH) / width, (bottom - top - 2 * REACH) / height)
    x0 = (left + right) / 2 - (max(lons) + min(lons)) / 2 * shrink * scale
    y0 = (top + bottom) / 2 + (max(lats) + min(lats)) / 2 * scale

    def at(unit: Ward) -> tuple[float, float]:
        return x0 + unit.centre.lon * shrink * scale, y0 - unit.centre.lat * scale

    return at


def _nearest_wins(sheet: Sheet, centres: Sequence[tuple[tuple[float, float], Colour]], step: int = 3) -> None:
    """Colour what lies within reach of several centres as the nearest of them."""
    for y in range(80, sheet.image.height - 60, step):
        for x in range(LEFT, WIDTH, step):
            distance, colour = min(((cx - x) ** 2 + (cy - y) ** 2, colour) for (cx, cy), colour in centres)
            if distance <= REACH**2:
                sheet.pen.rectangle((x, y, x + step - 1, y + step - 1), fill=colour)


# The tax incentives: what is paid in which year.

TIERS: list[tuple[Both, Both, list[tuple[int, str, Both]]]] = [
    (
        both("10% trong 15 năm", "10% for 15 years"),
        both("công nghệ cao, phần mềm, năng lượng tái tạo…", "high technology, software, renewable energy…"),
        [
            (4, "free", both("miễn tới 4 năm", "up to 4 years free")),
            (9, "half", both("giảm 50% tới 9 năm", "half, up to 9 years")),
            (2, "rate", both("", "")),
        ],
    ),
    (
        both("17% trong 10 năm", "17% for 10 years"),
        both("thép cao cấp, máy nông nghiệp, ô tô…", "high-grade steel, farm machinery, automobiles…"),
        [
            (
                10,
                "open",
                both("miễn, giảm mấy năm: hỏi cơ quan thuế", "years free or at half: ask the tax office"),
            )
        ],
    ),
    (
        both("5% trong 37 năm", "5% for 37 years"),
        both(
            "dự án số, chip, AI, trung tâm dữ liệu trọng điểm trên 6.000 tỉ đồng",
            "key digital, chip, AI, data-centre projects above VND 6,000 billion",
        ),
        [
            (6, "free", both("miễn 6 năm", "6 years free")),
            (13, "half", both("giảm 50% trong 13 năm", "half for 13 years")),
            (18, "rate", both("5%", "5%")),
        ],
    ),
]
PAID: dict[str, tuple[Colour, Colour]] = {
    "free": ((203, 228, 214), INK),
    "half": ((120, 178, 170), INK),
    "rate": (RIVER, WHITE),
    "open": ((226, 224, 212), INK),
}
"""Colours of a year, by what is paid in it; open: the answer does not say."""


def incentives(language: Language) -> bytes:
    sheet = Sheet(
        860,
        language,
        both("Ưu đãi thuế thu nhập doanh nghiệp theo năm", "Corporate tax incentives, year by year"),
        both(
            "Dự án mới, Luật 67/2025/QH15, từ 01/10/2025. Mức cho dự án của bạn: hỏi cơ quan thuế.",
            "New projects, Law 67/2025/QH15, from 1 October 2025. For your project, ask the tax office.",
        ),
    )
    left, year = MARGIN, (WIDTH - 2 * MARGIN) / 37
    for number, (name, sectors, periods) in enumerate(TIERS):
        y = 150 + number * 200
        end = sheet.write(left, y, name, 34, style="Bold")
        sheet.write(end + 24, y + 2, sectors, 24, colour=QUIET)
        x = float(left)
        for years, kind, words in periods:
            ground, ink = PAID[kind]
            sheet.pen.rectangle((x, y + 34, x + years * year - 2, y + 104), fill=ground)
            size = 24 if font_of("SemiBold", 24).getlength(words[language]) < years * year - 8 else 17
            if font_of("SemiBold", size).getlength(words[language]) < years * year - 4:
                sheet.write(
                    x + years * year / 2, y + 69, words, size, colour=ink, anchor="mm", style="SemiBold"
                )
            else:
                _in_two_lines(sheet, x + years * year / 2, y + 69, words[language], ink)
            x += years * year
            passed = round((x - left) / year)
            sheet.write(x, y + 124, str(passed), 20, colour=QUIET, anchor="mm")
        sheet.write(left, y + 124, both("năm", "year"), 20, colour=QUIET)
    keys = [
        ("free", both("không phải nộp", "nothing to pay")),
        ("half", both("nộp một nửa", "half is paid")),
        ("rate", both("nộp mức ưu đãi", "the reduced rate is paid")),
    ]
    x = float(MARGIN)
    for kind, words in keys:
        sheet.pen.rectangle((x, 738, x + 36, 764), fill=PAID[kind][0])
        x = sheet.write(x + 48, 751, words, 24) + 44
    return sheet.png()


def _in_two_lines(sheet: Sheet, x: float, y: float, words: str, ink: Colour) -> None:
    parts = words.split()
    half = (len(parts) + 1) // 2
    for line, dy in ((parts[:half], -13), (parts[half:], 13)):
        sheet.write(x, y + dy, " ".join(line), 20, colour=ink, anchor="mm", style="SemiBold")


# The floating market: the way to it.


def floating_market(language: Language) -> bytes:
    sheet = Sheet(
        760,
        language,
        both("Đi chợ nổi Cái Răng từ bến Ninh Kiều", "From Ninh Kiều quay to Cái Răng floating market"),
        both(
            "Sơ đồ, không theo tỉ lệ. Kiểm tra ngày 28/11/2026.", "Not to scale. Checked on 28 November 2026."
        ),
    )
    y, start, end = 330, 220, 890
    wave = [(x, y + 20 * math.sin(x / 190)) for x in range(0, WIDTH + 1, 8)]
    banks = [(x, at - 58) for x, at in wave] + [(x, at + 58) for x, at in reversed(wave)]
    sheet.pen.polygon(banks, fill=WATER)
    sheet.write(WIDTH - MARGIN, 336, both("sông Cần Thơ", "Cần Thơ river"), 24, colour=RIVER, anchor="rm")
    sheet.arrow((start + 30, y + 6), (end - 50, y - 4), RIVER, 10)
    for x, colour in ((start, RIVER), (end, SILT)):
        sheet.pen.ellipse((x - 22, y - 22, x + 22, y + 22), fill=colour, outline=WHITE, width=5)
    middle = (start + end) / 2
    sheet.write(
        middle, y - 30, both("tàu du lịch, khoảng 30 phút", "tour boat, about 30 minutes"), 30,
        style="SemiBold", anchor="mm",
    )  # fmt: skip
    sheet.write(start, 200, both("Bến Ninh Kiều", "Ninh Kiều quay"), 34, style="Bold", anchor="mm")
    sheet.write(end, 200, both("Chợ nổi Cái Răng", "Cái Răng market"), 34, style="Bold", anchor="mm")
    facts = [
        both("5-6 giờ sáng: đông vui nhất", "5-6 a.m.: busiest"),
        both("khoảng 9 giờ: chợ vãn", "about 9 a.m.: winding down"),
        both("gần cầu Cái Răng, họp hằng ngày", "near Cái Răng bridge, daily"),
    ]
    sheet.lines(end, 436, facts, 27, "mm")
    sheet.lines(
        start + 10, 436,
        [both("mặc áo phao,", "wear a life jacket,"), both("hỏi giá trước", "ask the price first")], 27, "mm",
    )  # fmt: skip
    sheet.pen.rounded_rectangle((MARGIN, 580, WIDTH - MARGIN, 672), 18, fill=(249, 228, 222))
    for turn in (-1, 1):
        sheet.pen.line(
            (MARGIN + 30, 626 - 16 * turn, MARGIN + 62, 626 + 16 * turn), fill=(156, 43, 34), width=8
        )
    warning = [
        both(
            "Đừng đi đường bộ tới bến cầu tàu ngay khu chợ nổi:",
            "Do not go by road to the pier at the market:",
        ),
        both(
            "tạm dừng đón khách từ 22/02/2026, chưa thấy tin mở lại.",
            "suspended since 22 February 2026, no news of its reopening.",
        ),
    ]
    sheet.lines(MARGIN + 90, 608, warning, 27, "lm")
    return sheet.png()


def draw_all() -> dict[str, bytes]:
    """The files of content/media/ that are drawn here, by name."""
    wards = load(ROOT / "content").library.wards
    assert wards
    drawn: dict[str, bytes] = {}
    for language in Language:
        drawn[f"merger.{language}.png"] = merger(language, wards)
        drawn[f"tax-incentives.{language}.png"] = incentives(language)
        drawn[f"cai-rang-floating-market.{language}.png"] = floating_market(language)
    return drawn


def main(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    for name, data in draw_all().items():
        size_of(data, name)
        (directory / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "content" / MEDIA_DIRECTORY)
