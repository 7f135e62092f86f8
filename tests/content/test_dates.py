"""When an answer was published and changed, by the history of its file."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest

from bot.content.dates import dates_in_git
from bot.content.library import Dates
from bot.content.watcher import ContentWatcher
from tests.support.content import ANSWER
from tests.support.desk import make_content

DAY = datetime.date


def commit(directory: Path, day: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.vn"]
    dated = {"GIT_AUTHOR_DATE": f"{day}T20:00:00+0000", "GIT_COMMITTER_DATE": f"{day}T20:00:00+0000"}
    for arguments in (["add", "-A"], [*who, "commit", "-qm", "x"]):
        subprocess.run(
            ["git", "-C", str(directory), *arguments],
            check=True,
            timeout=10,
            env={"PATH": "/usr/bin:/bin", **dated},
        )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=10)
    content = tmp_path / "content"
    (content / "culture").mkdir(parents=True)
    return content


def write(directory: Path, text: str) -> None:
    (directory / "culture" / "food.yml").write_text(text, encoding="utf-8")


def test_the_day_in_can_tho_on_which_it_was_first_published_and_last_changed(directory: Path) -> None:
    text = ANSWER.format(name="food")
    write(directory, text.replace("published", "draft"))
    commit(directory, "2026-11-01")
    write(directory, text)
    commit(directory, "2026-11-02")  # 20:00 in London is the next day there
    write(directory, text.replace("Câu trả lời", "Lời đáp"))
    commit(directory, "2026-11-05")
    write(directory, text.replace("Câu trả lời", "Lời đáp").replace("published", "withdrawn"))
    commit(directory, "2026-11-07")
    assert dates_in_git(directory) == {"culture.food": Dates(DAY(2026, 11, 3), DAY(2026, 11, 6))}


def test_a_question_more_changes_no_answer(directory: Path) -> None:
    text = ANSWER.format(name="food")
    write(directory, text)
    commit(directory, "2026-11-02")
    more = text.replace('questions: ["food là gì"]', 'questions:\n    - food là gì\n    - "món đó là gì"\n')
    write(directory, more)
    commit(directory, "2026-11-05")
    assert dates_in_git(directory)["culture.food"].changed == DAY(2026, 11, 3)
    write(directory, more.replace("Title of food", "Another title"))
    commit(directory, "2026-11-06")
    assert dates_in_git(directory)["culture.food"].changed == DAY(2026, 11, 7)


def test_without_a_history_there_are_none(tmp_path: Path, directory: Path) -> None:
    assert dates_in_git(directory) == {}  # before the first commit
    assert dates_in_git(tmp_path / "nowhere") == {}


def test_they_are_part_of_what_is_served(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    library = ContentWatcher(content, last_good=tmp_path / "last").library()
    assert library.dates.keys() == library.answers.keys()
