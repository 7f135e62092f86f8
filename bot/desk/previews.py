"""An answer as people will see it before it is live: drawn by the renderers that draw it for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from bot.cards.compose import compose
from bot.cards.contact import RECEPTION
from bot.channels import zalo_text as zalo
from bot.channels.telegram import render as telegram
from bot.channels.web.schema import CardBody
from bot.channels.zalo_text import MESSAGE_UNITS
from bot.content.fields import Value, flat, nested
from bot.content.library import Library
from bot.content.schema import TITLE_LIMIT, Answer, AnswerStatus
from bot.desk.accounts import Account
from bot.desk.drafting import checked_value, seen
from bot.desk.editing import EditingDesk, Refused
from bot.desk.problems import field_of
from bot.domain.answer import Facet, Verdict
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.text.rich import units

MISSING = "…"
"""Shown where something is still to be filled in."""


@dataclass(frozen=True, slots=True)
class ButtonPreview:
    """A button; url: what it opens, if it does."""

    label: str
    url: str | None


@dataclass(frozen=True, slots=True)
class TelegramPreview:
    """The messages in Telegram's HTML (b, i, a, code, blockquote), and the rows of buttons under the last."""

    messages: tuple[str, ...]
    rows: tuple[tuple[ButtonPreview, ...], ...]


@dataclass(frozen=True, slots=True)
class ZaloPreview:
    """The messages as plain text with their lengths in UTF-16 units, of which `limit` fit one; the buttons
    under the last. is_cut: the text is too long for Zalo, and its end is not sent."""

    messages: tuple[str, ...]
    lengths: tuple[int, ...]
    limit: int
    buttons: tuple[ButtonPreview, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """The answer, or one side of it, in one language on each channel."""

    language: Language
    facet: Facet | None
    web: CardBody
    telegram: TelegramPreview
    zalo: ZaloPreview


@dataclass(frozen=True, slots=True)
class Previews:
    """The cards, Vietnamese first; missing: the fields that are still to be filled in."""

    cards: tuple[PreviewCard, ...]
    missing: tuple[str, ...]


async def preview(
    desk: EditingDesk, account: Account, name: str, value: Value, username: str | None = None
) -> Previews:
    """How a value, which may not be saved or complete yet, would look if it were live.

    Args:
        desk: what there is to work with.
        account: whose page it is.
        name: of the answer.
        value: what is in the form.
        username: of the Telegram bot, for the button that shares; None: there is none.

    Raises:
        NotFound, NotYours, Refused: the form cannot be read.
    """
    clean = checked_value(name, value)
    await seen(desk, account, name, clean)
    library = desk.library()
    answer, missing = _filled(name, clean, library)
    shown = _with(library, answer)
    cards = [
        drawn(card, shown, facet, username)
        for language in Language
        for facet, card in _cards(answer, language, shown, desk)
    ]
    return Previews(tuple(cards), missing)


def drawn(
    card: Card, library: Library, facet: Facet | None = None, username: str | None = None
) -> PreviewCard:
    """A card as each channel draws it. facet: the side of an answer that it is, if it is one."""
    return PreviewCard(
        card.language, facet, CardBody.of(card), _on_telegram(card, library, username),
        _on_zalo(card, library),
    )  # fmt: skip


def _cards(
    answer: Answer, language: Language, library: Library, desk: EditingDesk
) -> Iterator[tuple[Facet | None, Card]]:
    for facet in (None, *answer[language].facets):
        plan = Plan(reply=Kind.FACET if facet else Kind.ANSWER, language=language, id=answer.id, facet=facet)
        reply = compose((plan,), library, desk.today, arrival=Arrival.AT_ONCE)
        yield facet, reply.cards[0]


def _with(library: Library, answer: Answer) -> Library:
    """What is served, with this answer in it and nothing in its place."""
    others = {
        one.id: one.model_copy(update={"supersedes": tuple(o for o in one.supersedes if o != answer.id)})
        for one in library.answers.values()
        if one.id != answer.id
    }
    return replace(library, answers={**others, answer.id: answer})


def _filled(name: str, value: Value, library: Library) -> tuple[Answer, tuple[str, ...]]:
    """The answer that a value makes, with what it lacks shown as missing; and what that is."""
    fields = {path: content for path, content in flat(value).items() if _counts(path, content, name)}
    fields["status"] = AnswerStatus.PUBLISHED.value
    missing: list[str] = []
    for path, instead in _needed(name, library).items():
        if not fields.get(path):
            missing.append(path)
            fields[path] = instead
    if fields["office"] not in library.offices:
        missing.append("office")
        fields["office"] = _any_office(library)
    for path in [path for path in fields if ".facets." in path]:
        twin = path.replace("vi.", "en.", 1) if path.startswith("vi.") else path.replace("en.", "vi.", 1)
        if twin not in fields:
            missing.append(twin)
            fields[twin] = MISSING
    for _ in range(len(fields)):
        try:
            return Answer.model_validate({**nested(fields), "id": name}), tuple(dict.fromkeys(missing))
        except ValidationError as error:
            places = [field_of(".".join(map(str, detail["loc"]))) for detail in error.errors()]
        for path in places:
            missing.append(path)
            _mend(fields, path, name, library)
    raise Refused("not_readable", "The form cannot be shown as it is.")


def _mend(fields: dict[str, object], path: str, name: str, library: Library) -> None:
    """Put something that can be shown in the place of what cannot."""
    needed = _needed(name, library)
    content = fields.get(path)
    if path.endswith(".title") and isinstance(content, str) and len(content) > TITLE_LIMIT:
        fields[path] = f"{content[: TITLE_LIMIT - 1]}{MISSING}"
    elif path.startswith(("clarified", "checked", "review_by")):
        for one in ("checked", "review_by", "clarified.date"):
            if one in needed:
                fields[one] = needed[one]
    elif path in needed:
        fields[path] = needed[path]
    elif path.startswith("media"):  # a picture is shown with all that belongs to it, or not at all
        for one in [one for one in fields if one.startswith("media.")]:
            del fields[one]
    elif path.startswith(("corrected", "first_seen")):  # not whole, and no part of a card
        for one in [one for one in fields if one.startswith(path.partition(".")[0])]:
            del fields[one]
    else:
        fields.pop(path, None)


def _counts(path: str, content: object, name: str) -> bool:
    """What is empty, or decides when it is shown, does not count here, nor a claim where none belongs."""
    if not content or (isinstance(content, str) and not content.strip()):
        return False
    if (
        path in {"publish_at", "withdraw_at"}
        or path.startswith("withdrawn.")
        or path.endswith("facets.source")
    ):
        return False
    is_of_claim = path in {"verdict", "vi.claim", "en.claim"}
    is_of_claim |= path.startswith(("clarified.", "first_seen."))
    return name.startswith("clarification.") or not is_of_claim


def _needed(name: str, library: Library) -> dict[str, object]:
    today = library.now.date().isoformat()
    needed: dict[str, object] = {
        "office": _any_office(library), "checked": today, "review_by": "2199-12-31",
        "sources": [{"title": MISSING}],
    }  # fmt: skip
    for language in Language:
        needed |= {f"{language}.title": MISSING, f"{language}.answer": MISSING}
        needed[f"{language}.questions"] = [MISSING]
    if name.startswith("clarification."):
        needed |= {"verdict": Verdict.REFUTED.value, "clarified.date": today}
        needed |= {f"clarified.by.{language}": MISSING for language in Language}
        needed |= {f"{language}.claim": MISSING for language in Language}
    return needed


def _any_office(library: Library) -> str:
    return RECEPTION if RECEPTION in library.offices else next(iter(library.offices))


def _on_telegram(card: Card, library: Library, username: str | None) -> TelegramPreview:
    rendered = telegram.render(card, library.messages.labels, username)
    rows = rendered.keyboard.inline_keyboard if rendered.keyboard else ()
    return TelegramPreview(
        tuple(part.html for part in rendered.parts),
        tuple(tuple(ButtonPreview(button.text, button.url) for button in row) for row in rows),
    )


def _on_zalo(card: Card, library: Library) -> ZaloPreview:
    rendered = zalo.render(card, library.messages)
    texts = rendered.pressed.texts
    shortened = library.messages.zalo.shortened[card.language]
    return ZaloPreview(
        texts, tuple(units(text) for text in texts), MESSAGE_UNITS,
        tuple(ButtonPreview(button.label, button.url) for button in rendered.buttons),
        bool(texts) and shortened in texts[-1],
    )  # fmt: skip
