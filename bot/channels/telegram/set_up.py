"""Sets the bot up on Telegram, looks whether it is so, and says what a person has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from telegram import User
from telegram.error import BadRequest, EndPointNotFound
from telegram.ext import ExtBot

from bot.channels.telegram.limits import PLACEHOLDER
from bot.channels.telegram.profile import set_profile
from bot.content.messages import Telegram

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that Telegram lets a bot do, or not.

    field: of getMe, and of setMySettings (Bot API 10.5). step: how the bot's owner does it in @BotFather.
    """

    field: str
    is_on: bool
    step: str


SWITCHES = {
    "inline": Switch("supports_inline_queries", True, "/setinline"),
    "guest": Switch("supports_guest_queries", True, "the bot's settings: guest mode, on"),
    "groups": Switch("can_join_groups", True, "/setjoingroups: Enable"),
    # In groups it reads what is addressed to it, and nothing else even reaches it.
    "privacy": Switch("can_read_all_group_messages", False, "/setprivacy: Enable"),
}
"""By the name that stands in /ready."""

AS_WANTED = "as wanted"


class SetUp:
    """What is set at the start.

    state: by name, whether it is as wanted, or what a person has to do.
    """

    def __init__(self, bot: ExtBot[None]) -> None:
        self._bot = bot
        self.state: Mapping[str, str] = {}

    async def run(self, texts: Telegram) -> None:
        """Set all that can be set, and look at what came of it; may be repeated.

        Raises:
            NetworkError: Telegram could not be reached.
            TelegramError: the token was refused, or too much was asked at once.
        """
        profile = AS_WANTED
        try:
            await set_profile(self._bot, texts)
        except BadRequest as error:
            profile = f"Telegram refuses the texts: {error.message}"
        why = await self._switch(texts)
        me = await self._bot.get_me()
        self.state = {
            "profile": profile,
            **{name: _state(switch, me, why) for name, switch in SWITCHES.items()},
        }
        manual = {name: words for name, words in self.state.items() if words != AS_WANTED}
        if manual:
            log.warning("telegram_set_up_by_hand", **manual)
        else:
            log.info("telegram_set_up")

    async def _switch(self, texts: Telegram) -> str:
        """Switch what can be switched; why that did not work, if so. The library does not know the method."""
        wanted: dict[str, object] = {switch.field: switch.is_on for switch in SWITCHES.values()}
        placeholder = f"{texts.inline_hint.vi} · {texts.inline_hint.en}"[:PLACEHOLDER]
        try:
            await self._bot.do_api_request(
                "setMySettings", api_kwargs={**wanted, "inline_query_placeholder": placeholder}
            )
        except EndPointNotFound:
            return "this server does not know setMySettings"
        except BadRequest as error:
            return f"Telegram refuses it: {error.message}"
        return "Telegram did not do it"


def _state(switch: Switch, me: User, why: str) -> str:
    if bool(getattr(me, switch.field)) == switch.is_on:
        return AS_WANTED
    return f"{'off' if switch.is_on else 'on'}, for {why}; do it in @BotFather: {switch.step}"
