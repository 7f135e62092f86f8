"""In an emergency: what everybody is told first, and a channel switched off. Each is a change of messages.yml
that is live a second later, and that somebody else looks at afterwards."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.content.fields import Value, cleaned
from bot.content.messages import Paused
from bot.desk import publications
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, unreadable
from bot.desk.editing import MESSAGES, EditingDesk, NotFound, NotYours, Problem, Refused
from bot.desk.problems import unfinished
from bot.domain.clock import VIETNAM
from bot.domain.language import Language

CHANNELS = tuple(Paused.model_fields)
"""The channels that can be switched off."""

SENTENCE_MOST = 500
"""Characters of what is said in an emergency: it stands above every reply."""

LASTS = datetime.timedelta(hours=12)
"""How long a notice lasts unless its editor says otherwise."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TypedNotice:
    """What everybody is told first. start, until: in Việt Nam's time, 2026-12-01 08:00."""

    start: str
    until: str
    said: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Situation:
    """How it is: the notice, whether it is told now or will be, and what each paused channel says.

    base_file: revision of the file, which a change names. may_change: the account may.
    """

    notice: TypedNotice | None
    is_told: bool
    is_over: bool
    paused: Mapping[str, Mapping[Language, str]]
    base_file: str
    may_change: bool


def may_act(account: Account) -> bool:
    """Whether an account may speak for, or silence, the whole city's bot: who approves for every office, and
    who administers."""
    is_chief = account.may_approve and account.offices is None
    return not account.is_disabled and (is_chief or account.may_administer)


async def situation(desk: EditingDesk, account: Account) -> Situation:
    """How it is now, as the file says. Raises NotYours, Refused: the file cannot be read."""
    if not (account.may_write or account.may_approve or account.may_administer) or account.is_disabled:
        raise NotYours
    live = await desk.live(MESSAGES)
    if live.value is None:
        raise unreadable()
    notice, paused = _notice_in(live.value), live.value.get("paused")
    now = desk.clock().astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M")
    return Situation(
        notice, notice is not None and notice.start <= now < _end(notice.until),
        notice is not None and _end(notice.until) <= now,
        {channel: _both(said) for channel, said in paused.items()} if isinstance(paused, dict) else {},
        live.revision, may_act(account),
    )  # fmt: skip


async def tell(desk: EditingDesk, account: Account, base_file: str, notice: TypedNotice) -> None:
    """Tell everybody something first, from one moment until another; in place of what was told.

    Raises:
        NotYours.
        Refused: something is missing or too long (`unfinished`), the file was changed meanwhile
            (`emergency_moved`), or cannot be written; nothing was changed.
    """
    checked = check_notice(desk, notice)
    told: Value = {"from": checked.start, "until": checked.until, **_plain(checked.said)}
    await _write(desk, account, base_file, lambda value: {**value, "notice": told}, "notice")


async def tell_no_more(desk: EditingDesk, account: Account, base_file: str) -> None:
    """End the notice. Raises as `tell` does."""

    def change(value: Value) -> Value:
        return {key: content for key, content in value.items() if key != "notice"}

    await _write(desk, account, base_file, change, "notice_end")


async def pause(
    desk: EditingDesk, account: Account, base_file: str, channel: str, said: Mapping[Language, str]
) -> None:
    """Switch a channel off: it says only this. Raises as `tell` does, and NotFound."""
    checked = check_pause(channel, said)
    await _write(
        desk, account, base_file, lambda value: _with_pause(value, channel, _plain(checked)),
        f"pause {channel}",
    )  # fmt: skip


async def resume(desk: EditingDesk, account: Account, base_file: str, channel: str) -> None:
    """Switch a channel on again. Raises as `tell` does, and NotFound."""
    if channel not in CHANNELS:
        raise NotFound
    await _write(
        desk, account, base_file, lambda value: _with_pause(value, channel, None), f"resume {channel}"
    )


def check_notice(desk: EditingDesk, notice: TypedNotice) -> TypedNotice:
    """The notice as it would be written; without a beginning it begins now. Raises Refused (`unfinished`)."""
    now = desk.clock().astimezone(VIETNAM)
    start = notice.start.strip().replace("T", " ") or now.strftime("%Y-%m-%d %H:%M")
    until = notice.until.strip().replace("T", " ")
    said, problems = _checked(notice.said, "notice.")
    for field, moment in (("notice.from", start), ("notice.until", until)):
        if not _is_moment(moment):
            problems.append(Problem(field, "moment_wrong", "Write a day and a time: 2026-12-01 08:00."))
    if not problems and until <= max(start, now.strftime("%Y-%m-%d %H:%M")):
        problems.append(Problem("notice.until", "notice_ends_early", "The end lies before that."))
    if problems:
        raise Refused("unfinished", "Some fields are still to be filled in.", problems)
    return TypedNotice(start, until, said)


def check_pause(channel: str, said: Mapping[Language, str]) -> Mapping[Language, str]:
    """What a paused channel would say. Raises NotFound, Refused (`unfinished`)."""
    if channel not in CHANNELS:
        raise NotFound
    checked, problems = _checked(said, f"paused.{channel}.")
    if problems:
        raise Refused("unfinished", "Some fields are still to be filled in.", problems)
    return checked


async def _write(
    desk: EditingDesk, account: Account, base_file: str, change: Callable[[Value], Value], reason: str
) -> None:
    if not may_act(account):
        raise NotYours
    live = await desk.live(MESSAGES)
    if live.value is None:
        raise unreadable()
    if live.revision != base_file:
        raise Refused("emergency_moved", "The file was changed meanwhile.")
    value = change(live.value)
    if problems := unfinished(MESSAGES, value):
        raise Refused("unfinished", "Some fields are still to be mended.", problems)
    if isinstance(await publications.write_at_once(desk, account, live, value, reason), Conflict):
        raise Refused("emergency_moved", "The file was changed meanwhile.")


def _with_pause(value: Value, channel: str, said: Value | None) -> Value:
    """The value with a channel switched off, or on again."""
    known = value.get("paused")
    paused = {
        one: content for one, content in (known if isinstance(known, dict) else {}).items() if one != channel
    }
    if said is not None:
        paused[channel] = said
    rest = {key: content for key, content in value.items() if key != "paused"}
    return {**rest, "paused": paused} if paused else rest


def _plain(said: Mapping[Language, str]) -> Value:
    return {language.value: text for language, text in said.items()}


def _notice_in(value: Value) -> TypedNotice | None:
    told = value.get("notice")
    if not isinstance(told, dict):
        return None
    return TypedNotice(str(told.get("from", "")), str(told.get("until", "")), _both(told))


def _both(said: object) -> dict[Language, str]:
    known = said if isinstance(said, dict) else {}
    return {language: str(known.get(language.value) or "") for language in Language}


def _checked(said: Mapping[Language, str], path: str) -> tuple[dict[Language, str], list[Problem]]:
    checked = {language: " ".join(str(cleaned(said.get(language, ""))).split()) for language in Language}
    problems = [
        Problem(f"{path}{language}", "problem_missing", "This is still to be filled in.")
        for language, text in checked.items()
        if not text
    ]
    problems += [
        Problem(
            f"{path}{language}", "problem_too_long", "This is too long.", (("limit", str(SENTENCE_MOST)),)
        )
        for language, text in checked.items()
        if len(text) > SENTENCE_MOST
    ]  # fmt: skip
    return checked, problems


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.datetime.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError:
        return False
    return True


def _end(until: str) -> str:
    """An end that can be compared: of a day without a time, its last moment."""
    return until if len(until) > len("2026-12-01") else f"{until} 24:00"
