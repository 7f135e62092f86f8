"""How the tests of the Zalo channel make one."""

from __future__ import annotations

import datetime
from typing import Any

from bot.channels.zalo import OfficialAccount, ZaloApi, ZaloChannel
from bot.channels.zalo.store import ZaloStore
from bot.content.library import Library
from bot.storage.inbox import Inbox
from stand_ins.zalo import APP_ID, OA_ID, OA_SECRET, StandIn

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

ACCOUNT = OfficialAccount(APP_ID, OA_ID, OA_SECRET)

SECRET = "a secret"

CALL_SECONDS = 0.5


async def authorise(store: ZaloStore, zalo: StandIn) -> None:
    """Give the bot its first tokens, as the login does."""
    pair = zalo.grant.explorer()
    await store.authorised(
        pair["access_token"], pair["refresh_token"], datetime.timedelta(seconds=int(pair["expires_in"]))
    )


def new_channel(inbox: Inbox, store: ZaloStore, api: ZaloApi, library: Library, **more: Any) -> ZaloChannel:
    settings: dict[str, Any] = {"account": ACCOUNT, "secret": SECRET, **more}
    return ZaloChannel(inbox, store, api, lambda: library, **settings)
