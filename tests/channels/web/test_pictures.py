"""A picture on the page and by its interface: chosen, pasted or dropped, it is read and can be checked."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import delete, func, select

from bot.reading.limits import BYTES_MOST
from bot.storage.models import UploadedPicture
from bot.storage.pictures import UPLOADED_MOST, upload
from tests.support.chat_page import ask, opened
from tests.support.chromium import PHONE
from tests.support.hostile_pictures import PICTURES, saved, written
from tests.support.site import Site

RUMOUR = saved(written("Chợ nổi đóng cửa luôn"), "PNG")

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("tesseract")]


@pytest.fixture(scope="module")
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site.url, timeout=60) as client:
        yield client


async def post(client: httpx.AsyncClient, data: bytes, **more: object) -> httpx.Response:
    body = {"conversation": "pictures", "picture": base64.b64encode(data).decode(), **more}
    return await client.post("/api/pictures", json=body)


async def number_kept(site: Site) -> int:
    query = select(func.count()).select_from(UploadedPicture)
    return await site.database.transact(lambda connection: connection.scalar(query) or 0)


def only(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    (card,) = response.json()["replies"]
    return dict(card)


class TestInterface:
    async def test_the_reply_says_what_was_read(self, site: Site, client: httpx.AsyncClient) -> None:
        card = only(await post(client, RUMOUR))
        assert card["action"] == "picture_read"
        assert "Chợ nổi đóng cửa luôn" in card["text"]
        assert [button["payload"] for button in card["buttons"]] == ["picture:check", "picture:type"]

    async def test_its_button_asks_about_it(self, site: Site, client: httpx.AsyncClient) -> None:
        await post(client, RUMOUR)
        checked = await client.post(
            "/api/messages", json={"conversation": "pictures", "button": "picture:check"}
        )
        assert only(checked)["id"] == "culture.floating-market"

    async def test_a_text_beside_it_is_the_question(self, client: httpx.AsyncClient) -> None:
        response = await post(client, RUMOUR, text="Đúng không?")
        kinds = [(card["id"], card["action"]) for card in response.json()["replies"]]
        assert kinds == [("culture.floating-market", None), (None, "picture_read")]

    async def test_the_same_key_gets_the_same_reply_and_nothing_is_kept(
        self, site: Site, client: httpx.AsyncClient
    ) -> None:
        first, again = await post(client, RUMOUR, key="k"), await post(client, RUMOUR, key="k")
        assert first.json() == again.json()
        assert await number_kept(site) == 0

    @pytest.mark.parametrize("name", ["a PDF named .jpg", "a header of 65535 x 65535", "a HEIC"])
    async def test_what_cannot_be_read_gets_a_kind_sentence(
        self, client: httpx.AsyncClient, site: Site, name: str
    ) -> None:
        card = only(await post(client, PICTURES[name]()))
        assert card["text"] == site.library.messages.phrases.picture_refused.vi

    @pytest.mark.parametrize("picture", ["", "no base64!", "AAA", 7, None])
    async def test_what_is_no_picture_at_all_is_refused(
        self, client: httpx.AsyncClient, picture: object
    ) -> None:
        response = await client.post("/api/pictures", json={"conversation": "c", "picture": picture})
        assert response.status_code == 422
        assert response.json()["error"]["message"].startswith("picture: ")

    async def test_one_of_too_many_bytes_is_refused(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, bytes(BYTES_MOST + 3))).status_code == 422
        assert (await post(client, bytes(BYTES_MOST + 100_000))).status_code == 413

    async def test_where_too_many_wait_people_are_asked_to_type(
        self, site: Site, client: httpx.AsyncClient
    ) -> None:
        now = site.database.clock()

        def fill(connection: Any) -> None:
            for number in range(UPLOADED_MOST):
                upload(connection, f"waiting {number}", "somebody", b"x", now)

        await site.database.transact(fill)
        try:
            card = only(await post(client, RUMOUR))
            answered = await post(client, RUMOUR, text="món ngon")
        finally:
            await site.database.transact(
                lambda connection: connection.execute(delete(UploadedPicture)) and None
            )
        assert card["text"] == site.library.messages.phrases.picture_busy.vi
        assert only(answered)["id"] == "culture.food"


async def dropped(page: Page, kind: str, target: str, data: bytes, mime_type: str = "image/png") -> None:
    """Let a picture come by the clipboard or the mouse."""
    await page.evaluate(
        """([kind, target, data, type]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "picture", { type }));
            const init = { bubbles: true, cancelable: true };
            const event = kind === "paste"
                ? new ClipboardEvent(kind, { ...init, clipboardData: transfer })
                : new DragEvent(kind, { ...init, dataTransfer: transfer });
            document.querySelector(target).dispatchEvent(event);
        }""",
        [kind, target, base64.b64encode(data).decode(), mime_type],
    )


@pytest.mark.browser
class TestPage:
    async def test_a_picture_is_chosen_with_one_thumb_read_and_checked(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site, PHONE) as page:
            async with page.expect_file_chooser() as choosing:
                await page.get_by_role("button", name="Gửi hình chụp để kiểm tra").click()
            chooser = await choosing.value
            assert not chooser.is_multiple()
            await chooser.set_files({"name": "a.png", "mimeType": "image/png", "buffer": RUMOUR})
            card = page.locator(".card").last
            await expect(card).to_contain_text("Chợ nổi đóng cửa luôn")
            await expect(page.locator(".said").last).to_contain_text("Hình gửi kèm")
            await card.get_by_role("button", name="Kiểm tra điều này").click()
            await expect(page.locator(".card").last.get_by_role("heading")).to_have_text("Chợ nổi Cái Răng")

    async def test_who_would_rather_type_is_asked_to(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await page.locator("#picture").set_input_files(
                {"name": "a.png", "mimeType": "image/png", "buffer": RUMOUR}
            )
            await page.get_by_role("button", name="Để tôi gõ").click()
            await expect(page.locator(".card").last).to_contain_text("bạn gõ điều muốn kiểm tra")

    @pytest.mark.parametrize(("kind", "target"), [("paste", "#question"), ("drop", "main")])
    async def test_it_may_be_pasted_or_dropped_and_what_is_typed_is_asked_about_it(
        self, browser: Browser, site: Site, kind: str, target: str
    ) -> None:
        async with opened(browser, site) as page:
            await page.get_by_label("Câu hỏi của bạn").fill("Đúng không?")
            await dropped(page, kind, target, RUMOUR)
            await expect(page.locator(".said")).to_contain_text("Hình gửi kèm: Đúng không?")
            await expect(page.locator(".card")).to_have_count(2)
            await expect(page.locator(".card").first).to_contain_text("Chợ nổi Cái Răng")
            await expect(page.get_by_label("Câu hỏi của bạn")).to_have_value("")

    async def test_what_leaves_the_browser_is_small_and_tells_no_place(
        self, browser: Browser, site: Site
    ) -> None:
        photo = written("Ảnh chụp ở nhà", (4000, 3000))
        exif = photo.getexif()
        exif[0x010F] = "Maker of the camera"
        exif.get_ifd(0x8825).update({1: "N", 2: (10.0, 2.0, 0.0)})
        async with opened(browser, site) as page:
            async with page.expect_request("**/api/pictures") as asking:
                await page.locator("#picture").set_input_files(
                    {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": saved(photo, "JPEG", exif=exif)}
                )
            body = json.loads((await asking.value).post_data or "")
            sent = base64.b64decode(body["picture"])
            assert b"Maker of the camera" not in sent
            assert b"Exif" not in sent
            assert len(sent) < 500_000
            await expect(page.locator(".card")).to_be_visible()

    async def test_one_that_the_browser_cannot_open_is_told_at_once(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await page.locator("#picture").set_input_files(
                {"name": "a.heic", "mimeType": "image/heic", "buffer": PICTURES["a HEIC"]()}
            )
            await expect(page.locator("#length")).to_contain_text("Không gửi được hình này")
            await expect(page.locator(".turn")).to_have_count(0)

    async def test_nothing_of_it_is_kept_in_the_browser_and_after_a_reload_its_reply_is_fetched(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await ask(page, "món ngon")
            site.rasa.may_answer.clear()
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi, đúng không?")
            async with page.expect_request("**/api/pictures"):
                await page.locator("#picture").set_input_files(
                    {"name": "a.png", "mimeType": "image/png", "buffer": RUMOUR}
                )
            await site.rasa.was_asked(2)
            kept = await page.evaluate("JSON.stringify(localStorage)")
            assert len(kept) < 20_000
            await page.reload()
            site.rasa.may_answer.set()
            turn = page.locator(".turn").last
            await expect(turn.locator(".card").first).to_contain_text("Chợ nổi Cái Răng")
            await expect(turn.locator(".card").last).to_contain_text("Mình đọc được trong hình")

    async def test_words_that_are_pasted_with_a_picture_stay_words(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            is_taken = await page.evaluate(
                """() => {
                    const transfer = new DataTransfer();
                    transfer.setData("text/plain", "from a document");
                    transfer.items.add(new File(["x"], "a.png", { type: "image/png" }));
                    const init = { bubbles: true, cancelable: true, clipboardData: transfer };
                    const event = new ClipboardEvent("paste", init);
                    document.querySelector("#question").dispatchEvent(event);
                    return event.defaultPrevented;
                }"""
            )
            assert not is_taken
