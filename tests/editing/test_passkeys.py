"""Passkeys: made with the password, used once per question, for this site only, gone with a lost phone."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import cbor2
import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import BrowserContext, expect
from webauthn.helpers import bytes_to_base64url

from bot.desk.accounts import Account
from bot.editing.app import create_app
from bot.http_server import config
from bot.serve import listen
from tests.support.chromium import PHONE, chromium
from tests.support.editors import KEY, ORIGIN, PASSWORD, Pages

HOST = "editors.example"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Authenticator:
    """A key in software. It does what its test says, not what is allowed."""

    host: str = HOST
    origin: str = ORIGIN
    flags: int = PRESENT | VERIFIED
    count: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> str:
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        length = len(self.credential).to_bytes(2, "big")
        attested = bytes(16) + length + self.credential + cbor2.dumps(public)
        data = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + attested}
        response = {"attestationObject": bytes_to_base64url(cbor2.dumps(data))}
        return self._answer(options, "webauthn.create", response)

    def use(self, options: dict[str, Any]) -> str:
        self.count += 1
        data, client = self._data(), self._client(options, "webauthn.get")
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "authenticatorData": bytes_to_base64url(data), "signature": bytes_to_base64url(signature),
        }  # fmt: skip
        return self._answer(options, "webauthn.get", response)

    def _data(self, more: int = 0) -> bytes:
        flags = bytes([self.flags | more])
        return hashlib.sha256(self.host.encode()).digest() + flags + self.count.to_bytes(4, "big")

    def _client(self, options: dict[str, Any], kind: str) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _answer(self, options: dict[str, Any], kind: str, response: dict[str, str]) -> str:
        client = bytes_to_base64url(self._client(options, kind))
        name = bytes_to_base64url(self.credential)
        whole = {"id": name, "rawId": name, "type": "public-key"}
        return json.dumps({**whole, "response": {**response, "clientDataJSON": client}})


async def registered(pages: Pages, name: str = "lan") -> tuple[Account, str]:
    """An account with a password, and the token of its session."""
    token = await pages.invite(name)
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        everybody = await pages.database.transact(pages.accounts.all)
        return next(one for one in everybody if one.name == name), browser.cookies["editor"]


def of_session(pages: Pages, session: str) -> httpx.AsyncClient:
    browser = pages.browser(Accept="application/json")
    browser.cookies.set("editor", session)
    return browser


async def question(browser: httpx.AsyncClient, password: str = PASSWORD) -> dict[str, Any]:
    answer = await browser.post("/account/passkeys/options", data={"password": password})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()
    return data


async def add(browser: httpx.AsyncClient, device: Authenticator, name: str = "Điện thoại") -> httpx.Response:
    asked = await question(browser)
    form = {"token": asked["token"], "answer": device.make(asked["options"]), "name": name}
    return await browser.post("/account/passkeys", data=form)


async def log_in(pages: Pages, device: Authenticator, then: str = "/account") -> httpx.Response:
    async with pages.browser(Accept="application/json") as browser:
        asked = (await browser.post("/login/passkey/options")).json()
        form = {"token": asked["token"], "answer": device.use(asked["options"]), "then": then}
        return await browser.post("/login/passkey", data=form)


async def test_a_passkey_logs_in_without_password_and_code(pages: Pages) -> None:
    _, session = await registered(pages)
    device = Authenticator()
    async with of_session(pages, session) as browser:
        assert (await add(browser, device)).json() == {"to": "/account/passkeys?added"}
        assert "Điện thoại" in (await browser.get("/account/passkeys")).text
    answer = await log_in(pages, device)
    assert answer.json() == {"to": "/account"}
    async with of_session(pages, answer.cookies["editor"]) as browser:
        assert (await browser.get("/account")).status_code == 200
    assert [deed for _, deed, _ in await pages.deeds()][:2] == ["log_in_passkey", "add_passkey"]


async def test_a_question_names_the_pages_own_address_whatever_the_request_says(pages: Pages) -> None:
    _, session = await registered(pages)
    elsewhere = {"Host": "evil.example:99"}
    async with of_session(pages, session) as browser:
        made = await browser.post("/account/passkeys/options", data={"password": PASSWORD}, headers=elsewhere)
        used = await browser.post("/login/passkey/options", headers=elsewhere)
    assert (made.json()["options"]["rp"]["id"], used.json()["options"]["rpId"]) == (HOST, HOST)


async def test_a_session_that_was_left_open_adds_no_passkey(pages: Pages) -> None:
    _, session = await registered(pages)
    async with of_session(pages, session) as browser:
        for _ in range(5):
            answer = await browser.post("/account/passkeys/options", data={"password": "wrong password"})
            assert (answer.status_code, answer.json()["error"]) == (422, "old_password_wrong")
        answer = await browser.post("/account/passkeys/options", data={"password": PASSWORD})
        assert answer.status_code == 429


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
)
async def test_an_answer_for_another_site_or_without_its_owner_is_refused(
    pages: Pages, wrong: dict[str, Any]
) -> None:
    _, session = await registered(pages)
    good, bad = Authenticator(), Authenticator(**wrong)
    async with of_session(pages, session) as browser:
        assert (await add(browser, bad)).status_code == 422
        await add(browser, good)
    bad.key, bad.credential = good.key, good.credential
    assert (await log_in(pages, bad)).status_code == 403
    assert (await log_in(pages, good)).status_code == 200


async def test_an_answer_works_once_for_its_own_question_and_not_for_long(pages: Pages) -> None:
    _, session = await registered(pages)
    device, stranger = Authenticator(), Authenticator()
    async with of_session(pages, session) as browser:
        asked = await question(browser)
        form = {"token": asked["token"], "answer": device.make(asked["options"]), "name": "a"}
        assert (await browser.post("/account/passkeys", data=form)).status_code == 200
        assert (await browser.post("/account/passkeys", data=form)).status_code == 422
        asked, other = [(await browser.post("/login/passkey/options")).json() for _ in range(2)]
        answer = device.use(asked["options"])
        for token in (other["token"], "", "x", asked["token"][:-4]):
            sent = {"token": token, "answer": answer}
            assert (await browser.post("/login/passkey", data=sent)).status_code == 403
            pages.clock.advance(minutes=0.5)
        pages.clock.advance(minutes=20)
        sent = {"token": asked["token"], "answer": answer}
        assert (await browser.post("/login/passkey", data=sent)).status_code == 403
        pages.clock.advance(minutes=20)
        asked = (await browser.post("/login/passkey/options")).json()
        sent = {"token": asked["token"], "answer": device.use(asked["options"])}
        assert (await browser.post("/login/passkey", data=sent)).status_code == 200
        assert (await browser.post("/login/passkey", data=sent)).status_code == 403
    stranger.credential = device.credential
    pages.clock.advance(minutes=20)
    assert (await log_in(pages, stranger)).status_code == 403


async def test_a_question_to_one_account_is_not_answered_for_another(pages: Pages) -> None:
    (_, lan), (_, minh) = await registered(pages), await registered(pages, "minh")
    device = Authenticator()
    async with of_session(pages, lan) as browser, of_session(pages, minh) as other:
        asked = await question(browser)
        form = {"token": asked["token"], "answer": device.make(asked["options"]), "name": "a"}
        assert (await other.post("/account/passkeys", data=form)).status_code == 422
        await add(browser, device)
        assert (await add(other, device)).status_code == 422
        removed = {"id": bytes_to_base64url(device.credential)}
        await other.post("/account/passkeys/remove", data=removed)
        assert (await log_in(pages, device)).status_code == 200
        await browser.post("/account/passkeys/remove", data=removed)
    assert (await log_in(pages, device)).status_code == 403


async def test_a_copied_key_whose_counter_stands_still_is_refused(pages: Pages) -> None:
    _, session = await registered(pages)
    device = Authenticator(count=5)
    async with of_session(pages, session) as browser:
        await add(browser, device)
    assert (await log_in(pages, device)).status_code == 200
    device.count = 3
    assert (await log_in(pages, device)).status_code == 403


async def test_a_lost_phone_and_a_closed_account_end_it(pages: Pages) -> None:
    (lan, session), (minh, other) = await registered(pages), await registered(pages, "minh")
    await pages.invite("boss", may_administer=True)
    mine, theirs = Authenticator(), Authenticator()
    async with of_session(pages, session) as browser, of_session(pages, other) as second:
        await add(browser, mine)
        await add(second, theirs)
    await pages.database.transact(lambda c: pages.accounts.reset(c, lan.id, pages.clock()))
    await pages.database.transact(lambda c: pages.accounts.disable(c, minh.id, pages.clock()))
    assert (await log_in(pages, mine)).status_code == 403
    assert (await log_in(pages, theirs)).status_code == 403


@pytest.mark.parametrize(
    "answer", ["", "null", "[]", "{}", '{"id": 1}', '{"id": "a", "response": {}}', "\0", "x" * 9000]
)
async def test_what_is_no_answer_is_refused(pages: Pages, answer: str) -> None:
    async with pages.browser(Accept="application/json") as browser:
        asked = (await browser.post("/login/passkey/options")).json()
        sent = await browser.post("/login/passkey", data={"token": asked["token"], "answer": answer})
        assert sent.status_code == 403


async def test_names_are_shown_as_they_are_written_and_another_site_gets_nowhere(pages: Pages) -> None:
    _, session = await registered(pages)
    async with of_session(pages, session) as browser:
        await add(browser, Authenticator(), "<script>alert(1)</script>")
        assert "<script>alert" not in (await browser.get("/account/passkeys")).text
        for path in ("/account/passkeys/options", "/account/passkeys", "/account/passkeys/remove"):
            answer = await browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403
    assert (await log_in(pages, Authenticator(), "//evil.example")).status_code == 403


# In a browser.


@contextlib.asynccontextmanager
async def served(pages: Pages) -> AsyncIterator[str]:
    """The pages on a port of this machine; their address by its name, as passkeys need it."""
    listener = listen("127.0.0.1", 0)
    address = f"http://localhost:{listener.getsockname()[1]}"
    server = uvicorn.Server(config(create_app(pages.desk, KEY, address), finish_within=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield address
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def phone() -> AsyncIterator[BrowserContext]:
    """A phone's browser."""
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
        context.set_default_timeout(15_000)
        yield context


@pytest.mark.server
@pytest.mark.browser
async def test_in_a_browser_a_passkey_is_added_and_logs_in(pages: Pages) -> None:
    _, session = await registered(pages)
    async with served(pages) as address, phone() as context:
        page = await context.new_page()
        devices = await context.new_cdp_session(page)
        await devices.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        await context.add_cookies([{"name": "editor", "value": session, "url": address}])
        await page.goto(f"{address}/account/passkeys")
        await page.fill("#name", "Điện thoại của Lan")
        await page.fill("#password", "wrong password")
        await page.click("#passkey-add button")
        await expect(page.locator('[data-problem="old_password_wrong"]')).to_be_visible()
        await page.fill("#password", PASSWORD)
        await page.click("#passkey-add button")
        await expect(page.locator("main")).to_contain_text("Điện thoại của Lan")
        await context.clear_cookies()
        await page.goto(f"{address}/login?then=%2Faccount")
        await page.click("#passkey-login button")
        await expect(page.locator("h1")).to_have_text("Tài khoản của tôi")
        assert page.url == f"{address}/account"


@pytest.mark.server
@pytest.mark.browser
async def test_in_a_browser_without_an_authenticator_the_login_says_so(pages: Pages) -> None:
    async with served(pages) as address, phone() as context:
        page = await context.new_page()
        devices = await context.new_cdp_session(page)
        await devices.send("WebAuthn.enable")
        await page.goto(f"{address}/login")
        await page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('none')); }")
        await page.click("#passkey-login button")
        await expect(page.locator("#passkey-login [role=alert]")).to_be_visible()
        await expect(page.locator("#password")).to_be_visible()
        await page.goto(f"{address.replace('localhost', '127.0.0.1')}/login")
        await expect(page.locator("#passkey-login")).to_be_hidden()
