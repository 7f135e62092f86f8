"""Review reminders reach a mail server as it would get them, in the reader's language, once a date."""

from __future__ import annotations

import asyncio
import datetime
import email
import email.policy
import warnings
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
from sqlalchemy import Connection

from bot.desk.accounts import Account
from bot.desk.reminders import DueReview, MailServer
from bot.domain.language import Language
from bot.editing.reminding import is_time, keep_reminding, remind, words_of
from bot.editing.settings import EditorsSettings
from bot.settings import SettingsError, load_as
from tests.support.editors import KEY, Pages

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aiosmtpd.smtp import SMTP, Envelope

ADDRESS = "https://editors.example.org"


class Postman:
    """Takes mails as a mail server does."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.came = asyncio.Event()
        self.port = 0

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        self.came.set()
        return "250 OK"

    def server(self, username: str | None = None, password: str | None = None) -> MailServer:
        return MailServer("127.0.0.1", self.port, "bot@example.org", username, password)


@pytest.fixture
async def postman() -> AsyncIterator[Postman]:
    postman = Postman()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postman, loop=loop, hostname="mail"), "127.0.0.1", 0)
    postman.port = server.sockets[0].getsockname()[1]
    yield postman
    server.close()


@pytest.fixture
async def due(pages: Pages) -> Pages:
    """Lan has begun and has a mail address; the answer's review, on 1 October 2027, is near."""
    await pages.invite("lan", email="lan@example.org")
    await pages.invite("minh")
    pages.clock.now = pages.clock.now.replace(year=2027, month=9, day=25, hour=3)
    return pages


async def test_a_reminder_comes_by_mail_with_a_link_and_comes_once(due: Pages, postman: Postman) -> None:
    assert await remind(due.desk, due.accounts, postman.server(), ADDRESS) == 1
    assert await remind(due.desk, due.accounts, postman.server(), ADDRESS) == 0
    (mail,) = postman.mails
    assert (mail["To"], mail["From"]) == ("lan@example.org", "bot@example.org")
    assert mail["Subject"] == "Hỏi Cần Thơ: 1 câu trả lời cần rà soát"
    text = mail.get_content()
    assert "Chào Chị Lan," in text
    assert "Gửi xe ở đâu: trước ngày 01/10/2027" in text
    assert f"{ADDRESS}/answers/city.parking" in text


async def test_it_speaks_the_readers_language(due: Pages, postman: Postman) -> None:
    def speak_english(connection: Connection) -> None:
        (lan,) = [one for one in due.accounts.all(connection) if one.name == "lan"]
        due.accounts.set_language(connection, lan.id, Language.EN)

    await due.database.transact(speak_english)
    due.clock.advance(days=30)
    await remind(due.desk, due.accounts, postman.server(), ADDRESS)
    assert "Where to park: was due 01/10/2027" in postman.mails[0].get_content()


async def test_a_mail_that_is_not_taken_is_tried_again(due: Pages, postman: Postman) -> None:
    nobody = MailServer("127.0.0.1", 9, "bot@example.org")
    assert await remind(due.desk, due.accounts, nobody, ADDRESS) == 0
    assert await remind(due.desk, due.accounts, postman.server(), ADDRESS) == 1


async def test_no_password_goes_to_a_server_without_encryption(due: Pages, postman: Postman) -> None:
    server = postman.server(username="bot", password="secret")
    assert await remind(due.desk, due.accounts, server, ADDRESS) == 0
    assert postman.mails == []
    assert "secret" not in repr(server)


async def test_a_days_reminders_go_out_by_themselves(due: Pages, postman: Postman) -> None:
    running = asyncio.create_task(keep_reminding(due.desk, due.accounts, postman.server(), ADDRESS))
    await asyncio.wait_for(postman.came.wait(), 10)
    async with asyncio.timeout(10):
        while not running.done():  # what sends a mail may take the first word for a broken connection
            running.cancel()
            await asyncio.wait([running], timeout=0.1)


@pytest.mark.parametrize(
    ("now", "last", "is_due"),
    [
        ("2026-11-28T06:59", None, False),
        ("2026-11-28T07:00", None, True),
        ("2026-11-28T23:00", "2026-11-28T07:00", False),
        ("2026-11-29T06:00", "2026-11-28T07:00", False),
        ("2026-11-29T07:10", "2026-11-28T07:00", True),
    ],
)
def test_they_go_out_once_a_day_in_the_morning_of_viet_nam(now: str, last: str | None, is_due: bool) -> None:
    def at(moment: str) -> datetime.datetime:
        return datetime.datetime.fromisoformat(f"{moment}+07:00").astimezone(datetime.UTC)

    assert is_time(at(now), at(last) if last else None) is is_due


def test_what_looks_like_a_placeholder_in_a_title_stays(due: Pages) -> None:
    one = DueReview("city.parking", "Tựa {day}", due.desk.today, is_past=True)
    _, text = words_of(ADDRESS)(Account(1, "lan", "Lan"), [one])
    assert "Tựa {day}: đã quá hạn" in text


class TestTheSettings:
    @pytest.fixture(autouse=True)
    def _no_env_file(self, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(str(tmp_path))
        monkeypatch.setenv("CONTENT_DIR", str(tmp_path))
        monkeypatch.setenv("EDITORS_KEY", KEY)

    def test_without_a_mail_server_there_is_no_mail(self) -> None:
        assert load_as(EditorsSettings).mail_server is None

    def test_a_mail_server_needs_a_sender(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SMTP_HOST", "mail.example.org")
        with pytest.raises(SettingsError, match=r"^SMTP_HOST is set, so SMTP_SENDER has to be [^\n]+\.$"):
            load_as(EditorsSettings)

    @pytest.mark.parametrize(("port", "uses_tls"), [("587", False), ("465", True)])
    def test_the_port_says_when_encryption_begins(
        self, port: str, uses_tls: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"HOST": "mail.example.org", "PORT": port, "SENDER": "a@b.vn"}.items():
            monkeypatch.setenv(f"SMTP_{name}", value)
        server = load_as(EditorsSettings).mail_server
        assert server == MailServer("mail.example.org", int(port), "a@b.vn", uses_tls=uses_tls)
