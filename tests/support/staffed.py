"""The editors' pages beside a bot that has a database, over a small content/."""

from __future__ import annotations

from bot.content.loading import load
from tests.support.bot_database import BotDatabase
from tests.support.editors import Pages

PARKING = "city.parking"
RUMOUR = "clarification.rumour"
Staffed = tuple[Pages, BotDatabase]


def rumour(pages: Pages) -> None:
    """A published clarification."""
    directory = pages.desk.directory
    text = (directory / "city" / "parking.yml").read_text("utf-8")
    head = "verdict: refuted\nclarified: {by: {vi: Sở, en: Office}, date: 2026-11-20}\nvi:\n  claim: Tin đồn"
    text = text.replace("vi:", head, 1).replace("en:\n", "en:\n  claim: A rumour\n")
    text = text.replace("title: Gửi xe ở đâu", "title: Tin đồn cấm gửi xe")
    text = text.replace("gửi xe ở đâu", "tin đồn gửi xe").replace("where can I park", "parking rumour")
    (directory / "clarification").mkdir()
    (directory / "clarification" / "rumour.yml").write_text(text, "utf-8")
    assert not load(directory, now=pages.clock()).findings
