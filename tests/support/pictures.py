"""Makes the pictures of docs/editors.md and docs/editors.vi.md: `make pictures`.

The pages are served over a copy of content/, with made-up editors, a small database of the bot and a model
that knows each question that stands in content/. Chromium photographs them in both languages; it needs the
fonts of the packages fonts-noto-core and fonts-noto-color-emoji.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import Connection

from bot import http_server
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.desk.accounts import Account, Accounts
from bot.desk.bot_reader import BotReader
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.editing.app import create_app, open_database
from bot.serve import listen
from bot.storage.database import Database
from bot.storage.models import QuestionState
from bot.storage.questions import keep_question
from bot.storage.schema import migrate
from bot.storage.subscriptions import subscribe
from bot.text.folding import words
from tests.support import ROOT
from tests.support.clock import Clock
from tests.support.editors import KEY, Pages, copy_content, fields, make_desk

PICTURES = ROOT / "docs" / "pictures" / "editors"
LARGEST = 150_000
"""Bytes of a picture."""

DESK, LOW, PHONE = (1280, 720), (1280, 430), (360, 680)

LAN = Account(0, "lan", "Nguyễn Thị Lan", "lan@example.org", offices=frozenset({"police"}))
MINH = Account(0, "minh", "Trần Văn Minh", may_approve=True)
HANH = Account(0, "hanh", "Lê Hồng Hạnh", may_write=False, may_administer=True)
AN = Account(0, "an", "Võ Bình An", offices=frozenset({"culture-sports-tourism"}))

ANSWER, URGENT, OTHER = (
    "clarification.fake-vneid-calls",
    "clarification.fake-public-service-apps",
    "clarification.online-kidnapping",
)
ADDED = {
    "vi": "Công an không gửi đường link cài ứng dụng qua điện thoại.",
    "en": "The police send no link to install an app over the phone.",
}
BELONGS_ELSEWHERE = {"vi": "con bị bắt cóc online đòi tiền chuộc", "en": "my child was kidnapped online"}


def model(library: Library) -> httpx.AsyncClient:
    """A model that understands what stands in content/, and the two questions that belong elsewhere."""
    known = {
        frozenset(words(question)): answer.id
        for answer in library.taught()
        for language in Language
        for question in answer[language].questions
    }
    known |= {frozenset(words(question)): OTHER for question in BELONGS_ELSEWHERE.values()}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/parse":
            return httpx.Response(404)
        found = known.get(frozenset(words(json.loads(request.content)["text"])))
        intent = "faq" if found else "nlu_fallback"
        return httpx.Response(
            200, json={"intent": intent, "confidence": 0.9, "answers": [found] if found else []}
        )

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://rasa")


async def bots_database(url: str) -> None:
    """A database of the bot with a few people who wait, and subscribers."""
    database = Database(url)
    await migrate(database)
    for number in range(7):
        message = incoming(
            channel="web", address="a", conversation=f"c{number}", key=str(number), text="Có đúng không?"
        )
        state = QuestionState.LEFT if number < 3 else QuestionState.OPEN

        def keep(
            connection: Connection, message: Message = message, number: int = number,
            state: QuestionState = state,
        ) -> None:  # fmt: skip
            keep_question(
                connection, message, number + 1, language=Language.VI, nearest=ANSWER, state=state,
                now=utc_now(),
            )  # fmt: skip
            subscribe(connection, message, Language.VI, "clarification", utc_now())

        await database.transact(keep)
    await database.close()


@contextlib.asynccontextmanager
async def served(pages: Pages) -> AsyncIterator[str]:
    """The address at which the pages are served while the context is open."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(http_server.config(pages.app, finish_within=1))  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class Photographer:
    """Somebody's browser, in one language."""

    def __init__(self, browser: Browser, url: str, pages: Pages, language: Language) -> None:
        self._browser = browser
        self._url = url
        self._pages = pages
        self._language = language

    async def token(self, name: str) -> str:
        """A session of an editor, whose pages are in the photographer's language."""
        accounts, language = self._pages.accounts, self._language

        def begin(connection: Connection) -> str:
            (account,) = (one for one in accounts.all(connection) if one.name == name)
            accounts.set_language(connection, account.id, language)
            return accounts.begin_session(connection, account, self._pages.clock())

        return await self._pages.database.transact(begin)

    @contextlib.asynccontextmanager
    async def page(self, name: str | None, path: str, size: tuple[int, int] = DESK) -> AsyncIterator[Page]:
        """A page as an editor sees it; None: somebody who is not logged in."""
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="light",
            device_scale_factor=1.5 if size == PHONE else 1, reduced_motion="reduce",
        )  # fmt: skip
        try:
            if name:
                token = await self.token(name)
                await context.add_cookies([{"name": "editor", "value": token, "url": self._url}])
            else:
                language = {"name": "editors_language", "value": self._language.value, "url": self._url}
                await context.add_cookies([language])  # type: ignore[list-item]
            page = await context.new_page()
            await page.goto(f"{self._url}{path}")
            yield page
        finally:
            await context.close()

    async def keep(self, page: Page, name: str, at: str | None = None) -> None:
        """Take the picture; at: what stands on top of it."""
        if at:
            await page.locator(at).first.evaluate("node => node.scrollIntoView({block: 'start'})")
        file = PICTURES / f"{name}.{self._language}.png"
        await page.screenshot(path=file)
        if file.stat().st_size > LARGEST:
            sys.exit(f"{file} has {file.stat().st_size} bytes; at most {LARGEST} are wanted.")

    async def shoot(
        self, name: str, who: str | None, path: str, size: tuple[int, int] = DESK, at: str | None = None
    ) -> None:
        """A picture of a page as it opens."""
        async with self.page(who, path, size) as page:
            await self.keep(page, name, at)

    @contextlib.asynccontextmanager
    async def form(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser of an editor without a picture, for what leads up to one."""
        token = await self.token(name)
        async with self._pages.browser() as browser:
            browser.cookies.set("editor", token)
            yield browser


async def change(browser: httpx.AsyncClient, name: str, changes: dict[str, str]) -> httpx.Response:
    """Add to the fields of an answer and send the form; what is empty there is set."""
    typed = fields(await browser.get(f"/answers/{name}"), f"/answers/{name}")
    form = {**typed, **{key: f"{typed.get(key, '')}{value}" for key, value in changes.items()}}
    answer = await browser.post(f"/answers/{name}", data=form)
    if answer.status_code != 303:
        sys.exit(f"{name} was not saved: {answer.status_code} {answer.text[:3000]}")
    return answer


async def press(browser: httpx.AsyncClient, name: str, action: str, typed: dict[str, str]) -> None:
    """Send one of the small forms of an answer, from the draft as it is now."""
    page = await browser.get(f"/answers/{name}")
    base = fields(page, f"/answers/{name}")["base_draft"]
    answer = await browser.post(f"/answers/{name}/{action}", data={"base_draft": base, **typed})
    if answer.status_code != 303:
        sys.exit(f"{action} of {name} was refused: {answer.status_code} {answer.text[:3000]}")


async def take_pictures(photographer: Photographer, pages: Pages) -> None:
    """The way of one correction, from the login to the history."""
    shoot = photographer.shoot
    token = await pages.invite("hoa")
    await shoot("invitation", None, f"/invitation/{token}", PHONE)
    await shoot("login", None, "/login", PHONE)
    await shoot("answers", "lan", "/answers?q=vneid")

    async with photographer.form("lan") as lan:
        added = {f"{language}.answer": f" {text}" for language, text in ADDED.items()}
        asked = {f"{language}.questions": f"\n{text}" for language, text in BELONGS_ELSEWHERE.items()}
        await change(lan, ANSWER, {**added, **asked})
    await shoot("edit", "lan", f"/answers/{ANSWER}")
    await shoot("edit-phone", "lan", f"/answers/{ANSWER}", PHONE, at="form.edit .columns section")
    await shoot("preview", "lan", f"/answers/{ANSWER}/preview", LOW, at="main h3")
    await shoot("find", "lan", f"/answers/{ANSWER}/findability")

    async with photographer.form("lan") as lan:
        typed = fields(await lan.get(f"/answers/{ANSWER}"), f"/answers/{ANSWER}")
        for language, text in BELONGS_ELSEWHERE.items():
            typed[f"{language}.questions"] = typed[f"{language}.questions"].replace(text, "")
        await lan.post(f"/answers/{ANSWER}", data=typed)
        await press(lan, ANSWER, "submit", {"note": "Công an phường vừa cảnh báo thêm."})
        await change(lan, URGENT, {"vi.answer": f" {ADDED['vi']}", "en.answer": f" {ADDED['en']}"})
        await press(lan, URGENT, "publish", {"how": "now", "reason": "Tin đồn đang lan trên mạng."})
    await shoot("start", "minh", "/")
    async with photographer.form("minh") as minh:
        await minh.post(
            f"/answers/{ANSWER}/remarks", data={"field": "vi.answer", "text": "Ngắn hơn được không?"}
        )
    await shoot("publish", "minh", f"/answers/{ANSWER}/publish")
    pages.clock.advance(minutes=20)
    async with photographer.form("minh") as minh:
        await press(minh, ANSWER, "approve", {})
        await press(minh, ANSWER, "publish", {"how": "approved", "note": "Thêm cảnh báo về đường link."})
    await shoot("history", "minh", f"/answers/{ANSWER}/history")
    await shoot("withdraw", "lan", f"/answers/{ANSWER}/withdraw", PHONE, at="fieldset")

    async with photographer.page("lan", f"/answers/{OTHER}") as page:
        async with photographer.form("minh") as minh:
            await change(minh, OTHER, {"vi.title": " (mới)"})
        await page.locator('[name="vi.title"]').fill("Lừa đảo bắt cóc online, đòi tiền chuộc")
        await page.locator('.actions button[name="then"][value=""]').click()
        await page.locator(".note[role=alert]").wait_for()
        await photographer.keep(page, "conflict")

    await shoot("offices", "minh", "/offices")
    await shoot("office", "minh", "/offices/justice")
    await shoot("sentence", "minh", "/sentences/phrases.fallback")
    await shoot("editors", "hanh", "/editors")


@contextlib.asynccontextmanager
async def made_up() -> AsyncIterator[Pages]:
    """The pages with everything behind them, while the context is open."""
    accounts = Accounts(KEY)

    def invite(connection: Connection) -> list[str]:
        return [accounts.invite(connection, account, utc_now()) for account in (LAN, MINH, HANH, AN)]

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        await bots_database(f"sqlite:///{root}/bot.db")
        reader = BotReader(f"sqlite:///{root}/bot.db")
        content = copy_content(root / "site")
        database, clock = await open_database(f"sqlite:///{root}/editors.db"), Clock(utc_now())
        desk = make_desk(database, content, clock)
        desk = dataclasses.replace(desk, bot=reader, rasa=model(desk.library()))
        pages = Pages(create_app(desk, KEY, "http://localhost"), database, accounts, clock, desk)
        *begun, _ = await database.transact(invite)
        for token in begun:
            async with pages.browser() as theirs:
                await pages.begin(theirs, token)
        yield pages
        await reader.close()
        await database.close()


async def main() -> None:
    """Make all pictures anew, in both languages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    switches = ["--no-sandbox", "--disable-gpu"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=switches)
        for language in Language:
            async with made_up() as pages, served(pages) as url:
                await take_pictures(Photographer(browser, url, pages, language), pages)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
