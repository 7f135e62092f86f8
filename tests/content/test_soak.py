"""No bytes, name, type or permission in content/ kills, freezes or silently withdraws anything.

A machine does to a real directory what editors, their programs and broken drives do, while a watcher
serves it. Whatever it did, an answer that nobody took back is served, and one that is taken back is
gone within five seconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.content.watcher import ContentWatcher
from bot.desk.report import report
from bot.domain.clock import utc_now
from bot.rasa.status import RasaStatus
from tests.support import ROOT
from tests.support.content import ANSWER, OFFICES
from tests.support.soak import rounds

LIVE_WITHIN = 5.0

NAMES = [f"dish-{number}" for number in range(6)]
GOOD = {name: ANSWER.format(name=name) for name in NAMES}
MESSAGES = (ROOT / "content" / "messages.yml").read_text(encoding="utf-8")

names = st.sampled_from(NAMES)
file_names = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.sampled_from(
        [b"dish-0.YML", b"dish-1.yml.txt", b"ch\xfb.yml", b"a\nb.yml", b".hidden.yml", b"x.yml~"]
    ),
).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b".."))
places = st.sampled_from(["", "culture", "city", "music"])
texts = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")),
    # The beginning of an answer; with fewer letters cut off its end it would be one that is published again.
    names.flatmap(
        lambda name: st.integers(0, len(GOOD[name]) - 10).map(lambda end: GOOD[name][:end].encode())
    ),
    st.sampled_from(
        [b"x: " + b"[" * 30_000, b"a: &a [*a]", b"? " * 9_000, b"\xff\xfe", b"id: !!python/name:os"]
    ),
)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1258", "latin-1"])
slips = st.sampled_from(
    ["title: Title", "title: it: breaks", "titel: Title", "title: [", "\ttitle: *x", "title: &a x"]
)


class NoModelSync:
    status = RasaStatus()


class Content(RuleBasedStateMachine):
    """content/ under hostile hands."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.directory = self.root / "content"
        self.away = self.root / "away"
        self.published, self.withdrawn = set(NAMES), set[str]()
        self.locked: list[Path] = []
        (self.directory / "culture").mkdir(parents=True)
        for name, text in GOOD.items():
            self.path(name).write_text(text, encoding="utf-8")
        (self.directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
        (self.directory / "messages.yml").write_text(MESSAGES, encoding="utf-8")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.start()

    def start(self) -> None:
        self.watcher = ContentWatcher(self.directory, last_good=self.root / "last_good")
        started: Future[asyncio.Task[None]] = Future()
        self.loop.call_soon_threadsafe(lambda: started.set_result(self.loop.create_task(self.watcher.run())))
        self.task = started.result(LIVE_WITHIN)

    def stop(self) -> None:
        """As at SIGTERM; a frozen watcher does not end in time."""

        async def end() -> None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(LIVE_WITHIN)

    def path(self, name: str) -> Path:
        return self.directory / "culture" / f"{name}.yml"

    def clear(self, path: Path) -> None:
        """Make room for something else under this name."""
        path.parent.mkdir(exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def put(self, path: Path, data: bytes) -> None:
        """Save a file as many editor programs do."""
        self.clear(path)
        part = path.with_name(".part")
        part.write_bytes(data)
        part.replace(path)

    # -- what happens to the directory

    @rule(name=names, data=texts)
    def bytes_in_an_answer(self, name: str, data: bytes) -> None:
        self.put(self.path(name), data)

    @rule(name=names, kind=st.sampled_from(["pipe", "socket", "device", "folder", "nowhere", "loop", "huge"]))
    def no_file_in_place_of_an_answer(self, name: str, kind: str) -> None:
        path = self.path(name)
        self.clear(path)
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                with socket.socket(socket.AF_UNIX) as bound:
                    bound.bind(str(path))
            case "device":
                path.symlink_to("/dev/zero")
            case "folder":
                path.mkdir()
            case "nowhere":
                path.symlink_to("nowhere")
            case "loop":
                path.symlink_to(path.name)
            case "huge":
                with path.open("wb") as file:
                    file.truncate(1 << 40)

    @rule(place=places, name=file_names, data=texts, is_folder=st.booleans())
    def something_odd_beside(self, place: str, name: bytes, data: bytes, is_folder: bool) -> None:
        folder = self.directory / place
        path = folder / os.fsdecode(name)
        folder.mkdir(exist_ok=True)
        if path.exists() or path.is_symlink():
            return
        if is_folder:
            path.mkdir()
        else:
            path.write_bytes(data)

    @rule(file=st.sampled_from(["messages.yml", "offices.yml"]), data=texts)
    def bytes_in_what_all_need(self, file: str, data: bytes) -> None:
        self.put(self.directory / file, data)

    @rule(file=st.sampled_from(["messages.yml", "offices.yml"]))
    def what_all_need_is_mended(self, file: str) -> None:
        self.put(self.directory / file, (MESSAGES if file == "messages.yml" else OFFICES).encode())

    @rule(part=st.sampled_from(["", "culture", "offices.yml", "culture/dish-2.yml"]))
    def a_permission_is_lost(self, part: str) -> None:
        path = self.directory / part
        if path.exists() and not path.is_symlink():
            path.chmod(0)
            self.locked.append(path)

    @rule()
    def permissions_are_back(self) -> None:
        while self.locked:
            path = self.locked.pop()
            if path.exists() and not path.is_symlink():
                path.chmod(0o755)

    @precondition(lambda self: not self.away.exists())
    @rule(as_what=st.sampled_from(["", "pipe", "nowhere"]))
    def the_folder_is_lost_and_comes_back(self, as_what: str) -> None:
        self.permissions_are_back()
        folder = self.directory / "culture"
        folder.rename(self.away)
        if as_what == "pipe":
            os.mkfifo(folder)
        elif as_what:
            folder.symlink_to("nowhere")
        self.seen_by(lambda: bool(self.watcher.findings))
        self.all_is_served()
        self.clear(folder)
        self.away.rename(folder)

    @rule(name=names)
    def an_answer_is_mended(self, name: str) -> None:
        self.permissions_are_back()
        text = GOOD[name]
        if name in self.withdrawn:
            text = text.replace("status: published", "status: withdrawn")
        self.put(self.path(name), text.encode())

    @rule()
    def the_bot_starts_again(self) -> None:
        self.permissions_are_back()
        self.stop()
        self.start()

    @precondition(lambda self: len(self.published) > 1)
    @rule(name=names, encoding=encodings, slip=slips)
    def an_answer_is_unpublished_status(self, name: str, encoding: str, slip: str) -> None:
        self.permissions_are_back()
        text = GOOD[name].replace("status: published", "status: withdrawn")
        text = text.replace(f"title: Title of {name}", slip)
        self.put(self.path(name), text.encode(encoding, "replace"))
        self.published.discard(name)
        self.withdrawn.add(name)
        self.seen_by(lambda: self.watcher.library().withdrawn(f"culture.{name}") is not None)

    # -- what always holds

    @invariant()
    def all_is_served(self) -> None:
        library = self.watcher.library()
        for name in self.published:
            assert library.published(f"culture.{name}"), f"{name} is gone"
        for name in self.withdrawn:
            assert library.withdrawn(f"culture.{name}"), f"{name} is back"

    @invariant()
    def the_report_can_be_made(self) -> None:
        report(self.watcher, NoModelSync(), utc_now()).model_dump_json()  # type: ignore[arg-type]
        assert not self.task.done(), "the watcher has ended"

    def seen_by(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LIVE_WITHIN
        while not condition():
            assert time.monotonic() < end, f"not live within {LIVE_WITHIN} s"
            time.sleep(0.02)  # between two looks at a condition

    def teardown(self) -> None:
        self.permissions_are_back()
        self.seen_by_the_end()
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(LIVE_WITHIN)
        self.loop.close()
        shutil.rmtree(self.root, ignore_errors=True)  # the last copy may just be written

    def seen_by_the_end(self) -> None:
        """However it ended, one more change is live."""
        name = sorted(self.published)[0]
        text = GOOD[name].replace(f"Title of {name}", "The last word")
        for file, whole in (("messages.yml", MESSAGES), ("offices.yml", OFFICES)):
            self.put(self.directory / file, whole.encode())
        self.put(self.path(name), text.encode())

        def is_live() -> bool:
            answer = self.watcher.library().published(f"culture.{name}")
            return answer is not None and answer.en.title == "The last word"

        self.seen_by(is_live)
        self.all_is_served()


@pytest.mark.soak
def test_nothing_in_content_kills_freezes_or_silently_withdraws() -> None:
    for _ in rounds(5):
        run_state_machine_as_test(
            Content,
            settings=settings(
                max_examples=2,
                stateful_step_count=15,
                deadline=None,
                database=None,
                phases=(Phase.explicit, Phase.generate),  # with a real clock a failure seldom shrinks
                suppress_health_check=list(HealthCheck),
            ),
        )
