"""docs/data-protection.md names every table and column that holds something of a person, with the code's
times."""

from __future__ import annotations

import datetime
import re

import pytest
from sqlalchemy import Table

from bot.desk import audit, housekeeping
from bot.desk.accounts import FORGET_FAILURES, IDLE, INVITATION, LONGEST
from bot.storage import retention
from bot.storage.editors.presence import SEEN_WITHIN
from bot.storage.editors.tables import EditorsBase
from bot.storage.models import Base
from tests.support import ROOT
from tests.support.databases import about

PAGES = {"en": "data-protection.md", "vi": "data-protection.vi.md"}
UNITS = {
    "en": {"years": "years", "days": "days", "hours": "hours", "minutes": "minutes", "seconds": "seconds"},
    "vi": {"years": "năm", "days": "ngày", "hours": "giờ", "minutes": "phút", "seconds": "giây"},
}
SAID = {"en": ("no", "yes"), "vi": ("không", "có")}

TABLES: list[Table] = [
    table
    for base in (Base, EditorsBase)
    for table in base.metadata.sorted_tables
    if about(table).person or about(table).keys
]

TIMES = {
    "inbox": [retention.REDELIVERY], "web_reply": [retention.WEB_REPLY],
    "question": [retention.QUESTION, retention.LINK], "delivery": [retention.QUESTION, retention.HELD_REPLY],
    "zalo_options": [retention.OPTIONS], "session": [LONGEST, IDLE], "attempt": [FORGET_FAILURES],
    "invitation": [INVITATION + housekeeping.LINK_KEPT], "autosave": [housekeeping.TYPED_KEPT],
    "presence": [SEEN_WITHIN], "audit": [audit.KEPT],
}  # fmt: skip


def rows(language: str) -> dict[str, list[str]]:
    """The cells of the row of each table."""
    page = (ROOT / "docs" / PAGES[language]).read_text("utf-8")
    found = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


def in_words(time: datetime.timedelta, language: str) -> str:
    """90 days, 24 hours, 2 years: as people say it."""
    seconds = int(time.total_seconds())
    sizes = {"years": 365 * 86400, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
    unit, number = next(
        (unit, seconds // size)
        for unit, size in sizes.items()
        if seconds % size == 0 and (seconds // size > 1 or size <= 60)
    )
    said = UNITS[language][unit]
    return f"{number} {said.removesuffix('s') if number == 1 and language == 'en' else said}"


@pytest.mark.parametrize("language", PAGES)
def test_every_table_with_something_of_a_person_is_named_and_no_other(language: str) -> None:
    assert rows(language).keys() == {table.name for table in TABLES}


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("table", TABLES, ids=str)
def test_its_columns_its_time_and_its_backup_are_the_codes(table: Table, language: str) -> None:
    told, cells = about(table), rows(language)[table.name]
    assert set(re.findall(r"`(\w+)`", cells[0])) == {*told.person.split(), *told.keys.split()}
    if told.kept:
        assert in_words(told.kept, language) in cells[2]
    for time in TIMES.get(table.name, ()):
        assert in_words(time, language) in cells[2], time
    assert cells[-1] == SAID[language][told.in_backup]


@pytest.mark.parametrize("language", PAGES)
def test_no_other_time_stands_beside_a_table(language: str) -> None:
    units = "|".join(UNITS[language].values())
    for table in TABLES:
        times = [*TIMES.get(table.name, ()), *filter(None, [about(table).kept])]
        said = re.findall(rf"\d+ (?:{units})", rows(language)[table.name][2])
        assert set(said) <= {in_words(time, language) for time in times}, table.name


def test_both_languages_have_the_same_parts() -> None:
    shapes = []
    for page in PAGES.values():
        lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
        shapes.append([re.match(r"(#+|\||- |\d\.)?", line)[0] for line in lines if line])  # type: ignore[index]
    assert shapes[0] == shapes[1]
