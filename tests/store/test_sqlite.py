"""SQLite loses nothing, overwrites what is deleted, and serves one process."""

from __future__ import annotations

from collections.abc import Callable

from bot.store.database import Database
from bot.store.inbox import Inbox
from tests.conftest import Clock
from tests.store.test_inbox import HERE, PLANS, claim, message


async def test_sqlite_is_set_up_to_lose_nothing_and_to_overwrite(database: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    found = await database.transact(
        lambda connection: {n: connection.exec_driver_sql(f"PRAGMA {n}").scalar() for n in expected}
    )
    assert found == expected


async def test_after_tidying_nothing_is_left_in_the_files_either(
    inbox: Inbox, stored: Callable[[], bytes]
) -> None:
    personal = ("a secret question", "address of", "zq-chat", "zq-delivery", "culture.food")
    for n in range(100):
        text = f"a secret question {n} " + "x" * (37 * n % 900)
        await inbox.accept(message(f"zq-delivery {n}", chat=f"zq-chat {n % 7}", text=text))

    def left() -> list[str]:
        files = stored()
        return [words for words in personal if words.encode() in files]

    assert left() == ["a secret question", "address of", "zq-chat"]
    while entry := await inbox.claim(HERE):
        await inbox.save_plans(entry, PLANS)
        await inbox.answered(entry)
    await inbox.tidy()
    assert left() == []


async def test_a_restart_takes_over_at_once_what_a_dead_process_had_in_hand(
    inbox: Inbox, database: Database, clock: Clock
) -> None:
    await inbox.accept(message("1"))
    entry = await claim(inbox)
    restarted = Inbox(database, "secret", clock)
    await restarted.open()
    assert (await claim(restarted)).id == entry.id
