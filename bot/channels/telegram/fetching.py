"""Fetches what people send."""

from __future__ import annotations

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.channels.contract import PictureGone, TryLater
from bot.channels.telegram.errors import BUSY_SECONDS, seconds_of
from bot.reading.limits import BYTES_MOST


async def fetch(bot: ExtBot[None], file_id: str) -> bytes:
    """The bytes of a file of at most BYTES_MOST.

    Raises:
        PictureGone: Telegram does not have it any more, or it is too large.
        TryLater: Telegram is busy or out of reach.
    """
    try:
        file = await bot.get_file(file_id)
        if not file.file_path or not 0 < (file.file_size or 0) <= BYTES_MOST:
            raise PictureGone("it is too large, or nowhere")
        return bytes(await file.download_as_bytearray())
    except RetryAfter as error:
        raise TryLater("too many requests", seconds_of(error)) from error
    except (BadRequest, Forbidden, InvalidToken) as error:
        raise PictureGone("Telegram does not give it out") from error
    except TelegramError as error:
        raise TryLater("Telegram does not give it out just now", BUSY_SECONDS) from error
