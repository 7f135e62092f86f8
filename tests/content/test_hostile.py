"""Whatever lies in content/ harms nothing but itself, and an answer can always be taken back."""

from __future__ import annotations

import asyncio
import datetime
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.content.check import check
from bot.content.emergency_withdrawal import unpublished_status
from bot.content.library import Library
from bot.content.loading import LoadedContent, load
from bot.content.messages import Messages
from bot.content.messages_file import read_messages
from bot.content.schema import AnswerStatus
from bot.content.watcher import ContentWatcher
from bot.content.yaml_file import SIZE_LIMIT, ContentError, parse_yaml
from bot.desk.report import report
from bot.domain.clock import local_day, utc_now
from bot.rasa.status import RasaStatus
from tests.support import ROOT
from tests.support.content import ANSWER, change, problems, remove, title, until
from tests.support.examples import examples

FOOD, MUSIC = "culture.food", "culture.music"
GOOD = ANSWER.format(name="food")


def rename(file: Path, name: str) -> None:
    file.rename(file.with_name(name))


def save(file: Path, data: bytes) -> None:
    file.write_bytes(data)


class NoModelSync:
    status = RasaStatus()


def told(watcher: ContentWatcher) -> str:
    """GET /api/content."""
    return report(watcher, NoModelSync(), utc_now()).model_dump_json()  # type: ignore[arg-type]


# -- what is no file ---------------------------------------------------------------------------------


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        os.chdir(path.parent)  # a socket's path is short
        bound.bind(path.name)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def something_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


NO_FILES = [a_pipe, a_socket, a_device, a_folder, a_link_to_nowhere, a_link_to_itself, something_huge]


@pytest.mark.parametrize("make", NO_FILES)
async def test_what_is_no_file_is_a_finding_and_stops_nothing(
    watcher: ContentWatcher,
    content: Path,
    food: Path,
    make: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path.cwd())  # back afterwards
    remove(food)
    make(food)
    change(content / "culture" / "music.yml", "Title of music", "Songs")
    await until(lambda: title(watcher, MUSIC) == "Songs")
    assert title(watcher, FOOD) == "Title of food"
    assert problems(watcher) == ["food.yml:1 "]
    assert check(content, local_day(utc_now()))


@pytest.mark.parametrize("make", [a_pipe, a_folder, a_link_to_nowhere])
@pytest.mark.parametrize("name", ["messages.yml", "offices.yml", "culture"])
@pytest.mark.slow
async def test_nor_in_the_place_of_what_all_answers_need(
    watcher: ContentWatcher, content: Path, make: Callable[[Path], None], name: str
) -> None:
    (content / name).rename(content.parent / "away")
    if make is a_folder and name == "culture":
        make = a_pipe
    make(content / name)
    await until(lambda: watcher.findings)
    assert title(watcher, FOOD) == "Title of food"
    (content / name).rename(content.parent / "odd")
    (content.parent / "away").rename(content / name)
    change(content / "culture" / "food.yml", "status: published", "status: withdrawn")
    await until(lambda: not title(watcher, FOOD))


async def test_a_drive_that_does_not_answer_is_told_and_waited_for(
    watcher: ContentWatcher, food: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def hangs(*arguments: Any, **named: Any) -> LoadedContent:
        answers.wait()
        return load(*arguments, **named)

    monkeypatch.setattr("bot.content.watcher.ANSWERS", 0.1)
    monkeypatch.setattr("bot.content.watcher.load", hangs)
    change(food, "Title of food", "Dishes")
    await until(lambda: watcher.findings)
    assert "has not answered" in watcher.findings[0].problem
    assert title(watcher, FOOD) == "Title of food"
    answers.set()
    await until(lambda: title(watcher, FOOD) == "Dishes")
    assert watcher.findings == []


async def test_a_watcher_that_fails_while_it_is_told_to_end_ends(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> AsyncIterator[None]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise RuntimeError("as a watcher whose thread fails at this moment") from None
        yield

    monkeypatch.setattr("bot.content.watcher.awatch", fails)
    task = asyncio.create_task(ContentWatcher(content, last_good=tmp_path / "last_good").run())
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10)
    task.cancel()
    assert done


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_name_that_is_no_utf_8_is_told_and_what_changes_later_goes_live(
    watcher: ContentWatcher, content: Path, food: Path
) -> None:
    (content / "culture" / os.fsdecode(b"ch\xfb.yml")).write_text(GOOD, encoding="utf-8")
    (content / os.fsdecode(b"v\xe3n")).mkdir()
    await until(lambda: len(watcher.findings) == 2)
    change(food, "status: published", "status: withdrawn")
    await until(lambda: not title(watcher, FOOD))
    assert r"culture/ch\\xfb.yml" in told(watcher)
    assert [str(finding).isprintable() for finding in check(content, local_day(utc_now()))]


async def test_at_the_start_too(content: Path, tmp_path: Path) -> None:
    (content / "culture" / os.fsdecode(b"ch\xfb.yml")).write_text(GOOD, encoding="utf-8")
    assert r"ch\\xfb.yml" in told(ContentWatcher(content, last_good=tmp_path / "last_good"))


@pytest.mark.parametrize(
    "name",
    ["mon-moi.YML", "mon-moi.Yml", "mon-moi.yaml", "mon-moi.yml.txt", "mon-moi.txt", "mon-moi",
     "mon-moi.yml ", "Món mới.docx", "mon\n\x1b[2Jmoi.yml"],
)  # fmt: skip
def test_a_file_that_is_not_read_is_told(content: Path, name: str) -> None:
    (content / "culture" / name).write_text(GOOD, encoding="utf-8")
    loaded = load(content)
    library, (finding,) = loaded.library, loaded.findings
    assert len(library.answers) == 2
    assert finding.is_error
    assert str(finding).isprintable()
    if name.startswith("mon-moi"):
        assert finding.problem.endswith("This is not read; if it is culture.mon-moi, name it mon-moi.yml")


@pytest.mark.parametrize("name", [".food.yml.swp", ".#food.yml", "#food.yml#", "food.yml~", "food.yml.bak"])
def test_what_editor_programs_leave_behind_is_not(content: Path, name: str) -> None:
    (content / "culture" / name).write_text("half", encoding="utf-8")
    assert load(content).findings == []


async def test_an_answer_that_vanishes_by_renaming_is_told(watcher: ContentWatcher, food: Path) -> None:
    rename(food, "food.yml.txt")
    await until(lambda: not title(watcher, FOOD))
    assert "if it is culture.food, name it food.yml" in told(watcher)


# -- folders -----------------------------------------------------------------------------------------


def many(content: Path) -> list[str]:
    names = [f"dish-{number}" for number in range(20)]
    for name in names:
        (content / "culture" / f"{name}.yml").write_text(ANSWER.format(name=name), encoding="utf-8")
    return [f"culture.{name}" for name in names]


def cannot_be_listed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As for a user without the right to; the tests may run as root, who has every right."""
    real = os.listdir

    def listdir(path: Path) -> list[str]:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)


def test_of_a_folder_that_cannot_be_read_everything_stays_also_after_a_restart(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, last_good = many(content), tmp_path / "last_good"
    ContentWatcher(content, last_good=last_good)
    cannot_be_listed(monkeypatch, content / "culture")
    for _ in range(2):
        watcher = ContentWatcher(content, last_good=last_good)
        assert all(title(watcher, answer_id) for answer_id in ids)
        (finding,) = watcher.findings
        assert finding.file == content / "culture"
        assert "Permission denied" in finding.problem
        assert '"serves":"the last good version"' in told(watcher)


def test_many_answers_that_are_gone_at_once_stay_and_that_is_said(content: Path, tmp_path: Path) -> None:
    ids = many(content)
    change(content / "culture" / "music.yml", "status: published", "status: withdrawn")
    served = load(content)
    shutil.move(content / "culture", tmp_path / "moved")
    (content / "city").mkdir()
    (content / "city" / "bridge.yml").write_text(ANSWER.format(name="bridge"), encoding="utf-8")
    loaded = load(content, served)
    library, (finding,) = loaded.library, loaded.findings
    assert all(library.published(answer_id) for answer_id in [*ids, "city.bridge"])
    assert library.withdrawn(MUSIC)
    assert "21 answers are gone at once" in finding.problem
    again = load(content, loaded)
    assert len(again.findings) == 1
    assert set(again.library.answers) == set(library.answers)


def test_two_of_many_may_be_deleted_and_any_number_that_was_withdrawn(content: Path) -> None:
    ids = many(content)
    served = load(content)
    for answer_id in ids[:2]:
        (content / "culture" / f"{answer_id.removeprefix('culture.')}.yml").unlink()
    served = load(content, served)
    assert (len(served.library.answers), served.findings) == (20, [])
    for answer_id in ids[2:]:
        file = content / "culture" / f"{answer_id.removeprefix('culture.')}.yml"
        change(file, "status: published", "status: withdrawn")
    served = load(content, served)
    for answer_id in ids[2:]:
        (content / "culture" / f"{answer_id.removeprefix('culture.')}.yml").unlink()
    served = load(content, served)
    assert (len(served.library.answers), served.findings) == (2, [])


# -- YAML --------------------------------------------------------------------------------------------

ALIASES = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))])


@pytest.mark.server
@pytest.mark.parametrize(
    "text",
    ["x: " + "[" * 30_000, "{a: " * 30_000, "- " * 30_000, "? " * 30_000, "[[1]" * 500, ALIASES,
     "x: &x [*x]", "a: &a b\nc: *a", "x" * (SIZE_LIMIT + 1),
     "".join(f"k{n}: 1\n" for n in range(12_000)), "a: b\n" * 20_000, "x: 1" + ":1" * 60_000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_small_files_with_a_large_meaning_are_a_finding(content: Path, food: Path, text: str) -> None:
    """In a process of its own with bounds: some crash it, others eat its memory."""
    food.write_text(text, encoding="utf-8")

    def bounds() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--content", str(content)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        preexec_fn=bounds,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    told = [line for line in done.stdout.splitlines() if "food.yml:" in line and ": error: " in line]
    assert 1 <= len(told) <= 50


CUT = [
    ("title: Title of food", "title: Hotline #1022 of food", 12),
    ("title: Title of food", "title: Hotline # 1022 of food", 12),
    ('["what is food"]', "\n    - call #1022 about food", 15),
    ("Title of food\n", "Title\n    of # food\n", 13),
    ("{title: A source}", "{title: A source #2\n }", 6),
    ("office: culture", "office: culture #really", 3),
]


@pytest.mark.parametrize(("old", "new", "line"), CUT)
def test_a_comment_that_cuts_a_value_is_told(
    content: Path, food: Path, old: str, new: str, line: int
) -> None:
    change(food, old, new)
    loaded = load(content)
    library, (finding,) = loaded.library, loaded.findings
    assert FOOD in library.answers
    assert (finding.line, finding.is_error) == (line, False)
    assert "after # is not read" in finding.problem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("office: culture", "office: culture  # for now"),
        ("title: Title of food", '"title": "Hotline #1022"  # of food'),
        ("title: Title of food", "# the title\n  title: Title#food"),
        ("answer: The answer on food.", "answer: |  # as text\n    # 1 of the city"),
    ],
)
def test_a_note_that_is_meant_as_one_is_not(content: Path, food: Path, old: str, new: str) -> None:
    change(food, old, new)
    assert load(content).findings == []


def test_one_slip_is_one_finding_and_none_where_others_link_to_it(content: Path, food: Path) -> None:
    change(content / "culture" / "music.yml", "sources:", "related: [culture.food]\nsources:")
    change(food, "title: Title of food", "title: it: breaks")
    assert [finding.file for finding in load(content).findings] == [food]
    change(food, "title: it: breaks", "title: Title of food")
    change(content / "offices.yml", "  en:", "  eng:")
    with pytest.raises(ContentError) as refused:
        load(content)
    assert {finding.file.name for finding in refused.value.findings} == {"offices.yml"}


# -- taking back -------------------------------------------------------------------------------------

BROKEN = GOOD.replace("title: Title of food", "title: it: breaks")

SPELLINGS = [
    "status: withdrawn", "status : withdrawn", '"status": withdrawn', "'status': 'withdrawn'",
    "status:\twithdrawn", "status:\n  withdrawn", "status: >-\n  withdrawn", "status: !!str withdrawn",
    "? status\n: withdrawn", "status: Withdrawn", "STATUS: WITHDRAWN", "status:withdrawn",
    "status： withdrawn", "status = withdrawn", "\tstatus: withdrawn", " status: withdrawn",
    "status: “withdrawn”", "status: withdrawn.", "status: published\nstatus: withdrawn",
    "status: withdraw", "status: withdrawed", "status: withdrawn  # in a hurry", '"st\\x61tus": withdrawn',
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_answer_is_taken_back_however_that_is_written(content: Path, food: Path, spelling: str) -> None:
    served = load(content)
    food.write_text(BROKEN.replace("status: published", spelling), encoding="utf-8")
    loaded = load(content, served)
    library, findings = loaded.library, loaded.findings
    assert library.withdrawn(FOOD)
    assert findings


ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1258", "cp1252", "latin-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [GOOD, BROKEN, GOOD.replace("\n", "\r\n"), GOOD.replace("\n", "\r")])
async def test_in_whatever_encoding_it_is_saved(
    content: Path, food: Path, tmp_path: Path, encoding: str, text: str
) -> None:
    ContentWatcher(content, last_good=tmp_path / "last_good")
    text = text.replace("status: published", "status: withdrawn")
    save(food, text.encode(encoding, "replace"))
    watcher = ContentWatcher(content, last_good=tmp_path / "last_good")
    assert watcher.library().withdrawn(FOOD)
    remove(food)
    a_folder(food)  # now nobody can read what it said; after a restart it is still taken back
    assert ContentWatcher(content, last_good=tmp_path / "last_good").library().withdrawn(FOOD)


NOT_TAKEN_BACK = [
    "status: published", "status: publishd", "# status: withdrawn\nstatus: publishd",
    "status: published  # status: withdrawn", "x:\n  status: withdrawn\nstatus: published",
    "vi:\n  answer: |\n    status: withdrawn", "status:\nwithdrawn: {date: 2026-11-25}", "",
    "withdrawn: {date: 2026-11-25}", "status: published\nnote: [withdrawn, draft]",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_TAKEN_BACK)
def test_nothing_is_taken_back_that_does_not_say_so(text: str) -> None:
    assert unpublished_status(f"{text}\ntitle: it: breaks\n".encode()) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_through(data: bytes) -> None:
    assert unpublished_status(data) in {None, *AnswerStatus}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(100)
)
@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_a_line_of_its_own_that_says_so_counts_in_any_garbage(before: bytes, after: bytes) -> None:
    text = before.replace(b"\0", b"") + b"\nstatus: withdrawn\n" + after.replace(b"\0", b"")
    status = unpublished_status(text)
    assert status is not None or text.startswith((b"\xff\xfe", b"\xfe\xff"))


@given(st.text(st.sampled_from("[]{}&*!|>-?:,#'\"%@` \n\tab1é\x85\u2028"), max_size=80))
def test_any_text_is_yaml_or_a_finding(text: str) -> None:
    with suppress(ContentError):
        parse_yaml(Path("x.yml"), text)


# -- the sentences of the bot ------------------------------------------------------------------------


@pytest.fixture
def messages(content: Path) -> Path:
    return content / "messages.yml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{title}** does not state", "{titel}** does not state"),
        ("You are welcome!", "You are {n} welcome!"),
        ("You are welcome!", "You are { welcome!"),
        ("You are welcome!", "You are {} welcome!"),
        ("You are welcome!", "You are {{welcome}}!"),
        ("{title}** does not state", "{title.x}** does not state"),
        ("{title}** does not state", "{title!r:>9}** does not state"),
    ],
)
def test_a_brace_that_is_not_filled_in_is_told_and_the_sentence_before_is_said(
    content: Path, messages: Path, old: str, new: str
) -> None:
    served = load(content)
    text = messages.read_text(encoding="utf-8")
    messages.write_text(text.replace(old, new, 1), encoding="utf-8")
    change(messages, "Tạm biệt bạn", "Chào bạn nhé")
    loaded = load(content, served)
    library, findings = loaded.library, loaded.findings
    assert library.messages.phrases.no_facet == served.library.messages.phrases.no_facet
    assert library.messages.phrases.thanks == served.library.messages.phrases.thanks
    assert "Chào bạn nhé" in library.messages.phrases.goodbye.vi, "the others go live"
    assert "brace" in findings[0].problem or "is not filled in here" in findings[0].problem


def test_every_sentence_is_held_to_its_braces(content: Path, messages: Path) -> None:
    value = yaml.safe_load(messages.read_text(encoding="utf-8"))

    def spoil(part: object) -> object:
        if isinstance(part, dict):
            return {key: spoil(inner) for key, inner in part.items()}
        if isinstance(part, bool):
            return part
        return [spoil(inner) for inner in part] if isinstance(part, list) else f"{part} {{question:d}}"

    def sentences(part: object) -> int:
        if isinstance(part, dict):
            return 1 if part.keys() & {"vi", "sentence"} else sum(map(sentences, part.values()))
        return 1 if isinstance(part, list) else 0

    served = load(content)
    with pytest.raises(ValidationError) as refused:
        Messages.model_validate(spoil(value))
    assert refused.value.error_count() == sentences(value)
    messages.write_text(yaml.safe_dump(spoil(value), allow_unicode=True), encoding="utf-8")
    loaded = load(content, served)
    library, findings = loaded.library, loaded.findings
    assert findings
    assert library.messages == served.library.messages


def test_yesterdays_sentences_are_enough_for_todays_code(content: Path, messages: Path) -> None:
    before = load(content).library
    value = yaml.safe_load(messages.read_text(encoding="utf-8"))
    del value["phrases"]["care"], value["telegram"]["commands"]["forget"], value["zalo"]
    value["phrases"]["thanks"]["en"] = "Any time!"
    messages.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    loaded = load(content)
    library, findings = loaded.library, loaded.findings
    assert library.messages.phrases.care == before.messages.phrases.care
    assert library.messages.phrases.thanks.en == "Any time!"
    assert [(finding.key, finding.is_error) for finding in findings] == [
        ("phrases.care", False), ("telegram.commands.forget", False), ("zalo", False)]  # fmt: skip
    assert loaded.kept == frozenset()


def test_what_todays_code_no_longer_says_is_told_and_stops_nothing(content: Path, messages: Path) -> None:
    change(messages, "phrases:\n", "phrases:\n  farewell: {vi: Tạm biệt, en: Goodbye}\n")
    loaded = load(content)
    library, (finding,) = loaded.library, loaded.findings
    assert (finding.key, finding.is_error) == ("phrases.farewell", True)
    assert library.messages


def test_a_notice_with_a_slip_in_it_is_not_told_and_the_rest_is(content: Path, messages: Path) -> None:
    with messages.open("a", encoding="utf-8") as file:
        file.write("notice: {from: 2026-12-01, until: soon, vi: Bão, en: A storm}\n")
    loaded = load(content)
    library, (finding,) = loaded.library, loaded.findings
    assert (library.messages.notice, finding.key) == (None, "notice.until")


def test_the_copy_of_sentences_says_just_what_is_said(content: Path, messages: Path, tmp_path: Path) -> None:
    with messages.open("a", encoding="utf-8") as file:
        file.write("notice: {from: 2026-12-01, until: 2026-12-02, vi: Bão, en: A storm}\n")
    first = ContentWatcher(content, last_good=tmp_path / "last_good").library()
    change(messages, "You are welcome!", "You are {n} welcome!")
    change(messages, "Tạm biệt bạn", "Chào bạn nhé")
    second = ContentWatcher(content, last_good=tmp_path / "last_good").library()
    assert second.messages.notice == first.messages.notice
    copied, _, findings = read_messages(tmp_path / "last_good" / "messages.yml", None)
    assert (copied, findings) == (second.messages, [])


# -- days --------------------------------------------------------------------------------------------


def at(content: Path, moment: str) -> Library:
    return load(content, now=datetime.datetime.fromisoformat(moment)).library


def test_whatever_zone_the_machine_is_in_the_day_is_that_of_can_tho() -> None:
    before_seven = datetime.datetime(2026, 11, 27, 17, 30, tzinfo=datetime.UTC)
    assert local_day(before_seven) == datetime.date(2026, 11, 28)


def test_a_day_as_an_end_includes_that_day(content: Path, messages: Path, food: Path) -> None:
    with messages.open("a", encoding="utf-8") as file:
        file.write("notice: {from: 2026-12-01, until: 2026-12-01, vi: Bão, en: A storm}\n")
    change(food, "status: published", "status: published\npublish_at: 2026-12-01\nwithdraw_at: 2026-12-01")
    last, over = at(content, "2026-12-01T23:59+07:00"), at(content, "2026-12-02T00:00+07:00")
    assert last.notice
    assert last.published(FOOD)
    assert not over.notice
    assert over.withdrawn(FOOD)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-12:00"])
def test_the_ends_of_the_calendar_are_a_finding(content: Path, food: Path, moment: str) -> None:
    change(food, "status: published", f"status: published\nwithdraw_at: {moment}")
    (finding,) = load(content).findings
    assert finding.key == "withdraw_at"
