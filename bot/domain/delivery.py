"""What a person is told without having asked just now: a reply of the staff, news, or a late reply."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.language import Language


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that can be sent now. It is one of three, by what is set: a reply of the staff, news, or
    a reply of the bot itself.

    address: empty for what goes with a reply only.
    question, text, answer: of a reply of the staff: what was asked, their words, an answer's id.
    announcement: of news, or of a correction: the answer's id, or a bulletin's name (bot.domain.bulletin);
    change: of a correction: which version.
    plans: of a reply of the bot itself that waited for the person to write again, as JSON.
    cards_sent: how many of its cards are sent; attempts: how often sending has failed.
    lease: proof that it is ours; None for what goes with a reply.
    """

    id: int
    channel: str
    address: str
    language: Language
    question: str | None
    text: str | None
    answer: str | None
    announcement: str | None
    change: str | None
    plans: list[dict[str, object]] | None
    cards_sent: int
    attempts: int
    lease: str | None
