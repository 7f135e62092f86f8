"""An editor's change becomes a file of content/: checked, written at once, committed alone."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.content.commits import Person
from bot.content.fields import Value, as_value
from bot.desk import content_files
from bot.desk.content_files import Faulty, FileMoved, NotPublished, bytes_of, file_of, revision_of, write

TODAY = datetime.date(2026, 11, 28)
LAN = Person("Nguyễn Thị Lan", "lan@example.org")
ID = "clarification.fake-vneid-calls"
CONTENT = Path(__file__).parents[2] / "content"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of content/ in a git repository of its own."""
    shutil.copytree(CONTENT, tmp_path / "content")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path / "content"


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Git", "-c", "user.email=git@example.org", "-C", str(directory)]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout


def value_of(content: Path, name: str = ID) -> Value:
    value = as_value(yaml.safe_load(file_of(content, name).read_bytes()))
    assert isinstance(value, dict)
    return value


def revision(content: Path, name: str = ID) -> str:
    return revision_of(bytes_of(file_of(content, name)))


def in_language(value: Value, language: str) -> dict[str, object]:
    inner = value[language]
    assert isinstance(inner, dict)
    return inner


def test_a_change_is_written_and_committed_with_the_editors_name(content: Path) -> None:
    value = value_of(content)
    in_language(value, "vi")["title"] = "Gọi giả công an"
    written = write(content, ID, revision(content), value, LAN, "Shorter title", TODAY)
    assert value_of(content) == value
    assert git(content, "log", "-1", "--format=%H %an %s").strip() == (
        f"{written.commit} Nguyễn Thị Lan Shorter title"
    )
    assert git(content, "status", "--porcelain") == ""
    assert git(content, "show", "--numstat", "--format=").split()[:2] == ["1", "1"]


def test_a_new_answer_stands_in_the_catalogue_at_once(content: Path) -> None:
    value = value_of(content)
    in_language(value, "en")["title"] = "Another one"
    for language in ("vi", "en"):
        in_language(value, language)["questions"] = ["Xyzzy plugh thì sao?"]
    written = write(content, "clarification.another-one", "", value, LAN, "New", TODAY)
    assert "  another-one: Another one\n" in (content / "catalogue.yml").read_text(encoding="utf-8")
    assert written.before == ""
    assert git(content, "status", "--porcelain") == ""


def test_a_file_that_was_changed_by_hand_meanwhile_is_not_overwritten(content: Path) -> None:
    value, began = value_of(content), revision(content)
    path = file_of(content, ID)
    path.write_text(path.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    with pytest.raises(FileMoved, match="changed") as moved:
        write(content, ID, began, value, LAN, "Change", TODAY)
    assert moved.value.text.endswith("# by hand\n")
    assert path.read_text(encoding="utf-8").endswith("# by hand\n")


def test_a_new_id_that_somebody_took_meanwhile_is_not_overwritten(content: Path) -> None:
    with pytest.raises(FileMoved):
        write(content, ID, "", value_of(content), LAN, "New", TODAY)


def test_a_commit_by_git_while_it_is_written_wins_and_nothing_is_lost(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = value_of(content)
    in_language(value, "vi")["title"] = "Của biên tập viên"
    path = file_of(content, ID)
    theirs = path.read_text(encoding="utf-8").replace("police", "health")
    replace = content_files._replace

    def while_they_commit(one: Path, data: bytes) -> None:
        if git(content, "log", "-1", "--format=%s") == "First\n":
            one.write_text(theirs, encoding="utf-8")
            git(content, "commit", "-q", "-am", "Theirs")
        replace(one, data)

    monkeypatch.setattr(content_files, "_replace", while_they_commit)
    with pytest.raises(FileMoved) as moved:
        write(content, ID, revision(content), value, LAN, "Mine", TODAY)
    assert moved.value.text == path.read_text(encoding="utf-8") == theirs
    assert git(content, "show", f"HEAD:content/{ID.replace('.', '/')}.yml") == theirs


def test_what_would_not_be_served_is_refused_in_sentences_and_nothing_is_written(content: Path) -> None:
    before = bytes_of(file_of(content, ID))
    value = {**value_of(content), "office": "nobody"}
    with pytest.raises(Faulty, match=r"nobody is not in offices\.yml"):
        write(content, ID, revision(content), value, LAN, "Change", TODAY)
    assert bytes_of(file_of(content, ID)) == before


def test_a_question_of_another_answer_is_refused_whichever_file_comes_first(content: Path) -> None:
    for name in ("city.airport", "diaspora.vneid"):
        value = value_of(content)
        taken = in_language(value_of(content, name), "vi")["questions"]
        assert isinstance(taken, list)
        in_language(value, "vi")["questions"] = taken[:1]
        with pytest.raises(Faulty, match=f"the same question stands under {name}"):
            write(content, ID, revision(content), value, LAN, "Change", TODAY)


def test_in_the_middle_of_a_merge_nothing_is_written(content: Path) -> None:
    began, before = revision(content), bytes_of(file_of(content, ID))
    (content.parent / ".git" / "MERGE_HEAD").write_text(git(content, "rev-parse", "HEAD"))
    with pytest.raises(NotPublished, match="merge"):
        write(content, ID, began, {**value_of(content), "map": "Ninh Kiều"}, LAN, "Change", TODAY)
    assert bytes_of(file_of(content, ID)) == before
    assert [path.name for path in content.rglob(".*")] == []


def test_without_git_it_is_written_all_the_same(content: Path) -> None:
    shutil.rmtree(content.parent / ".git")
    written = write(content, ID, revision(content), {**value_of(content), "map": "A"}, LAN, "m", TODAY)
    assert written.commit is None
    assert value_of(content)["map"] == "A"


def test_a_folder_that_cannot_be_written_says_so(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(content_files, "_replace", full)
    with pytest.raises(NotPublished, match="No space left on device"):
        write(content, ID, revision(content), {**value_of(content), "map": "A"}, LAN, "m", TODAY)
