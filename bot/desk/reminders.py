"""Reviews that are due: who is reminded of which, by mail where the city has a mail server."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.header import Header
from email.mime.text import MIMEText
from functools import partial

import aiosmtplib
import structlog
from sqlalchemy import Connection

from bot.content.schema import Answer, AnswerStatus
from bot.desk.accounts import Account
from bot.desk.editing import EditingDesk, Right, may
from bot.storage.editors import reminders

log = structlog.get_logger(__name__)

AHEAD = datetime.timedelta(days=14)
"""How long before the day somebody is reminded."""

SECONDS = 20.0
"""How long the mail server may take for a mail."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over.

    username, password: without them there is no login; uses_tls: from the beginning. Else TLS is begun by
    STARTTLS if the server offers it, and without it no password is sent.
    """

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    uses_tls: bool = False


@dataclass(frozen=True, slots=True)
class DueReview:
    """An answer whose facts are to be checked again."""

    name: str
    title: str
    review_by: datetime.date
    is_past: bool


Write = Callable[[Account, Sequence[DueReview]], tuple[str, str]]
"""Makes the subject and the text of a mail, in the words of the pages."""


def due(desk: EditingDesk, account: Account) -> tuple[DueReview, ...]:
    """The answers for which the account writes whose review is past or near, the oldest first."""
    found = [
        DueReview(answer.id, answer[account.language].title, answer.review_by, answer.review_by < desk.today)
        for answer in _live(desk)
        if answer.review_by <= desk.today + AHEAD and may(account, Right.WRITE, {answer.office})
    ]
    return tuple(sorted(found, key=lambda one: (one.review_by, one.name)))


async def mail_reminders(
    desk: EditingDesk, accounts: Sequence[Account], server: MailServer, write: Write
) -> int:
    """Remind editors by mail of the reviews of which they were not reminded yet; how many mails were sent.

    A mail that the server does not take is tried again when this is called next.
    """
    sent = 0
    for account in accounts:
        if not account.email or account.is_disabled:
            continue
        known = await desk.transact(partial(reminders.of, editor_id=account.id))
        new = [one for one in due(desk, account) if (one.name, one.review_by.isoformat()) not in known]
        if not new:
            continue
        subject, text = write(account, new)
        try:
            await _send(server, account.email, subject, text)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            log.warning("reminder_not_sent", error=type(error).__name__)
            continue
        await _note(desk, account, new)
        sent += 1
    return sent


async def _note(desk: EditingDesk, account: Account, reviews: Sequence[DueReview]) -> None:
    now = desk.clock()

    def work(connection: Connection) -> None:
        for one in reviews:
            reminders.note(connection, one.name, one.review_by.isoformat(), account.id, now)

    await desk.transact(work)


async def _send(server: MailServer, to: str, subject: str, text: str) -> None:
    # Not EmailMessage: Python 3.11 loses a blank where it folds a subject with diacritics (gh-92081).
    mail = MIMEText(text, "plain", "utf-8")
    mail["From"], mail["To"] = server.sender, to
    mail["Subject"] = Header(" ".join(subject.split()), "utf-8", header_name="Subject").encode()
    await aiosmtplib.send(
        mail, hostname=server.host, port=server.port, username=server.username, password=server.password,
        use_tls=server.uses_tls, timeout=SECONDS,
        start_tls=True if server.username and not server.uses_tls else None,
    )  # fmt: skip


def _live(desk: EditingDesk) -> list[Answer]:
    library = desk.library()
    return [answer for answer in library.answers.values() if library.status(answer) is AnswerStatus.PUBLISHED]
