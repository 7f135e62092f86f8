"""Whatever an editor saved is there, or was shown to whoever came by it: nothing is lost.

A machine lets two editors, one of them in two tabs, and somebody with git work on the same answer in any
order, several of them at the same moment. Each text is its own, and so can be looked for afterwards: in the
draft, among its revisions, in the file and its history, in what is kept for a tab, or in a conflict that was
shown.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.content.fields import Value
from bot.desk import drafting, history, publications, review
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Form, Saved
from bot.desk.editing import EditingDesk, NotFound, Refused
from bot.desk.publications import Meaning, Withdrawal
from bot.storage.database import Database
from bot.storage.editors import drafts
from bot.storage.editors.tables import DraftVersion, EditorsBase
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.desk import CHIEF, FOOD, LAN, MINH, git, make_content, make_tables, side
from tests.support.soak import rounds

FIELDS = ("vi.title", "en.title", "vi.answer", "map")


@dataclass
class Tab:
    """A page of somebody's, what is in it, and which texts it has shown them."""

    account: Account
    name: str
    form: Form | None = None
    conflict: Conflict | None = None
    known: set[str] = field(default_factory=set)


@dataclass
class Seen:
    """Texts that were saved, those that a conflict showed, and those that somebody took away on purpose."""

    saved: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    taken_away: set[str] = field(default_factory=set)


class SavePath(RuleBasedStateMachine):
    """Two editors, one in two tabs, and git."""

    url: ClassVar[str]
    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        directory = make_content(self.root)
        self.clock = Clock()
        self.desk = EditingDesk(self.database, directory, _no_library, self.clock)
        self.tabs = [Tab(LAN, "one"), Tab(LAN, "two"), Tab(CHIEF, "chief")]
        self.seen = Seen()
        self.numbers = itertools.count()
        self.by_git: set[str] = set()

    @initialize()
    def begin(self) -> None:
        def empty(connection: Any) -> None:
            EditorsBase.metadata.drop_all(connection)
            make_tables(connection)

        self.run(self.database.transact(empty))
        for tab in self.tabs:
            self.run(self.open(tab))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # -- what they do

    @rule(number=st.integers(0, 2))
    def reload(self, number: int) -> None:
        self.run(self.open(self.tabs[number]))

    @rule(number=st.integers(0, 2), path=st.sampled_from(FIELDS))
    def type_and_save(self, number: int, path: str) -> None:
        tab = self.tabs[number]
        self.type(tab, path)
        self.run(self.save(tab))

    @rule(first=st.integers(0, 2), path=st.sampled_from(FIELDS), other=st.sampled_from(FIELDS))
    def two_save_at_the_same_moment(self, first: int, path: str, other: str) -> None:
        one, two = self.tabs[first], self.tabs[(first + 1) % 3]
        self.type(one, path)
        self.type(two, other)

        async def both() -> None:
            await asyncio.gather(self.save(one), self.save(two))

        self.run(both())

    @rule(number=st.integers(0, 2))
    def settle_the_conflict(self, number: int) -> None:
        tab = self.tabs[number]
        if tab.conflict:
            conflict, tab.conflict = tab.conflict, None
            tab.form = Form(FOOD, tab.name, conflict.base_draft, conflict.base_file, conflict.merged)
            self.run(self.save(tab))

    @rule(path=st.sampled_from(["Title of food", "Tựa food", "status: published"]))
    def somebody_commits(self, path: str) -> None:
        file = self.desk.directory / "culture" / "food.yml"
        text = f"git{next(self.numbers)}"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        wanted = {"Title of food": "en:", "Tựa food": "vi:"}.get(path)
        place = next((n for n, line in enumerate(lines) if line.startswith(f"{wanted}")), None)
        if place is None:
            lines.append(f"# {text}\n")
        else:
            self.seen.taken_away |= words_of(lines[place + 1])
            lines[place + 1] = f"  title: {text}\n"
            self.by_git.add(text)
        file.write_text("".join(lines), encoding="utf-8")
        git(self.desk.directory, "commit", "-q", "-am", text)

    @rule(number=st.integers(0, 2), with_a_save=st.booleans())
    def publish(self, number: int, with_a_save: bool) -> None:
        tab, other = self.tabs[number], self.tabs[(number + 1) % 3]
        if tab.form is None:
            return
        if with_a_save:
            self.type(other, "vi.title")

        async def both() -> None:
            await asyncio.gather(self.go_out(tab), *([self.save(other)] if with_a_save else []))

        self.run(both())

    @rule(number=st.integers(0, 2))
    def discard(self, number: int) -> None:
        """It is thrown away on purpose, and its revisions stay all the same."""
        tab = self.tabs[number]
        if tab.form and tab.form.base_draft:
            draft = self.run(self.database.transact(lambda connection: drafts.find(connection, FOOD)))
            self.seen.taken_away |= texts_of(draft.value) if draft else set()
            self.run(self.refusable(drafting.discard(self.desk, tab.account, FOOD, tab.form.base_draft)))

    @rule(number=st.integers(0, 2))
    def withdraw(self, number: int) -> None:
        tab = self.tabs[number]
        if tab.form:
            self.run(
                self.refusable(
                    publications.withdraw(
                        self.desk, tab.account, FOOD, tab.form.base_file, Withdrawal(Meaning.ERROR)
                    )
                )
            )

    @rule(number=st.integers(0, 2), which=st.integers(0, 5))
    def restore(self, number: int, which: int) -> None:
        tab = self.tabs[number]
        if tab.form is None:
            return
        entries = self.run(history.history(self.desk, tab.account, FOOD))
        if which < len(entries):
            form = tab.form
            self.run(
                self.refusable(
                    history.restore(
                        self.desk, tab.account, FOOD, entries[which].version, form.base_draft, form.base_file
                    )
                )
            )

    # -- how

    async def open(self, tab: Tab) -> None:
        try:
            opened = await drafting.open_(self.desk, tab.account, FOOD, tab.name)
        except NotFound:
            return
        tab.conflict = None
        tab.known |= texts_of(opened.value)
        tab.form = Form(FOOD, tab.name, opened.base_draft, opened.base_file, copy.deepcopy(opened.value))

    def type(self, tab: Tab, path: str) -> None:
        if tab.form is None:
            return
        text = f"text{next(self.numbers)}"
        value = copy.deepcopy(tab.form.value)
        if path == "map":
            value["map"] = text
        else:
            language, name = path.split(".")
            side(value, language)[name] = text
        tab.form = Form(FOOD, tab.name, tab.form.base_draft, tab.form.base_file, value)

    async def save(self, tab: Tab) -> None:
        if tab.form is None:
            return
        form = tab.form
        done = await self.refusable(drafting.save(self.desk, tab.account, form))
        if isinstance(done, Saved):
            await self.check_over(tab, done.base_draft, form.value)
            self.seen.saved |= texts_of(form.value)
            tab.known |= texts_of(form.value)
            tab.form = Form(FOOD, tab.name, done.base_draft, done.base_file, form.value)
        elif isinstance(done, Conflict):
            # What was typed is in the conflict's page, and kept for the tab.
            assert texts_of(form.value) <= texts_of(done.yours)
            assert texts_of(form.value) <= await self.kept_for(tab)
            tab.known |= texts_of(done.theirs)
            tab.conflict = done

    async def check_over(self, tab: Tab, revision: int, value: Value) -> None:
        """Nobody saves over a text that their page has not shown them."""
        before = await self.database.transact(
            lambda connection: drafts.version(connection, FOOD, revision - 1)
        )
        over = texts_of(before or {}) - texts_of(value) - tab.known - self.seen.taken_away
        assert not over, f"{over} was saved over unseen"

    async def go_out(self, tab: Tab) -> None:
        if tab.form is None:
            return
        revision = tab.form.base_draft
        if tab.account is LAN and revision:
            await self.refusable(review.submit(self.desk, LAN, FOOD, revision))
            await self.refusable(review.approve(self.desk, MINH, FOOD, revision))
            await self.refusable(publications.publish(self.desk, LAN, FOOD, revision))
        elif revision:
            await self.refusable(publications.publish_now(self.desk, tab.account, FOOD, revision, "gấp"))

    async def refusable(self, work: Any) -> Any:
        """What is refused in words changes nothing; what a conflict shows is shown."""
        try:
            done = await work
        except Refused:
            return None
        if isinstance(done, Conflict):
            self.seen.shown |= texts_of(done.theirs) | texts_of(done.yours)
        return done

    async def kept_for(self, tab: Tab) -> set[str]:
        found = await self.database.transact(
            lambda connection: drafts.typed(connection, FOOD, tab.account.id)
        )
        return {text for typed in found if typed.tab == tab.name for text in texts_of(typed.change.value)}

    # -- what holds

    def teardown(self) -> None:
        try:
            kept = self.run(self.everything())
            lost = (self.seen.saved | self.by_git) - kept - self.seen.shown
            assert not lost, f"{lost} is nowhere"
            assert git(self.desk.directory, "status", "--porcelain", "-uno", ".") == ""
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    async def everything(self) -> set[str]:
        kept = select(DraftVersion.value).where(DraftVersion.answer_id == FOOD)
        values = await self.database.transact(lambda connection: [*connection.scalars(kept)])
        found = {text for value in values for text in texts_of(value)}
        draft = await self.database.transact(lambda connection: drafts.find(connection, FOOD))
        found |= texts_of(draft.value) if draft else set()
        log = git(self.desk.directory, "log", "-p", "--format=", "--", "culture/food.yml")
        file = (self.desk.directory / "culture" / "food.yml").read_text(encoding="utf-8")
        return found | words_of(log) | words_of(file)


def words_of(text: str) -> set[str]:
    return {word for word in text.replace('"', " ").split() if word.startswith(("text", "git"))}


def texts_of(value: object) -> set[str]:
    return set(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str) and value.startswith(("text", "git")):
        yield value.strip()


def _no_library() -> Any:
    raise AssertionError("the save path needs no library")


@pytest.mark.soak
@on_both_databases
def test_whatever_two_editors_and_git_do_nothing_that_was_saved_is_lost(database_url: str) -> None:
    with asyncio.Runner() as runner:
        SavePath.runner, SavePath.database = runner, Database(database_url)
        try:
            for number in rounds(6):
                run_state_machine_as_test(
                    SavePath,
                    settings=settings(
                        max_examples=8,
                        stateful_step_count=14,
                        deadline=None,
                        phases=[Phase.generate],
                        database=None,
                        derandomize=number == 0,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
        finally:
            runner.run(SavePath.database.close())


def test_a_value_is_looked_through() -> None:
    value: Value = {"vi": {"title": "text1", "questions": ["text2"]}, "map": "git3"}
    assert texts_of(value) == {"text1", "git3"}
