"""Review reminders by mail: what they say, and that they go out once a day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence

import structlog

from bot.desk.accounts import Account, Accounts
from bot.desk.editing import EditingDesk
from bot.desk.reminders import DueReview, MailServer, Write, mail_reminders
from bot.domain.clock import VIETNAM
from bot.editing.words import Words

log = structlog.get_logger(__name__)

MORNING = 7
"""The hour in Việt Nam from which a day's reminders go out."""

LOOK_SECONDS = 900.0


async def remind(desk: EditingDesk, accounts: Accounts, server: MailServer, address: str) -> int:
    """Send the reminders that are due and were not sent yet; how many mails that were. Raises DatabaseAway.

    address: where editors reach their pages, for links.
    """
    known = await desk.transact(accounts.all)
    return await mail_reminders(desk, known, server, words_of(address))


async def keep_reminding(desk: EditingDesk, accounts: Accounts, server: MailServer, address: str) -> None:
    """Send each day's reminders, for ever."""
    done = None
    while True:
        if is_time(now := desk.clock(), done):
            sent = await remind(desk, accounts, server, address)
            log.info("reminders_sent", mails=sent)
            done = now
        await asyncio.sleep(LOOK_SECONDS)


def is_time(now: datetime.datetime, last: datetime.datetime | None) -> bool:
    """Whether a day's reminders are to go out; last: when that was done before, if it was."""
    here = now.astimezone(VIETNAM)
    return here.hour >= MORNING and (last is None or last.astimezone(VIETNAM).date() != here.date())


def words_of(address: str) -> Write:
    """Writes a mail in the language of its reader, with links to the pages at `address`."""

    def write(account: Account, reviews: Sequence[DueReview]) -> tuple[str, str]:
        t = Words(account.language)
        lines = [
            t("mail_past" if one.is_past else "mail_due", title=one.title, day=f"{one.review_by:%d/%m/%Y}")
            + f"\n  {address}/answers/{one.name}"
            for one in reviews
        ]
        subject = t("mail_subject", number=len(reviews))
        greeting = t("mail_greeting", name=account.full_name)
        return subject, "\n\n".join([greeting, t("mail_intro"), *lines, t("mail_end")]) + "\n"

    return write
