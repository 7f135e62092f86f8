"""The Rasa side's one entry point: a trainer and a runner behind one address, or a runner that follows one.

    POST   /webhooks/rest/webhook    Rasa's REST channel
    DELETE /conversations/<id>       forget a conversation
    PUT    /training-data            {"files": {name: text}, "override": null | reason, "withdrawn": [id]}:
                                     what content/ teaches; trains if it is new. override: served whatever
                                     the validation says; withdrawn: answers that content/ has taken back
    POST   /parse                    {"text": ...}: how it is read, with confidence, for the evaluation
    GET    /status                   what answers, what is in training, what failed or was refused
    GET    /models                   {"models": [...]}: those that are kept, newest first
    POST   /models/<name>/serve      put one of them back, until the training data changes next

While there is no model messages are answered 503, and the bot asks again. Requests come from the bot alone,
and are known by the token that both have (nlu.authentication).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from nlu import api, authentication, paths, processes


async def serve(host: str, port: int, *, follows: bool, is_child: bool) -> None:
    """Serve until SIGTERM or, as a child, until the parent is gone."""
    served = web.AppRunner(api.app(follows=follows), access_log=None)
    await served.setup()
    try:
        await web.TCPSite(served, host, port).start()
    except OSError as error:
        await served.cleanup()
        raise SystemExit(f"rasa: nothing can be served at {host}, port {port}: {error.strerror}") from None
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if is_child:
        waits.append(asyncio.create_task(_end_of_stdin()))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    await served.cleanup()


async def _end_of_stdin() -> None:
    """Returns when the parent is gone: the pipe closes however it died."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


def main() -> None:
    """The command `nlu/server.py`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--child", action="store_true", help="end when stdin closes")
    parser.add_argument(
        "--follow",
        action="store_true",
        help="train nothing: run the model that a trainer, with the same directory models/, has published."
        " Conversations are shared by RASA_CONVERSATIONS, the URL of a PostgreSQL database",
    )
    arguments = parser.parse_args()
    if not authentication.token():
        raise SystemExit(
            f"rasa: set {authentication.TOKEN}, a secret that the bot has, too: it is how the bot is known"
        )
    os.chdir(Path(__file__).resolve().parent.parent)
    for directory in (Path("data"), paths.MODELS):
        directory.mkdir(exist_ok=True)
    # The main module, too, so that none of the processes imports it again.
    processes.preload(["__main__", "nlu.preloaded"])
    asyncio.run(serve(arguments.host, arguments.port, follows=arguments.follow, is_child=arguments.child))


if __name__ == "__main__":
    main()
