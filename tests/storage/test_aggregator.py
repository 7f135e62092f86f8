"""What comes in several messages is answered once, and none of it is lost."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.incoming import incoming
from bot.domain.message import PICTURES_MOST, Message
from bot.storage.inbox import Inbox
from tests.support.clock import Clock
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


def item(key: str, text: str = "", *, album: str | None = "a", act: str | None = None) -> Message:
    return incoming(
        channel="test", address="1", conversation="chat", key=key, text=text, unreadable=not text,
        part_of=album, act=act,
    )  # fmt: skip


async def texts(inbox: Inbox) -> list[tuple[str, bool]]:
    """What there is to answer now, which is answered."""
    found = []
    while entry := await inbox.claim(["test"]):
        found.append((entry.message.text, entry.message.unreadable))
        await inbox.answered(entry)
    return found


@pytest.mark.parametrize("captions", [("x", "", ""), ("", "x", ""), ("", "", "x")])
async def test_an_album_is_answered_once_when_it_is_complete(
    inbox: Inbox, clock: Clock, captions: tuple[str, ...]
) -> None:
    for number, caption in enumerate(captions):
        assert await inbox.accept(item(str(number), caption)) is not None
        assert await texts(inbox) == []
        clock.advance(seconds=1)
    clock.advance(seconds=1)
    assert await texts(inbox) == [("x", False)]


async def test_several_captions_are_one_text_and_a_redelivered_one_does_not_count_twice(
    inbox: Inbox, clock: Clock
) -> None:
    for key, text in (("1", "một"), ("2", "hai"), ("1", "một"), ("2", "hai"), ("3", "")):
        await inbox.accept(item(key, text))
    clock.advance(seconds=2)
    assert await texts(inbox) == [("một hai", False)]
    for key, text in (("1", "một"), ("2", "hai"), ("3", "")):
        assert await inbox.accept(item(key, text)) is None
    clock.advance(seconds=2)
    assert await texts(inbox) == []


async def test_a_caption_that_comes_too_late_is_a_message_of_its_own_and_a_bare_picture_none(
    inbox: Inbox, clock: Clock
) -> None:
    await inbox.accept(item("1"))
    clock.advance(seconds=2)
    assert await inbox.accept(item("2")) is None
    assert await inbox.accept(item("3", "muộn")) is not None
    assert await inbox.accept(item("3", "muộn")) is None
    assert await texts(inbox) == [("", True), ("muộn", False)]


async def test_an_album_waits_its_turn_and_holds_what_was_said_after_it(inbox: Inbox, clock: Clock) -> None:
    await inbox.accept(item("0", "trước", album=None))
    await inbox.accept(item("1", "ảnh"))
    await inbox.accept(item("2", "sau", album=None))
    assert await texts(inbox) == [("trước", False)]
    clock.advance(seconds=2)
    assert await texts(inbox) == [("ảnh", False), ("sau", False)]


async def test_other_albums_are_other_messages(inbox: Inbox, clock: Clock) -> None:
    await inbox.accept(item("1", "một", album="a"))
    await inbox.accept(item("2", "hai", album="b"))
    clock.advance(seconds=2)
    assert await texts(inbox) == [("một", False), ("hai", False)]


async def test_the_same_act_at_once_is_one_also_after_it_was_answered(inbox: Inbox, clock: Clock) -> None:
    assert await inbox.accept(item("1", "x", album=None, act="press")) is not None
    assert len(await texts(inbox)) == 1
    clock.advance(seconds=2)
    assert await inbox.accept(item("2", "x", album=None, act="press")) is None
    assert await inbox.accept(item("3", "x", album=None, act="another")) is not None
    clock.advance(seconds=2)
    for redelivered in "12":
        assert await inbox.accept(item(redelivered, "x", album=None, act="press")) is None
    assert await inbox.accept(item("4", "x", album=None, act="press")) is not None
    assert len(await texts(inbox)) == 2


async def test_parts_that_come_at_the_same_moment_are_one_album(inbox: Inbox, clock: Clock) -> None:
    words = [f"lời{number}" for number in range(8)]
    written = await asyncio.gather(*(inbox.accept(item(word, word)) for word in words))
    assert len(set(written)) == 1
    clock.advance(seconds=2)
    ((text, _),) = await texts(inbox)
    assert sorted(text.split()) == words


async def test_one_act_that_comes_twice_at_the_same_moment_is_done_once(inbox: Inbox) -> None:
    presses = (inbox.accept(item(str(number), "x", album=None, act="press")) for number in range(8))
    written = await asyncio.gather(*presses)
    assert [id_ is None for id_ in written].count(False) == 1


async def test_a_late_part_that_comes_again_to_a_process_whose_clock_is_behind_is_not_answered_twice(
    inbox: Inbox, clock: Clock
) -> None:
    await inbox.accept(item("1", "một"))
    clock.advance(seconds=2)
    assert await inbox.accept(item("2", "hai")) is not None
    clock.advance(seconds=-1)
    assert await inbox.accept(item("2", "hai")) is None
    clock.advance(seconds=1)
    assert await texts(inbox) == [("một", False), ("hai", False)]


async def test_the_first_pictures_of_an_album_are_kept_and_read_as_one(inbox: Inbox, clock: Clock) -> None:
    for number in range(PICTURES_MOST + 2):
        part = incoming(
            channel="test", address="1", conversation="chat", key=str(number), unreadable=True,
            part_of="a", pictures=[f"picture {number}"],
        )  # fmt: skip
        await inbox.accept(part)
        await inbox.accept(part)
    clock.advance(seconds=2)
    entry = await inbox.claim(["test"])
    assert entry
    assert entry.message.pictures == tuple(f"picture {number}" for number in range(PICTURES_MOST))
    await inbox.answered(entry)
    assert await inbox.claim(["test"]) is None


async def test_a_picture_that_comes_later_begins_the_next_album(inbox: Inbox, clock: Clock) -> None:
    def picture(number: int) -> Message:
        return incoming(
            channel="test", address="1", conversation="chat", key=str(number), unreadable=True,
            part_of="of somebody", pictures=[f"picture {number}"],
        )  # fmt: skip

    for first, second in ((1, 2), (3, 4)):
        await inbox.accept(picture(first))
        await inbox.accept(picture(second))
        clock.advance(seconds=2)
        entry = await inbox.claim(["test"])
        assert entry
        assert entry.message.pictures == (f"picture {first}", f"picture {second}")
        await inbox.answered(entry)
