"""A process that renews the tokens, to be killed meanwhile: its arguments are database and Zalo's address."""

from __future__ import annotations

import asyncio
import sys

from bot.channels.zalo import Api
from bot.channels.zalo.tokens import Tokens
from bot.store.database import connect
from bot.store.zalo import ZaloStore
from tests.channels.zalo.conftest import KEY
from tests.stand_ins.zalo import APP_ID, APP_SECRET, OA_ID


async def main(database_url: str, api_url: str) -> None:
    store = ZaloStore(connect(database_url), OA_ID, KEY)
    tokens = Tokens(store, Api(api_url, api_url, APP_ID, APP_SECRET, call_seconds=60))
    await tokens.newer_than(await tokens.current())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
