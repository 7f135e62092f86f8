"""Whether the two languages of an answer say the same: which one went ahead, and since when."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.content.fields import changed, flat, nested
from bot.content.schema import Answer, AnswerStatus
from bot.desk import audit
from bot.desk.accounts import Account
from bot.desk.comparing import Comparison, comparison
from bot.desk.editing import EditingDesk, NotFound, Right, check_may
from bot.domain.language import Language
from bot.storage.editors import languages
from bot.storage.editors.languages import StoredSides
from bot.storage.models import JsonObject


@dataclass(frozen=True, slots=True)
class Behind:
    """A language that was not brought up to date with the other one.

    since: when that was first seen. changes: of the other one, since both said the same.
    """

    language: Language
    since: datetime.datetime
    changes: Comparison


def sides(answer: Answer) -> JsonObject:
    """What a citizen reads of an answer, by language; questions are no translations of each other."""
    return {
        language.value: {
            "title": answer[language].title,
            "claim": answer[language].claim,
            "answer": answer[language].answer,
            "facets": {facet.value: text for facet, text in answer[language].facets.items()},
        }
        for language in Language
    }


def behind(stored: StoredSides | None, now: Mapping[str, object]) -> Language | None:
    """The language that was not brought up to date when the other one was; None if both are."""
    ahead = _changed(stored, now)
    return ahead[0].other if len(ahead) == 1 else None


def advanced(stored: StoredSides | None, now: Mapping[str, object], moment: datetime.datetime) -> StoredSides:
    """What is to be remembered once the answer says this: a change of both brings them in step again."""
    if stored and behind(stored, now):
        return StoredSides(stored.sides, stored.behind_since or moment)
    return StoredSides(dict(now), None)


def look(
    connection: Connection, answers: Iterable[Answer], moment: datetime.datetime
) -> dict[str, tuple[Language, datetime.datetime]]:
    """The answers of which one language is behind, with it and since when that is known; changes that came
    by whatever way are seen here."""
    known = languages.every(connection)
    found = {}
    for answer in answers:
        now = sides(answer)
        stored = known.get(answer.id)
        wanted = advanced(stored, now, moment)
        if wanted != stored:
            languages.keep(connection, answer.id, wanted)
        language = behind(stored, now)
        if language and wanted.behind_since:
            found[answer.id] = (language, wanted.behind_since)
    return found


async def still_right(desk: EditingDesk, account: Account, name: str) -> None:
    """Somebody who reads both says that the other language needs no change. Raises NotFound, NotYours."""
    live = await desk.live(name)
    answer = desk.library().answers.get(name)
    if answer is None:
        raise NotFound
    check_may(account, Right.WRITE, name, live.value, {"office": answer.office})
    now = desk.clock()

    def work(connection: Connection) -> None:
        languages.keep(connection, name, StoredSides(sides(answer), None))
        audit.note(connection, account.name, "still_right", name, now)

    await desk.transact(work)


async def behind_in(desk: EditingDesk, name: str) -> Behind | None:
    """Which language of a published answer is behind, and what changed in the other; None if none is."""
    answer = desk.library().answers.get(name)
    if answer is None or answer.status is not AnswerStatus.PUBLISHED:
        return None
    now = desk.clock()

    def work(connection: Connection) -> Behind | None:
        found = look(connection, [answer], now).get(name)
        if found is None:
            return None
        before, after = languages.every(connection)[name].sides, sides(answer)
        return Behind(*found, comparison("in_step", nested(flat(before)), "live", nested(flat(after))))

    return await desk.transact(work)


def _changed(stored: StoredSides | None, now: Mapping[str, object]) -> list[Language]:
    if stored is None:
        return []
    paths = changed(stored.sides, now)
    return [language for language in Language if any(path.startswith(f"{language}.") for path in paths)]
