"""Pictures that come by Telegram: which one of an update is read, and how it is fetched."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from telegram import Update

from bot.channels.contract import PictureGone, TryLater
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram.essential import essential
from bot.channels.telegram.updates import Identity, UpdateReader
from bot.content.library import Library
from bot.domain.message import Message
from bot.reading.limits import BYTES_MOST
from bot.storage.chat_move import ChatMove
from stand_ins.failures import Failure
from stand_ins.telegram import StandIn
from stand_ins.telegram.server import error

Last = Callable[[], Message]


@pytest.fixture
def last(telegram: StandIn, small_library: Library) -> Last:
    """What the bot makes of the last thing that happened."""
    reader = UpdateReader(
        Identity(telegram.me["id"], telegram.me["username"]), lambda: small_library, lambda name: name
    )

    def read() -> Message:
        update = Update.de_json(json.loads(json.dumps(telegram.unacknowledged[-1])), None)
        message = reader.read(update)
        assert message
        assert not isinstance(message, ChatMove)
        return message

    return read


class TestAnUpdate:
    def test_a_photo_is_read_in_its_largest_size(self, telegram: StandIn, last: Last) -> None:
        said = telegram.person().sends_photo(b"a photo")
        assert last().pictures == (said["photo"][-1]["file_id"],)
        assert (last().text, last().unreadable) == ("", True)

    def test_a_size_that_is_too_large_is_not(self, telegram: StandIn, last: Last) -> None:
        small = telegram.new_file(b"x") | {"width": 90, "height": 51}
        large = telegram.new_file(b"x") | {"width": 9000, "height": 5100, "file_size": BYTES_MOST + 1}
        telegram.person().sends(photo=[small, large])
        assert last().pictures == (small["file_id"],)

    def test_its_caption_is_the_question(self, telegram: StandIn, last: Last) -> None:
        telegram.person().sends_photo(b"a photo", "Đúng không?")
        assert (last().text, len(last().pictures), last().unreadable) == ("Đúng không?", 1, False)

    def test_a_picture_as_a_file_is_read_any_other_file_is_not(self, telegram: StandIn, last: Last) -> None:
        lan = telegram.person()
        said = lan.sends_file(b"x", "image/png")
        assert last().pictures == (said["document"]["file_id"],)
        lan.sends_file(b"x", "application/pdf")
        assert (last().pictures, last().unreadable) == ((), True)

    def test_in_a_group_a_photo_is_read_if_somebody_asks_about_it(
        self, telegram: StandIn, last: Last
    ) -> None:
        group, lan = telegram.group(), telegram.person()
        photo = lan.sends_photo(b"a photo", chat=group)
        lan.replies(photo, f"@{telegram.me['username']} đúng không?")
        assert (last().text, last().pictures) == ("đúng không?", (photo["photo"][-1]["file_id"],))

    def test_but_not_for_a_question_of_their_own(self, telegram: StandIn, last: Last) -> None:
        group, lan = telegram.group(), telegram.person()
        photo = lan.sends_photo(b"a photo", chat=group)
        lan.replies(photo, f"@{telegram.me['username']} chợ nổi Cái Răng mấy giờ thì đông người nhất?")
        assert last().pictures == ()

    def test_one_that_the_library_cannot_read_keeps_its_photo(self) -> None:
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
        kept = essential({"update_id": 1, "message": {"chat": {"id": 1}, "photo": photo, "new": {}}})
        assert kept
        assert kept["message"]["photo"] == photo  # type: ignore[index]


class TestFetching:
    async def test_a_file_is_fetched_by_its_id(self, channel: TelegramChannel, telegram: StandIn) -> None:
        file = telegram.new_file(b"its bytes")
        assert await channel.fetch_picture(file["file_id"]) == b"its bytes"

    async def test_what_telegram_does_not_know_is_gone(self, channel: TelegramChannel) -> None:
        with pytest.raises(PictureGone):
            await channel.fetch_picture("no such file")

    @pytest.mark.parametrize("size", [0, BYTES_MOST + 1, 21 * 1024 * 1024])
    async def test_so_is_what_is_too_large_which_is_not_fetched(
        self, channel: TelegramChannel, telegram: StandIn, size: int
    ) -> None:
        file = telegram.new_file(bytes(size))
        with pytest.raises(PictureGone):
            await channel.fetch_picture(file["file_id"])

    @pytest.mark.parametrize(
        "failure",
        [
            Failure(429, error(429, "Too Many Requests: retry after 1", retry_after=1)),
            Failure(502),
            Failure(None),
        ],
    )
    async def test_where_telegram_is_busy_or_away_it_is_for_later(
        self, channel: TelegramChannel, telegram: StandIn, failure: Failure
    ) -> None:
        file = telegram.new_file(b"its bytes")
        telegram.failures.plan("getFile", failure)
        with pytest.raises(TryLater):
            await channel.fetch_picture(file["file_id"])
