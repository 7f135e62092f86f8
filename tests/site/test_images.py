"""What is forwarded as a picture still says what is so, however it was typed and however it is cut."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace

import pytest
from PIL import Image

from bot.content.library import Library
from bot.content.schema import Answer, AnswerStatus
from bot.domain.answer import Verdict
from bot.domain.language import Language
from bot.site import images
from bot.site.images import BAND, FOOT, HEIGHT, MARGIN, MOST_BYTES, WIDTH, draw

ADDRESS = "hoi.cantho.gov.vn"


def longest(library: Library, language: Language) -> list[str]:
    """The ids of the answers whose texts need most room."""
    clarifications = [answer for answer in library.answers.values() if answer.verdict]
    answers = [*library.answers.values()]
    return list(
        dict.fromkeys(
            [
                *(a.id for a in sorted(clarifications, key=lambda a: len(a[language].claim or ""))[-2:]),
                *(a.id for a in sorted(clarifications, key=lambda a: len(a[language].title))[-1:]),
                *(a.id for a in sorted(answers, key=lambda a: len(a[language].title))[-1:]),
            ]
        )
    )


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two colours are the same but for what the palette did to them."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 8


@pytest.fixture
def rumour(city_library: Library) -> Answer:
    return city_library.answers["clarification.online-kidnapping"]


@pytest.mark.parametrize("language", Language)
def test_the_longest_texts_of_content_fit(city_library: Library, language: Language) -> None:
    for answer_id in longest(city_library, language):
        data = draw(city_library.answers[answer_id], language, city_library, ADDRESS)
        picture = opened(data)
        assert (picture.size, len(data) < MOST_BYTES) == ((WIDTH, HEIGHT), True)
        for column in (MARGIN // 2, WIDTH - MARGIN // 2):
            beside = picture.crop((column - 20, BAND + 4, column + 20, HEIGHT - FOOT - 4))
            colours = beside.getcolors(64) or []
            assert len(colours) == 1, f"{answer_id}: something stands in the margin"


def test_a_text_that_fits_in_no_size_is_cut_at_a_word(city_library: Library) -> None:
    lines, _, _ = images._fitted("mười hai chữ " * 60, "Bold", range(48, 35, -4), 800, 124)
    assert lines[-1].endswith(" …")
    assert lines[-1].removesuffix(" …").split()[-1] in {"mười", "hai", "chữ"}


def test_an_address_longer_than_a_line_is_broken() -> None:
    lines, font, _ = images._fitted("https://" + "x" * 200, "Bold", range(40, 39, -1), 800, 630)
    assert all(font.getlength(line) <= 800 for line in lines)


def test_letters_and_marks_typed_apart_are_drawn_as_if_typed_in_one(
    city_library: Library, rumour: Answer
) -> None:
    def decomposed(text: str | None) -> str:
        return unicodedata.normalize("NFD", text or "")

    vi = rumour.vi.model_copy(
        update={name: decomposed(getattr(rumour.vi, name)) for name in ("title", "claim", "answer")}
    )
    assert vi.title != rumour.vi.title
    apart = draw(rumour.model_copy(update={"vi": vi}), Language.VI, city_library, ADDRESS)
    assert apart == draw(rumour, Language.VI, city_library, ADDRESS)


@pytest.mark.parametrize("language", Language)
def test_no_piece_of_a_false_claim_is_without_the_mark(
    city_library: Library, rumour: Answer, language: Language
) -> None:
    picture = opened(draw(rumour, language, city_library, ADDRESS))
    tone = images._TONES[Verdict.REFUTED]
    rows = [y for y in range(BAND, HEIGHT - FOOT) if is_near(_pixel(picture, MARGIN + 1, y), tone.mist)]
    top, bottom = min(rows), max(rows)
    width, height = 320, 60
    for y in range(top, bottom - height, 20):
        for x in range(MARGIN, WIDTH - MARGIN - width, 40):
            piece = picture.crop((x, y, x + width, y + height))
            marked = sum(
                count
                for count, colour in piece.getcolors(width * height) or []
                if isinstance(colour, tuple) and (is_near(colour, tone.mark) or is_near(colour, tone.strong))
            )
            assert marked > 400, f"nothing marks the claim at {x}, {y}"


def test_each_verdict_has_a_colour_of_its_band_that_white_letters_are_read_on(
    city_library: Library, rumour: Answer
) -> None:
    for verdict in Verdict:
        said = rumour.model_copy(update={"verdict": verdict})
        band = _pixel(opened(draw(said, Language.EN, city_library, "")), 5, 5)
        assert is_near(band, images._TONES[verdict].strong)
        assert _contrast(band, (255, 255, 255)) >= 4.5


def test_what_was_withdrawn_says_so_whatever_it_said_before(city_library: Library, rumour: Answer) -> None:
    withdrawn = rumour.model_copy(update={"status": AnswerStatus.WITHDRAWN})
    library = replace(city_library, answers={withdrawn.id: withdrawn})
    picture = opened(draw(withdrawn, Language.EN, library, ADDRESS))
    assert is_near(_pixel(picture, 5, 5), images._GREY.strong)
    drawing = images._Drawing(withdrawn, Language.EN, library, ADDRESS, is_withdrawn=True)
    assert drawing._mark == city_library.messages.sharing.withdrawn.en


def _pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = picture.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: tuple[int, ...]) -> float:
        parts = (c / 255 for c in colour)
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
