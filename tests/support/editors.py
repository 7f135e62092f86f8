"""The editors' pages over a database of their own, without a network."""

from __future__ import annotations

import atexit
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pyotp
from cryptography.fernet import Fernet
from sqlalchemy import Connection

from bot.content.library import Library
from bot.content.loading import load
from bot.desk import audit
from bot.desk.accounts import Account, Accounts
from bot.desk.editing import EditingDesk
from bot.storage.database import Database
from tests.support import ROOT
from tests.support.clock import Clock

KEY = Fernet.generate_key().decode()
PASSWORD = "bốn từ ghép lại"
ORIGIN = "http://editors.example"
OURS = {"Sec-Fetch-Site": "same-origin"}
GIT_NAME = ["-c", "user.name=Git", "-c", "user.email=git@example.org"]

OFFICES = """\
# Who answers.
finance:
  vi:
    name: Sở Tài chính
  en:
    name: Department of Finance
justice:  # without a phone
  vi:
    name: Sở Tư pháp
    address: Số 1 Hòa Bình
  en:
    name: Department of Justice
    address: 1 Hòa Bình
  source: {title: Trang của Sở Tư pháp}
police:
  vi:
    name: Công an thành phố
  en:
    name: City Police
"""

ANSWER = """\
status: published
office: police
checked: 2026-11-01
review_by: 2027-10-01
sources:
  - title: Nguồn
vi:
  title: Gửi xe ở đâu
  answer: Có ba bãi gửi xe ở bến Ninh Kiều.
  questions: [gửi xe ở đâu]
en:
  title: Where to park
  answer: There are three car parks at Ninh Kiều quay.
  questions: [where can I park]
"""


@dataclass
class Pages:
    """The running pages, and how to get at them."""

    app: object
    database: Database
    accounts: Accounts
    clock: Clock
    desk: EditingDesk

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own, with its cookies."""
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={**OURS, **headers})

    async def entered(self, browser: httpx.AsyncClient, name: str = "lan", **rights: object) -> Account:
        """A browser in which somebody new is logged in; their account."""
        await self.invite(name, **rights)
        now = self.clock()

        def begin(connection: Connection) -> tuple[Account, str]:
            account = next(one for one in self.accounts.all(connection) if one.name == name)
            return account, self.accounts.begin_session(connection, account, now)

        account, session = await self.database.transact(begin)
        browser.cookies.set("editor", session)
        return account

    async def deeds(self) -> list[tuple[str, str, str]]:
        """Who did what and to what, the newest first."""
        return [entry[1:4] for entry in await self.database.transact(audit.entries)]

    async def invite(self, name: str = "lan", **rights: object) -> str:
        account = Account(id=0, name=name, full_name=f"Chị {name.title()}", **rights)  # type: ignore[arg-type]
        return await self.database.transact(
            lambda connection: self.accounts.invite(connection, account, self.clock())
        )

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.clock())

    def form_of(self, page: httpx.Response) -> dict[str, str]:
        """An invitation's form, filled in."""
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)
        assert secret
        code = self.code(secret[1])
        return {"secret": secret[1], "code": code, "password": PASSWORD, "again": PASSWORD}

    async def begin(self, browser: httpx.AsyncClient, token: str) -> str:
        """Accept an invitation; the secret of the one-time codes."""
        form = self.form_of(await browser.get(f"/invitation/{token}"))
        answer = await browser.post(f"/invitation/{token}", data=form)
        assert answer.status_code == 303, answer.text
        return form["secret"]

    async def log_in(
        self,
        browser: httpx.AsyncClient,
        secret: str,
        *,
        name: str = "lan",
        password: str = PASSWORD,
        then: str = "/",
    ) -> httpx.Response:
        form = {"name": name, "password": password, "code": self.code(secret), "then": then}
        return await browser.post("/login", data=form)


class _Form(HTMLParser):
    """Reads the fields of one form of a page."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._action = action
        self._is_inside = False
        self._area: str | None = None
        self._choice: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._is_inside = given.get("action") == self._action
        name = given.get("name") if self._is_inside else None
        if name and tag == "input" and given.get("type") not in {"checkbox", "radio", "file"}:
            self.fields[name] = given.get("value") or ""
        if name and tag == "select":
            self._choice = name
        if (
            tag == "option"
            and self._choice
            and (
                "selected" in given or self._choice not in self.fields  # a browser takes the first
            )
        ):
            self.fields[self._choice] = given.get("value") or ""
        if name and tag == "textarea":
            self._area = name
            self.fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._choice = None
        if tag == "textarea" and self._area:
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


def fields(page: httpx.Response, action: str) -> dict[str, str]:
    """What a form of a page sends if nothing is changed in it."""
    form = _Form(action)
    form.feed(page.text)
    assert form.fields, f"no form {action} in {page.status_code} {page.text}"
    return form.fields


def make_content(root: Path) -> Path:
    """content/ with three offices, the bot's sentences and an answer, in git."""
    return _copy(_small(), root)


def copy_content(root: Path) -> Path:
    """A copy of the city's own content, in git."""
    return _copy(_citys(), root)


def _copy(made: Path, root: Path) -> Path:
    shutil.copytree(made, root, dirs_exist_ok=True)
    return root / "content"


@cache
def _small() -> Path:
    root = _kept_directory()
    directory = root / "content"
    (directory / "city").mkdir(parents=True)
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    (directory / "city" / "parking.yml").write_text(ANSWER, encoding="utf-8")
    for name in ("messages.yml", "catalogue.yml"):
        shutil.copy(ROOT / "content" / name, directory)
    return _in_git(root)


@cache
def _citys() -> Path:
    root = _kept_directory()
    shutil.copytree(ROOT / "content", root / "content")
    return _in_git(root)


def _kept_directory() -> Path:
    """One that is there until the tests end."""
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    return Path(made.name)


def _in_git(root: Path) -> Path:
    for command in (["init", "-q"], ["add", "-A"], [*GIT_NAME, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True, timeout=30)
    return root


def make_desk(database: Database, directory: Path, clock: Clock) -> EditingDesk:
    """A desk that reads content/ anew whenever it changed, as the watcher would a second later."""
    read: dict[object, Library] = {}

    def library() -> Library:
        now, files = clock(), sorted(directory.rglob("*.yml"))
        state = (now, *((file, file.stat().st_mtime_ns, file.stat().st_ino) for file in files))
        if state not in read:
            read[state] = load(directory, now=now).library
        return read[state]

    return EditingDesk(database, directory, library, clock)


async def draft_of(browser: httpx.AsyncClient, name: str, **changes: str) -> httpx.Response:
    """Save the edit page of an answer as a draft, with these fields changed."""
    page = await browser.get(f"/answers/{name}")
    return await browser.post(f"/answers/{name}", data={**fields(page, f"/answers/{name}"), **changes})
