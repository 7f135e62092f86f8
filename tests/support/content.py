"""A small content/ of the tests' own, and how editors change it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.content.watcher import ContentWatcher
from bot.domain.language import Language

OFFICES = """
culture:
  vi: {name: Sở Văn hóa}
  en: {name: Department of Culture}
"""

ANSWER = """
status: published
office: culture
checked: 2026-11-01
review_by: 2100-01-01
sources: [{{title: A source}}]
vi:
  title: Tựa {name}
  answer: Câu trả lời về {name}.
  questions: ["{name} là gì"]
en:
  title: Title of {name}
  answer: The answer on {name}.
  questions: ["what is {name}"]
"""


@asynccontextmanager
async def watched(content: Path, last_good: Path) -> AsyncIterator[ContentWatcher]:
    """The watcher of a running bot; last_good: where it keeps the last good versions."""
    watcher = ContentWatcher(content, last_good=last_good)
    task = asyncio.create_task(watcher.run())
    yield watcher
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)  # between two looks at a condition


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def remove(file: Path) -> None:
    file.unlink()


def title(watcher: ContentWatcher, answer_id: str) -> str | None:
    answer = watcher.library().published(answer_id)
    return answer[Language.EN].title if answer else None


def problems(watcher: ContentWatcher) -> list[str]:
    return [f"{finding.file.name}:{finding.line} {finding.key}" for finding in watcher.findings]
