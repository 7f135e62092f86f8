"""A file of bulletins for tests."""

from __future__ import annotations

import datetime

from bot.content.bulletins import Bulletin

ENTRY = """\
week-48:
  status: published
  date: 2026-11-23
  every: week
  answers:
    - culture.food
  vi:
    title: Tuần này ở Cần Thơ
    text: Có **món mới**.
  en:
    title: This week in Cần Thơ
    text: There is **new food**.
"""


def bulletin(**changes: object) -> Bulletin:
    sides = {side: {"title": f"Title {side}", "text": "Text."} for side in ("vi", "en")}
    values = {
        "id": "week-48", "status": "published", "date": datetime.date(2026, 11, 23), "every": "week",
        "answers": ("culture.food",), **sides, **changes,
    }  # fmt: skip
    return Bulletin.model_validate(values)
