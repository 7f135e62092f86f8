"""How long the list for an inline query takes: from the update to what is sent, without the network.

`python -m benchmarks.inline` prints a table. The aim is 30 ms at p95. Queries are what people type on the
way to a question of content/, as it stands, without diacritics, and with two letters swapped. Nothing is
rendered before; wall time is counted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from telegram import InlineQuery, InlineQueryResultArticle, User

from bot.channels.telegram.inline import InlineMode
from bot.content.loading import load
from bot.domain.language import Language
from bot.text.folding import fold

SEED = 22
QUESTIONS = 150


class Bot:
    """Takes what is sent, as far as the library's own serialisation."""

    username = "hoicantho_bot"

    async def answer_inline_query(
        self, _query_id: str, results: Sequence[InlineQueryResultArticle], **_more: Any
    ) -> None:
        """Write it as JSON."""
        json.dumps([result.to_dict() for result in results])


async def measure(queries: Sequence[str]) -> list[float]:
    library = load(Path("content")).library
    mode = InlineMode(Bot(), lambda: library, "https://hoi.example")  # type: ignore[arg-type]
    person = User(1, "Lan", is_bot=False, language_code="vi")
    took = []
    for query in queries:
        began = time.perf_counter()
        await mode.answer(InlineQuery("1", person, query, ""))
        took.append((time.perf_counter() - began) * 1000)
    return took


def typed(questions: Sequence[str], random: Random) -> list[str]:
    """What an app asks for at each pause in typing."""
    return [question[: random.randint(2, 40)].strip() for question in questions for _ in range(4)]


def swapped(text: str, random: Random) -> str:
    at = random.randrange(max(len(text) - 1, 1))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def main() -> None:
    random = Random(SEED)  # noqa: S311  (the same ones each time)
    answers = load(Path("content")).library.answers.values()
    questions = [q for answer in answers for language in Language for q in answer[language].questions]
    queries = typed(random.sample(questions, QUESTIONS), random)
    print(f"{'':<28}{'median':>10}{'p95':>10}{'p99':>10}{'slowest':>10}")
    for title, asked in (
        ("as it stands", queries),
        ("without diacritics", [fold(query) for query in queries]),
        ("two letters swapped", [swapped(query, random) for query in queries]),
    ):
        took = sorted(asyncio.run(measure(asked)))
        numbers = [took[min(int(len(took) * share), len(took) - 1)] for share in (0.5, 0.95, 0.99, 1)]
        print(f"{title} ({len(took)})".ljust(28) + "".join(f"{number:>7.1f} ms" for number in numbers))


if __name__ == "__main__":
    main()
