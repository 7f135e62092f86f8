"""What a platform was sent, as a file: a card a line, in the order in which they came from any process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from bot.domain.card import Card


@dataclass(frozen=True)
class Sent:
    """A card as the platform got it. at: when, in seconds since the epoch."""

    chat: str
    message_id: int
    position: int
    kind: str
    id: str | None
    at: float


def record(file: int, chat: str, message_id: int, position: int, card: Card) -> None:
    """Write down a card that came, in one piece, since several processes write."""
    sent = Sent(chat, message_id, position, card.kind, card.id, time.time())
    os.write(file, f"{json.dumps(asdict(sent))}\n".encode())


def read_record(file: Path) -> list[Sent]:
    """Every card, in order."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Sent(**json.loads(line)) for line in lines]


def replies(sent: Sequence[Sent]) -> dict[str, list[list[Sent]]]:
    """Of each chat its replies in order, each a list of cards; a card that came twice in a row is one."""
    found: dict[str, list[list[Sent]]] = {}
    for chat in {card.chat for card in sent}:
        cards = [card for card in sent if card.chat == chat]
        each = [next(same) for _, same in groupby(cards, lambda card: (card.message_id, card.position))]
        found[chat] = [list(reply) for _, reply in groupby(each, lambda card: card.message_id)]
    return found
