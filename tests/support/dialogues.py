"""Reads the dialogues, and plays them over the public interface.

`python -m tests.support.dialogues` plays them with a bot that runs, and prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Self

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from bot.cards.actions import ACTIONS
from bot.channels.zalo_text import written
from bot.domain.answer import Facet
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.text.rich import markdown
from stand_ins.server import PlatformServer
from tests.support import ROOT
from tests.support.data import data_in

DIRECTORY = ROOT / "tests" / "dialogues"


def _known(action: str) -> str:
    if action not in ACTIONS:
        raise ValueError(f"{action} is no action of bot/cards/actions.py")
    return action


Action = Annotated[str, AfterValidator(_known)]

AT_A_TIME = 4
"""Dialogues that are played beside each other."""

ALONE = frozenset({"emergency", "care"})
"""Actions whose card comes with no other: nothing may stand between a person and the number to call."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Strict):
    """What the first card is to be; only what is given counts."""

    kind: Kind | None = None
    id: str | None = None
    ids: list[str] | None = None
    facet: Facet | None = None
    language: Language | None = None
    action: Annotated[
        tuple[Action | None, ...],
        BeforeValidator(lambda given: given if isinstance(given, list) else [given]),
    ] = ()

    def misses(self, card: dict[str, Any]) -> list[str]:
        """What is wrong with a card, one phrase each."""
        allowed = {
            key: self.action if key == "action" else (getattr(self, key),) for key in self.model_fields_set
        }
        wrong = [
            f"{key} is {card[key]}, not {' or '.join(map(str, values))}"
            for key, values in sorted(allowed.items())
            if card[key] not in values
        ]
        if wrong and card["ids"]:
            wrong.append(f"it offers {', '.join(card['ids'])}")
        return wrong


class Turn(_Strict):
    """One thing that the person does, and what is expected of the reply."""

    user: str | None = None
    button: str | None = None
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.user is None) == (self.button is None):
            raise ValueError("a turn has either user or button")
        return self


class Dialogue(_Strict):
    """A conversation. kind: the name of its file."""

    kind: str
    name: str
    turns: Annotated[tuple[Turn, ...], Field(min_length=1, max_length=6)]


@dataclass(frozen=True)
class Outcome:
    """How a turn went. misses: what was wrong, if anything. cards: the reply; none if it was skipped."""

    dialogue: Dialogue
    turn: Turn
    misses: list[str]
    cards: list[dict[str, Any]]

    @property
    def labels(self) -> list[str]:
        """What the reply lets choose."""
        return [b["label"] for card in self.cards for b in card["buttons"] if b["payload"]]

    def is_said_by(self, messages: list[str]) -> bool:
        """Whether messages of another channel, with the labels of their buttons, say all of it."""
        said = plainly(" ".join(messages))
        texts = [plainly(text) for card in self.cards for text in (card["title"] or "", card["text"])]
        return all(part in said for part in (*texts, *map(plainly, self.labels)))

    def __str__(self) -> str:
        said = self.turn.user if self.turn.button is None else f"[{self.turn.button}]"
        return f"{self.dialogue.kind}: {self.dialogue.name}: {said!r}: {'; '.join(self.misses) or 'right'}"


def dialogues() -> list[Dialogue]:
    """All dialogues, in the order of their files.

    Raises:
        pydantic.ValidationError: a file is not as it should be.
    """
    found: list[Dialogue] = []
    for file in sorted(DIRECTORY.glob("*.yml")):
        written = data_in(file)
        found += TypeAdapter(list[Dialogue]).validate_python([{"kind": file.stem, **d} for d in written])
    return found


def plainly(text: str) -> str:
    """A text, Markdown or not, without what only divides it."""
    return " ".join(written(markdown(text)).split())


def play(dialogue: Dialogue, http: httpx.Client) -> Iterator[Outcome]:
    """How each turn of a new conversation goes. `http` has the bot's address as its base URL.

    Raises:
        httpx.HTTPError: the bot did not reply.
    """
    conversation = secrets.token_hex(16)
    buttons: dict[str, str] = {}
    for turn in dialogue.turns:
        if turn.button is not None and turn.button not in buttons:
            yield Outcome(
                dialogue, turn, [f"there is no such button, but {', '.join(buttons) or 'none'}"], []
            )
            continue
        message = {"text": turn.user} if turn.button is None else {"button": buttons[turn.button]}
        answer = http.post("/api/messages", json={"conversation": conversation, **message})
        answer.raise_for_status()
        cards = answer.json()["replies"]
        misses = turn.expect.misses(cards[0])
        if ALONE & set(turn.expect.action) and len(cards) > 1:
            misses.append(f"comes with {len(cards) - 1} other cards")
        buttons = {b["label"]: b["payload"] for card in cards for b in card["buttons"] if b["payload"]}
        yield Outcome(dialogue, turn, misses, cards)


def play_all(http: httpx.Client) -> list[list[Outcome]]:
    """How each turn of all dialogues goes, some of them beside each other."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(lambda dialogue: list(play(dialogue, http)), dialogues()))


def telling(played: list[list[Outcome]]) -> list[list[Outcome]]:
    """Some of the dialogues, in which everything was said that was said in any: each kind of reply in each
    language, of each shape, to what was typed and to what was pressed, and in each file's conversations.
    """
    known: set[object] = set()
    chosen = []
    for outcomes in played:
        told = {one for outcome in outcomes for one in _told(outcome)}
        if told - known:
            known |= told
            chosen.append(outcomes)
    return chosen


def _told(outcome: Outcome) -> Iterator[object]:
    yield outcome.dialogue.kind
    yield len(outcome.cards), bool(outcome.labels)
    for card in outcome.cards:
        said = card["kind"], card["action"], card["facet"], card["verdict"]
        yield said, card["language"]
        yield card["kind"], outcome.turn.button is None, tuple(key for key in sorted(card) if card[key])


SAID_SECONDS = 30
"""How long another channel may take to say what the page said."""

Act = Callable[[Turn], Callable[[], list[str]]]
"""Does on another channel what a turn does; what comes back lists what has been said there since, with the
labels of buttons."""


async def play_elsewhere(
    played: list[list[Outcome]], server: PlatformServer, somebody: Callable[[str], Act]
) -> list[str]:
    """Play on another channel what was played on the page; what differs.

    Args:
        server: the platform.
        somebody: from a dialogue's name to how somebody new acts there.
    """
    waiting = [[outcome for outcome in outcomes if outcome.cards] for outcomes in played]
    differences: list[str] = []

    async def play_one(outcome: Outcome, act: Act) -> None:
        said = act(outcome.turn)
        try:
            await server.until(lambda: outcome.is_said_by(said()), SAID_SECONDS)
        except TimeoutError:
            differences.append(f"{outcome}: the page said {outcome.cards}, the channel {said()}")

    async def play_some() -> None:
        while waiting:
            outcomes = waiting.pop()
            act = somebody(outcomes[0].dialogue.name)
            for outcome in outcomes:
                await play_one(outcome, act)

    await asyncio.gather(*(play_some() for _ in range(AT_A_TIME)))
    return differences


def main() -> None:
    parser = argparse.ArgumentParser(description="Play the dialogues with a running bot.")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the bot; it needs WEB_RATE_LIMIT=0")
    parser.add_argument("--kind", help="only the dialogues of this file")
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []
    with httpx.Client(base_url=arguments.url, timeout=60, trust_env=False) as http:
        for dialogue in dialogues():
            if arguments.kind in {None, dialogue.kind}:
                outcomes += play(dialogue, http)
    for wrong in (outcome for outcome in outcomes if outcome.misses):
        print(wrong)
    print(f"\n{'kind':<28}{'turns':>6}{'right':>7}")
    for kind in sorted({outcome.dialogue.kind for outcome in outcomes}):
        _line(kind, [outcome for outcome in outcomes if outcome.dialogue.kind == kind])
    _line("all", outcomes)


def _line(name: str, outcomes: list[Outcome]) -> None:
    right = sum(not outcome.misses for outcome in outcomes)
    share = f"{right / len(outcomes):.1%}" if outcomes else "-"
    print(f"{name:<28}{len(outcomes):>6}{right:>7}{share:>8}")


if __name__ == "__main__":
    main()
