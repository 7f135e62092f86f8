"""A process that renews the tokens: its arguments are database and Zalo's address.

It says when it has read them, and begins when it is sent a line; in the end it prints the new one.
"""

from __future__ import annotations

import asyncio
import sys

from bot.channels.zalo import ZaloApi
from bot.channels.zalo.store import ZaloStore
from bot.channels.zalo.tokens import NoToken, Tokens
from bot.storage.database import Database
from stand_ins.zalo import APP_ID, APP_SECRET, OA_ID
from tests.support.zalo import KEY


async def main(database_url: str, api_url: str) -> None:
    store = ZaloStore(Database(database_url), OA_ID, KEY)
    tokens = Tokens(store, ZaloApi(api_url, api_url, APP_ID, APP_SECRET, call_seconds=60))
    refused = await tokens.current()
    print("read", flush=True)
    sys.stdin.readline()
    while True:  # as the worker does
        try:
            print((await tokens.newer_than(refused)).access_token)
        except NoToken as error:
            if error.is_lasting:
                raise
            await asyncio.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
