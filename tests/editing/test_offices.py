"""Offices: each editor changes their own, nobody overwrites anybody, and a sheet fills in many."""

from __future__ import annotations

import io
import re
import zipfile

import httpx
import pytest

from bot.desk import drafting
from bot.desk.accounts import Account
from bot.desk.editing import OFFICES
from tests.support.editors import Pages, fields

SCRIPT = "\"></textarea><script>alert(1)</script>'"
ELSEWHERE = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "", "Origin": "https://evil.example"})
CHIEF = Account(0, "chief", "Chief")
SOURCE = {"source.title": "Công văn 12", "source.issuer": "UBND thành phố", "source.date": "2026-11"}
FINANCE = {"vi.name": "Sở Tài chính", "en.name": "Department of Finance"}


async def revision(browser: httpx.AsyncClient) -> dict[str, str]:
    """The revision of the draft, as the list of offices names it."""
    found = re.search(r'name="base_draft" value="(\d+)"', (await browser.get("/offices")).text)
    assert found
    return {"base_draft": found[1]}


async def save_sheet(browser: httpx.AsyncClient, page: httpx.Response, then: str = "save") -> httpx.Response:
    """Press a button of the page that shows what a sheet would change."""
    form = fields(page, "/offices/sheet/save")
    return await browser.post("/offices/sheet/save", data={**form, "then": then})


async def change(browser: httpx.AsyncClient, key: str, **typed: str) -> httpx.Response:
    """Open an office's form, type, and save it."""
    form = fields(await browser.get(f"/offices/{key}"), f"/offices/{key}")
    typed = {name.replace("__", "."): text for name, text in typed.items()}
    return await browser.post(f"/offices/{key}", data={**form, **typed})


async def upload(browser: httpx.AsyncClient, data: bytes, name: str = "offices.csv") -> httpx.Response:
    return await browser.post("/offices/sheet", files={"sheet": (name, data, "text/csv")})


async def draft_of(pages: Pages, key: str) -> dict[str, object]:
    value = (await drafting.open_(pages.desk, CHIEF, OFFICES)).value[key]
    assert isinstance(value, dict)
    return value


async def test_the_list_says_at_once_what_is_missing(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        page = (await browser.get("/offices")).text
        assert "Chưa có địa chỉ: 2. Chưa có điện thoại: 3." in page
        assert page.count("Thiếu địa chỉ") == 2
        assert "Sở Tư pháp" in (await browser.get("/offices?lacking")).text


async def test_an_office_is_changed_in_the_draft_and_goes_out_after_a_second_person(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh", may_approve=True)
        saved = await change(lan, "finance", phone="0292 3 999 999", **{"source__title": "Công văn 12"})
        assert saved.headers["location"] == "/offices?saved"
        page = await lan.get("/offices?saved")
        assert "Đã lưu vào bản nháp" in page.text
        assert "0292 3 999 999" in page.text
        form = fields(page, "/offices/submit")
        assert (await lan.post("/offices/submit", data=form)).headers["location"] == "/offices?submitted"
        reviewed = await revision(minh)
        assert (await lan.post("/answers/offices/approve", data=reviewed)).status_code == 403
        assert (await minh.get("/answers/offices/publish")).status_code == 200
        assert (await minh.post("/answers/offices/approve", data=reviewed)).status_code == 303
        published = await minh.post("/answers/offices/publish", data={**reviewed, "how": "approved"})
        assert published.headers["location"] == "/answers/offices/progress", published.text
    text = (pages.desk.directory / "offices.yml").read_text(encoding="utf-8")
    assert "phone: 0292 3 999 999" in text
    assert "justice:  # without a phone" in text


async def test_what_is_to_be_mended_is_named_before_it_is_submitted(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        await change(browser, "finance", website="cantho.gov.vn", en__name="")
        page = await browser.get("/offices/finance")
        assert page.text.count('class="problem"') == 2
        form = fields(await browser.get("/offices"), "/offices/submit")
        answer = await browser.post("/answers/offices/submit", data=form)
        assert answer.status_code == 422
        assert "Sở Tài chính: Trang web" in answer.text


async def test_two_editors_of_two_offices_are_not_in_each_others_way(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh")
        before = fields(await minh.get("/offices/police"), "/offices/police")
        await change(lan, "finance", phone="111")
        answer = await minh.post("/offices/police", data={**before, "phone": "113"})
        assert answer.status_code == 303
    assert (await draft_of(pages, "finance"))["phone"] == "111"
    assert (await draft_of(pages, "police"))["phone"] == "113"


async def test_two_editors_of_one_office_see_both_versions_and_merge_them(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh")
        before = fields(await minh.get("/offices/justice"), "/offices/justice")
        await change(lan, "justice", phone="111", vi__address="Số 2 Hòa Bình")
        answer = await minh.post(
            "/offices/justice", data={**before, "phone": "222", "website": "https://a.vn"}
        )
        assert answer.status_code == 409
        assert {"111", "222", "Số 2 Hòa Bình"} <= set(re.findall(r'class="version">([^<]+)<', answer.text))
        form = fields(answer, "/offices/merge")
        assert form["field.justice.vi.address"] == "Số 2 Hòa Bình"
        form["field.justice.phone"] = "111, 222"
        form["field.nobody.phone"] = form["field.justice.status"] = "x"
        assert (await minh.post("/offices/merge", data=form)).status_code == 303
    justice = await draft_of(pages, "justice")
    assert (justice["phone"], justice["website"]) == ("111, 222", "https://a.vn")
    assert justice["vi"] == {"name": "Sở Tư pháp", "address": "Số 2 Hòa Bình"}
    assert "status" not in justice


async def test_what_came_by_git_meanwhile_is_not_overwritten(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        before = fields(await browser.get("/offices/finance"), "/offices/finance")
        file = pages.desk.directory / "offices.yml"
        file.write_text(file.read_text(encoding="utf-8").replace("Số 1 Hòa", "Số 3 Hòa"), encoding="utf-8")
        answer = await browser.post("/offices/finance", data={**before, "phone": "111"})
        assert answer.status_code == 303
        assert "Số 3 Hòa Bình" in (await browser.get("/offices")).text


async def test_an_office_of_others_is_seen_and_not_changed_in_any_way(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as hoa:
        await pages.entered(lan, "lan", offices=frozenset({"finance"}))
        await pages.entered(hoa, "hoa", offices=frozenset({"police"}))
        bases = fields(await hoa.get("/offices/police"), "/offices/police")
        await change(lan, "finance", phone="0292 111")
        page = await hoa.get("/offices/finance")
        assert "tài khoản của bạn không được sửa" in page.text
        assert 'button class="primary"' not in page.text
        now = {**bases, "base_draft": "1"}
        for path, form in (
            ("/offices/finance", {**now, "phone": "999"}),
            ("/offices/merge", {**now, "field.finance.phone": "999"}),
            ("/answers/offices/approve", {"base_draft": "1"}),
            ("/answers/offices/publish", {"base_draft": "1", "how": "now", "reason": "Gấp"}),
            ("/offices/discard", {"base_draft": "1", "sure": "yes"}),
        ):
            assert (await hoa.post(path, data=form)).status_code == 403, path
        assert (await hoa.post("/offices/police", data={**bases, "phone": "113"})).status_code == 303
    assert (await draft_of(pages, "finance"))["phone"] == "0292 111"
    assert (await draft_of(pages, "police"))["phone"] == "113"


@pytest.mark.parametrize(
    "key",
    [
        "nobody",
        "../messages",
        "%2e%2e",
        "..%2foffices",
        "%2e%2e%2fmessages",
        "a%00b",
        "finance.vi",
        "Sở",
    ],
)
async def test_a_key_that_is_no_office_is_not_found(pages: Pages, key: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        for answer in (
            await browser.get(f"/offices/{key}"), await browser.post(f"/offices/{key}", data=FINANCE),
        ):  # fmt: skip
            assert answer.status_code in {404, 405}
    assert await pages.deeds() == []


async def test_scripts_in_every_field_are_shown_as_they_are_written(pages: Pages) -> None:
    names = [*FINANCE, "vi.address", "en.address", "phone", "website", "source.number", "source.url", *SOURCE]
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh")
        before = fields(await minh.get("/offices/finance"), "/offices/finance")
        form = {**before, **dict.fromkeys(names, SCRIPT)}
        assert (await lan.post("/offices/finance", data=form)).status_code == 303
        mine = {**before, **dict.fromkeys(names, SCRIPT + "2")}
        shown = [
            await lan.get("/offices"), await lan.get("/offices/finance"),
            await minh.post("/offices/finance", data=mine),
            await lan.get("/answers/offices/compare"), await lan.get("/answers/offices/publish"),
            await lan.post("/offices/submit", data={"base_draft": "1"}),
            await upload(lan, f"office;phone\nfinance;{SCRIPT}3\n{SCRIPT};1".encode()),
        ]  # fmt: skip
        assert [page.status_code for page in shown] == [200, 200, 409, 200, 200, 422, 200]
        assert not [page for page in shown if "<script>alert" in page.text]


async def test_another_site_changes_no_office(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        bases = fields(await browser.get("/offices/finance"), "/offices/finance")
        for path in ("finance", "merge", "submit", "discard", "sheet", "sheet/save"):
            for site in (
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
            ):
                answer = await browser.post(f"/offices/{path}", data={**bases, "phone": "1"}, headers=site)
                assert answer.status_code == 403
    assert await pages.deeds() == []


async def test_an_answers_form_does_no_harm_to_the_offices(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        for end in ("", "/autosave", "/preview", "/findability", "/withdraw", "/move-question"):
            answer = await browser.post(f"/answers/offices{end}", data={"vi.title": "x", "base_draft": "0"})
            assert answer.headers["location"] == "/offices"
            assert (await browser.get(f"/answers/offices{end}")).headers["location"] == "/offices"
    assert await pages.deeds() == []


# The sheet.


async def test_a_sheet_is_filled_in_looked_at_and_then_saved(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        sheet = await browser.get("/offices/sheet.csv")
        assert sheet.content.startswith("\ufeffoffice;".encode())
        lines = sheet.content.decode("utf-8-sig").splitlines()
        empty, typed = "Department of Finance;;;;", "Department of Finance;Số 9;No. 9;0292;"
        filled = [line.replace(empty, typed) for line in lines]
        page = await upload(browser, "\n".join([*filled, "nobody;a"]).encode("utf-8-sig"))
        assert "3 chỗ, ở 1 cơ quan. Chưa lưu." in page.text
        assert "Dòng 5: " in page.text
        assert "Sở Tài chính: Điện thoại" in page.text
        assert await pages.deeds() == []
        assert "gửi lên một bảng" in (await browser.get("/offices")).text
        saved = await save_sheet(browser, page)
        assert saved.headers["location"] == "/offices?saved"
    assert (await draft_of(pages, "finance"))["phone"] == "0292"


async def test_a_sheet_that_was_looked_at_is_thrown_away_or_saved_once_by_whose_it_is(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as thief:
        await pages.entered(browser)
        await pages.entered(thief, "minh")
        form = fields(await upload(browser, b"office;phone\nfinance;1"), "/offices/sheet/save")
        assert (await thief.post("/offices/sheet/save", data={**form, "then": "save"})).status_code == 410
        await browser.post("/offices/sheet/save", data={**form, "then": "forget"})
        assert (await browser.post("/offices/sheet/save", data={**form, "then": "save"})).status_code == 410
    assert await pages.deeds() == []


async def test_a_sheet_reaches_no_other_office(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, offices=frozenset({"finance"}))
        page = await upload(browser, b"office;phone\nfinance;1\npolice;2")
        assert "Dòng 3: " in page.text
        await save_sheet(browser, page)
    assert "phone" not in await draft_of(pages, "police")


async def test_a_sheet_over_which_somebody_saved_is_merged(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh")
        form = fields(await upload(lan, b"office;phone\nfinance;1"), "/offices/sheet/save")
        await change(minh, "finance", phone="2")
        answer = await lan.post("/offices/sheet/save", data={**form, "then": "save"})
        assert answer.status_code == 409
        assert fields(answer, "/offices/merge")["field.finance.phone"] == "1"


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 20_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "chọn tệp trước"),
        (bomb(), "không phải là bảng tính"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "không phải là bảng tính"),
        (b"\x89PNG\r\n\x1a\n\0", "không phải là bảng tính"),
        ("office;phone\nfinance;1".encode("utf-16"), "không phải là bảng tính"),
        ("office;phone\nfinance;Số".encode("cp1258", "replace") + b"\xff", "CSV UTF-8"),
        (b"<html><script>alert(1)</script>", "Dòng đầu"),
        (b"office;phone\n" + b"a;" * 70_000, "dài quá"),
        (b"office;phone\n" + b"a;" * 300_000, "lớn quá"),
        (b"office;phone\n" + b"\n".join(b"a;1" for _ in range(600)), "500"),
        (b'office;phone\nfinance;"' + b"a" * 131_000, "dài quá"),
    ],
)  # fmt: skip
async def test_what_is_no_sheet_is_refused_with_what_to_do(pages: Pages, data: bytes, said: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        answer = await upload(browser, data)
        assert answer.status_code == 422
        assert said in answer.text


async def test_a_form_without_a_file_or_with_several_is_refused(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        assert (await browser.post("/offices/sheet", data={"sheet": "office;phone"})).status_code == 422
        two = [("sheet", ("a.csv", b"office;phone")), ("other", ("b.csv", b"x"))]
        assert (await browser.post("/offices/sheet", files=two)).status_code == 400


async def test_a_body_without_end_is_not_read_to_its_end(pages: Pages) -> None:
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b"a" * 65536

    async with pages.browser() as browser:
        await pages.entered(browser)
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await browser.post("/offices/sheet", content=endless(), headers=kind)  # type: ignore[arg-type]
        assert answer.status_code == 422
    assert "lớn quá" in answer.text
