"""The editors' pages over a database of their own, without a network."""

from __future__ import annotations

import datetime
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyotp
import pytest
from cryptography.fernet import Fernet

from bot.desk.accounts import Account, Accounts
from bot.domain.clock import utc_now
from bot.editing.app import create_app, open_database
from bot.storage.database import Database

KEY = Fernet.generate_key().decode()
PASSWORD = "bốn từ ghép lại"
ORIGIN = "http://editors.example"
OURS = {"Sec-Fetch-Site": "same-origin"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime.datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += datetime.timedelta(**by)


@dataclass
class Pages:
    """The running pages, and how to get at them."""

    app: object
    database: Database
    accounts: Accounts
    clock: Clock

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own, with its cookies."""
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={**OURS, **headers})

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


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    database = await open_database(f"sqlite:///{tmp_path}/editors.db")
    clock = Clock()
    yield Pages(create_app(database, KEY, is_secure=False, clock=clock), database, Accounts(KEY), clock)
    await database.close()
