"""A new answer: its id from its title, and the draft that it begins with."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection

from sqlalchemy import Connection

from bot.content.catalogue import published_ids
from bot.content.directory import CATALOGUE_FILE, listing
from bot.content.fields import Value, cleaned
from bot.content.schema import TITLE_LIMIT
from bot.desk import audit
from bot.desk.accounts import Account
from bot.desk.drafting import checked_value
from bot.desk.editing import EditingDesk, Problem, Refused, Right, check_may
from bot.domain.answer import TOPICS
from bot.storage.editors import drafts
from bot.text.folding import words

ID_MOST = 48
"""Characters of an id: with it, every payload of a button fits the 64 bytes that platforms take."""

REVIEW_AFTER = datetime.timedelta(days=180)
"""When the facts of a new answer are to be checked again, unless its editor says otherwise."""

_LATIN = re.compile(r"[^a-z0-9]+")


def id_from_title(topic: str, title: str, taken: Collection[str]) -> str:
    """The id of a new answer: `culture.cho-noi-cai-rang` for "Chợ nổi Cái Răng"; with a number behind it if
    it is taken."""
    parts = [part for word in words(title) if (part := _LATIN.sub("", word))]
    name = ""
    for part in parts:
        longer = f"{name}-{part}" if name else part
        if len(f"{topic}.{longer}") > ID_MOST - 4:  # room for the number
            break
        name = longer
    if not name:
        name = parts[0][: ID_MOST - 4 - len(topic) - 1] if parts else "answer"
    candidate, number = f"{topic}.{name}", 2
    while candidate in taken:
        candidate, number = f"{topic}.{name}-{number}", number + 1
    return candidate


async def begin(
    desk: EditingDesk, account: Account, topic: str, office: str, title_vi: str, title_en: str = ""
) -> str:
    """Begin a new answer as a draft; its id, which stays.

    Raises:
        NotYours: the office is not theirs to write for.
        Refused: topic, office or title is missing or too long (`unfinished`, with the problems).
    """
    titles = {"vi": str(cleaned(title_vi)).strip(), "en": str(cleaned(title_en)).strip()}
    offices = desk.library().offices
    found = [Problem("topic", "problem_missing", "Choose a topic.")] if topic not in TOPICS else []
    if office not in offices:
        found.append(Problem("office", "problem_missing", "Choose an office."))
    if not titles["vi"]:
        found.append(Problem("vi.title", "problem_missing", "This is still to be filled in."))
    found += [
        Problem(
            f"{language}.title", "problem_too_long", f"At most {TITLE_LIMIT} characters.",
            (("limit", str(TITLE_LIMIT)),),
        )
        for language, title in titles.items()
        if len(title) > TITLE_LIMIT
    ]  # fmt: skip
    if found:
        raise Refused("unfinished", "Some fields are still to be filled in.", found)
    check_may(account, Right.WRITE, f"{topic}.", {"office": office})
    now, today = desk.clock(), desk.today
    value: Value = {
        "status": "published", "office": office, "checked": today.isoformat(),
        "review_by": (today + REVIEW_AFTER).isoformat(),
        **{language: {"title": title} for language, title in titles.items() if title},
    }  # fmt: skip
    on_disk = {*listing(desk.directory).answers, *published_ids(desk.directory / CATALOGUE_FILE)}

    def work(connection: Connection) -> str:
        taken = {*on_disk, *desk.library().answers, *(one.answer_id for one in drafts.every(connection))}
        name = id_from_title(topic, titles["vi"], taken)
        checked_value(name, value)
        change = drafts.DraftChange(name, account.id, 0, "", value)
        drafts.save(connection, change, now)
        audit.note(connection, account.name, "begin", name, now)
        return name

    try:
        return await desk.transact(work)
    except drafts.Moved:  # somebody began one of the same title at the same moment
        return await desk.transact(work)
