"""What editors change in content/ is live at once, and a slip takes nothing away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.content.loading import load
from bot.content.schema import AnswerStatus
from bot.content.watcher import ContentWatcher
from bot.content.yaml_file import ContentError
from tests.support.content import ANSWER, change, problems, remove, title, until
from tests.support.examples import examples

FOOD, MUSIC = "culture.food", "culture.music"


def add(content: Path, topic: str, name: str) -> None:
    (content / topic).mkdir()
    (content / topic / f"{name}.yml").write_text(ANSWER.format(name=name), encoding="utf-8")


def save_as_emacs(file: Path, text: str) -> None:
    """With a lock that is a link to nowhere, a hidden file, and a rename."""
    (file.parent / f".#{file.name}").symlink_to("somebody@host")
    (file.parent / f".{file.name}").write_text("half", encoding="utf-8")
    new = file.with_suffix(".yml.tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


async def test_changed_words_are_live(watcher: ContentWatcher, food: Path) -> None:
    since = watcher.since
    change(food, "Title of food", "Dishes")
    await until(lambda: title(watcher, FOOD) == "Dishes")
    assert watcher.since > since


async def test_the_sentences_of_the_bot_and_the_offices_are_live_too(
    watcher: ContentWatcher, content: Path
) -> None:
    change(content / "messages.yml", "You are welcome!", "Any time!")
    change(content / "offices.yml", "Department of Culture", "Culture Office")

    def said() -> tuple[str, str]:
        library = watcher.library()
        return library.messages.phrases.thanks.en[:9], library.offices["culture"].en.name

    await until(lambda: said() == ("Any time!", "Culture Office"))


async def test_a_new_file_is_served_and_a_removed_one_is_gone(
    watcher: ContentWatcher, content: Path, food: Path
) -> None:
    add(content, "city", "bridge")
    remove(food)
    await until(lambda: title(watcher, "city.bridge") and not title(watcher, FOOD))


async def test_a_file_with_an_error_keeps_its_version_and_the_rest_goes_live(
    watcher: ContentWatcher, content: Path, food: Path
) -> None:
    change(food, "title: Title of food", "titel: Dishes")
    change(content / "culture" / "music.yml", "Title of music", "Songs")
    await until(lambda: title(watcher, MUSIC) == "Songs")
    assert title(watcher, FOOD) == "Title of food"
    assert problems(watcher) == ["food.yml:11 en.title", "food.yml:12 en.titel"]
    assert watcher.content.kept == {FOOD}

    change(food, "titel: Dishes", "title: Dishes")
    await until(lambda: title(watcher, FOOD) == "Dishes")
    assert (problems(watcher), watcher.content.kept) == ([], frozenset())


async def test_broken_sentences_of_the_bot_keep_their_version(watcher: ContentWatcher, content: Path) -> None:
    change(content / "messages.yml", "{title}** does not state", "{titel}** does not state")
    await until(lambda: watcher.findings)
    assert [finding.problem for finding in watcher.findings] == [
        "en: {titel} is not filled in here; what is: {title}, {facet}",
        "en: {titel} is not filled in here; what is: {title}, {facet}, {office}",
    ]
    assert "{title}** does not state" in watcher.library().messages.phrases.no_facet.en


@pytest.mark.parametrize("status", ["draft", "in_review", "withdrawn"])
async def test_an_answer_is_taken_back_even_with_a_slip_in_its_file(
    watcher: ContentWatcher, food: Path, status: str
) -> None:
    change(food, "status: published", f"status: {status}")
    change(food, "title: Title of food", "title: it: breaks")
    await until(lambda: not title(watcher, FOOD))
    assert watcher.library().answers[FOOD].status is AnswerStatus(status)


async def test_a_slip_in_the_status_itself_takes_nothing_away(watcher: ContentWatcher, food: Path) -> None:
    change(food, "status: published", "status: publishd")
    await until(lambda: watcher.findings)
    assert title(watcher, FOOD) == "Title of food"


async def test_an_office_that_is_removed_stays_for_the_answers_that_name_it(
    watcher: ContentWatcher, content: Path
) -> None:
    change(content / "offices.yml", "culture:", "arts:")
    await until(lambda: watcher.findings)
    library = watcher.library()
    answer = library.published(FOOD)
    assert answer
    assert library.office_of(answer).en.name == "Department of Culture"


async def test_an_editor_program_that_writes_elsewhere_and_renames(
    watcher: ContentWatcher, food: Path
) -> None:
    save_as_emacs(food, ANSWER.format(name="food").replace("Title of food", "Dishes"))
    await until(lambda: title(watcher, FOOD) == "Dishes")
    assert not watcher.findings


@pytest.mark.slow
async def test_a_directory_that_is_lost_takes_nothing_away_and_counts_when_it_is_back(
    watcher: ContentWatcher, content: Path, food: Path, small_content: Path
) -> None:
    shutil.rmtree(content)
    await until(lambda: watcher.findings)
    assert title(watcher, FOOD) == "Title of food"
    shutil.copytree(small_content, content)
    change(food, "Title of food", "Dishes")
    await until(lambda: title(watcher, FOOD) == "Dishes")
    change(food, "Dishes", "Meals")  # noticed in the new directory as it was in the old one
    await until(lambda: title(watcher, FOOD) == "Meals")


async def test_after_a_restart_too_a_broken_file_keeps_its_last_good_version(
    content: Path, last_good: Path, food: Path
) -> None:
    change(food, "Title of food", "Dishes")
    assert title(ContentWatcher(content, last_good=last_good), FOOD) == "Dishes"
    change(food, "status: published", "status: publishd")
    change(content / "messages.yml", "phrases:", "phases:")
    restarted = ContentWatcher(content, last_good=last_good)
    assert title(restarted, FOOD) == "Dishes"
    assert {finding.file.name for finding in restarted.findings} == {"food.yml", "messages.yml"}
    remove(content / "culture" / "music.yml")
    assert title(ContentWatcher(content, last_good=last_good), MUSIC) is None


def test_without_a_last_good_version_broken_sentences_keep_it_from_starting(
    content: Path, last_good: Path
) -> None:
    (content / "messages.yml").unlink()
    with pytest.raises(ContentError, match=r"messages\.yml:1: error: this file is missing"):
        ContentWatcher(content, last_good=last_good)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(50)
)
@given(kept=st.integers(0, len(ANSWER)))
def test_half_a_file_never_takes_an_answer_away(content: Path, food: Path, kept: int) -> None:
    whole = ANSWER.format(name="food")
    food.write_text(whole, encoding="utf-8")
    served = load(content)
    food.write_text(whole[:kept], encoding="utf-8")
    library = load(content, served).library
    assert library.published(FOOD)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(50)
)
@given(st.text())
def test_whatever_stands_in_a_file_is_a_finding_or_an_answer(content: Path, food: Path, text: str) -> None:
    food.write_text(text, encoding="utf-8")
    loaded = load(content)
    library, findings = loaded.library, loaded.findings
    assert (FOOD in library.answers) != any(finding.file == food for finding in findings)
