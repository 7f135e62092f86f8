"""Pictures that editors send up for their answers."""

from __future__ import annotations

import asyncio
import hashlib

from bot.content.commits import Person
from bot.content.media import MediaError, reencoded
from bot.desk import audit, content_files
from bot.desk.accounts import Account
from bot.desk.content_files import NotPublished
from bot.desk.editing import EditingDesk, Refused, Right, check_may
from bot.storage.editors import drafts

DIGEST_LENGTH = 8
"""Letters of a file's name that tell one picture of an answer from the next."""


async def keep_picture(desk: EditingDesk, account: Account, name: str, data: bytes) -> str:
    """Keep a picture for an answer, made anew; returns the name of its file in content/media/.

    Nobody sees it before an answer that names it is published.

    Raises:
        NotFound, NotYours, Refused: nothing was kept.
    """
    live = await desk.live(name)
    draft = await desk.transact(lambda connection: drafts.find(connection, name))
    check_may(account, Right.WRITE, name, live.value, draft.value if draft else None)
    person = Person(account.full_name, account.email or f"{account.name}@editors.invalid")

    def work() -> str:
        kind, picture = reencoded(data)
        digest = hashlib.sha256(picture).hexdigest()[:DIGEST_LENGTH]
        file = f"{name.partition('.')[2][:60].strip('-')}-{digest}.{kind}"
        content_files.write_picture(desk.directory, file, picture, person, f"{name}: a picture")
        return file

    try:
        file = await asyncio.to_thread(work)
    except MediaError as error:
        raise Refused("finding_picture", str(error), why=str(error)) from error
    except NotPublished as error:
        raise Refused("not_written", str(error), problem=str(error)) from error
    now = desk.clock()
    await desk.transact(
        lambda connection: audit.note(connection, account.name, "picture", name, now, file=file)
    )
    return file
