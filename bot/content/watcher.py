"""content/ as it is served: what is changed there is live within a second.

The file system's notices only wake us up; what counts is how the directory looks. So nothing is
missed where there are none (network and synced folders), and a change is taken over when the
directory has been still for a moment: not half a file, not half a checkout.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import structlog
from watchfiles import awatch

from bot.content.dates import dates_in_git
from bot.content.directory import BULLETINS_FILE, MESSAGES_FILE, OFFICES_FILE, WARDS_FILE, look
from bot.content.git import commit_of, git_files
from bot.content.last_good import LAST_GOOD, keep_copy, load_at_start
from bot.content.library import Dates, Library
from bot.content.loading import LoadedContent, load
from bot.content.yaml_file import ContentError, Finding
from bot.domain.clock import Clock, utc_now

log = structlog.get_logger(__name__)

LOOK_MILLISECONDS = 2000
"""How often the directory is looked at where the file system gives no notice."""

QUIET = 0.2
"""Seconds for which nothing may change before a change is taken over."""

SETTLED = 1.5
"""Seconds after which a directory that goes on changing is taken over as it is."""

T = TypeVar("T")

ANSWERS = 20.0
"""Seconds after which a directory that does not answer, as on a drive that was lost, is told of."""

Looks = Mapping[Path, tuple[int, int, int, int]]
"""How a directory looks: times, size and inode of each file and folder that counts."""


class ContentWatcher:
    """Keeps the served version of content/.

    directory: the editors' one.
    content: what was loaded of it last.
    since: when it became the one that is served.
    """

    def __init__(self, directory: Path, *, last_good: Path = LAST_GOOD, clock: Clock = utc_now) -> None:
        """Load what can be served.

        Raises:
            ContentError: nothing can be.
        """
        self.directory = directory
        self._last_good = last_good
        self._clock = clock
        self._git_files = git_files(directory)
        self._dates: Mapping[str, Dates] = {}
        self._dated: str | None = None  # the commit of these dates
        self._looked = _look(directory, self._git_files)
        self.content = self._with_commit(load_at_start(directory, last_good, clock()))
        self.since = clock()
        self._tell([], [])
        keep_copy(self.content, last_good)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with files of the directory now."""
        return self.content.findings

    def library(self) -> Library:
        """The version to answer with now, by its schedule. Ask again for each message."""
        library = self.content.library
        now, until = self._clock(), library.until
        is_reached = until is not None and until <= now
        if is_reached or now < library.now:  # or the clock was ahead and is set right
            library = library.at(now)
            self.content = replace(self.content, library=library)
            log.info("content_schedule", moment=now.isoformat())
        return library

    async def run(self) -> None:
        """Take changes over until cancelled."""
        async with aclosing(_wakings(self.directory)) as wakings:
            async for _ in wakings:
                try:
                    await self._take_over()
                except Exception:  # whatever it is, what is served stays, and it is tried again
                    log.exception("content_not_loaded")

    async def _take_over(self) -> None:
        if await self._look() == self._looked:
            return
        looked = await self._settled()
        after = await self._answered(self._load)
        before = self.content
        if after.library.digest != before.library.digest:
            self.since = self._clock()
        self.content, self._looked = after, looked
        self._tell(_changed(before.library, after.library), before.findings)
        if gone := sorted(before.library.answers.keys() - after.library.answers.keys()):
            log.warning("content_gone", answers=gone)
        await asyncio.to_thread(keep_copy, after, self._last_good)

    def _load(self) -> LoadedContent:
        try:
            content = load(self.directory, self.content, now=self._clock())
        except ContentError as error:  # an empty or lost directory; what is served stays
            return replace(self.content, findings=error.findings)
        return self._with_commit(content)

    def _with_commit(self, content: LoadedContent) -> LoadedContent:
        commit = commit_of(self.directory)
        if commit and content.kept:
            commit = replace(commit, is_changed=True)
        if commit and commit.name != self._dated:
            self._dates, self._dated = dates_in_git(self.directory), commit.name
        return replace(content, library=replace(content.library, commit=commit, dates=self._dates))

    async def _look(self) -> Looks:
        return await self._answered(lambda: _look(self.directory, self._git_files))

    async def _answered(self, work: Callable[[], T]) -> T:
        """What work with the directory comes to. If it takes too long, that is a finding meanwhile."""
        doing = _apart(work)
        try:
            async with asyncio.timeout(ANSWERS):  # wait_for may swallow a cancellation, up to Python 3.11
                return await asyncio.shield(doing)
        except TimeoutError:
            problem = f"this directory has not answered for {ANSWERS:.0f} seconds"
            before = self.findings
            self.content = replace(self.content, findings=[Finding(self.directory, 1, "", problem)])
            self._tell([], before)
            return await doing

    async def _settled(self) -> Looks:
        """How the directory looks once it is still."""
        deadline = asyncio.get_running_loop().time() + SETTLED
        before: Looks = {}
        while (looks := await self._look()) != before:
            if asyncio.get_running_loop().time() > deadline:
                break
            before = looks
            await asyncio.sleep(QUIET)
        return looks

    def _tell(self, changed: list[str], before: list[Finding]) -> None:
        """Log what became of a change."""
        for finding in self.findings:
            if finding not in before:
                log.warning("content_error", finding=str(finding))
        if changed:
            log.info("content_live", version=self.content.library.version, changed=changed)


def _changed(before: Library, after: Library) -> list[str]:
    """The names of the answers and files that differ."""
    names = sorted(before.answers.keys() | after.answers.keys())
    changed = [name for name in names if before.answers.get(name) != after.answers.get(name)]
    if before.messages != after.messages:
        changed.append(MESSAGES_FILE)
    if before.offices != after.offices:
        changed.append(OFFICES_FILE)
    if before.wards != after.wards:
        changed.append(WARDS_FILE)
    if before.bulletins != after.bulletins:
        changed.append(BULLETINS_FILE)
    return changed


def _look(directory: Path, others: list[Path]) -> Looks:
    looks = {}
    for path in [*look(directory), *others]:
        try:
            stat = path.stat()
        except OSError:  # just removed, or a link to nowhere
            continue
        looks[path] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
    return looks


def _apart(work: Callable[[], T]) -> asyncio.Future[T]:
    """Work in a thread of its own, for whose end neither the loop nor the process waits."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(unless_cancelled, outcome)

    def unless_cancelled(outcome: Callable[[], None]) -> None:
        if not done.done():
            outcome()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            failure = error  # the name of an except clause is gone after it
            tell(lambda: done.set_exception(failure))
        else:
            tell(lambda: done.set_result(result))

    threading.Thread(target=run, name="content", daemon=True).start()
    return done


async def _wakings(directory: Path) -> AsyncGenerator[None, None]:
    """Something may have changed: now, or since the last time."""
    while True:
        watched = _inode(directory)
        try:
            notices = awatch(
                directory,
                watch_filter=None,
                debounce=100,
                step=50,
                rust_timeout=LOOK_MILLISECONDS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
            async with aclosing(notices):
                async for _ in notices:
                    yield
                    if _inode(directory) != watched:  # another directory under the same name
                        break
        except Exception as error:  # it is lost, no notices are left, a name is no UTF-8: we look ourselves
            task = asyncio.current_task()
            if task and task.cancelling():  # the watcher failed while it was told to end
                raise asyncio.CancelledError from error
            log.warning("content_not_watched", reason=ascii(error))
            await asyncio.sleep(LOOK_MILLISECONDS / 1000)
            yield


def _inode(directory: Path) -> int | None:
    try:
        return directory.stat().st_ino
    except OSError:
        return None
