"""The office of a ward or commune is found, filled in, looked at by a second person, and goes out alone."""

from __future__ import annotations

import difflib
import html
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.fields import nested
from bot.content.ward_offices import WARDS, edit_ward_offices, point_in, ward_offices
from bot.content.wards_file import read_wards
from bot.desk import drafting
from bot.desk.accounts import Account
from bot.desk.editing import value_of_text
from bot.desk.offices import OF_WARDS, office_form, with_office
from tests.support import ROOT
from tests.support.editors import GIT_NAME, Pages, fields

FILE = ROOT / "content" / "wards.yml"
TEXT = FILE.read_text(encoding="utf-8")
NINH_KIEU, CAI_KHE = "31135", "31120"
HOME = f"/wards/{NINH_KIEU}"
CHIEF = Account(0, "chief", "Chief")
SCRIPT = "\"></textarea><script>alert(1)</script>'"
FILLED = {
    "address": "Số 215 Lý Tự Trọng", "phone": "0292 3 820 000", "page": "https://ninhkieu.cantho.gov.vn",
    "map": "10.0331, 105.7771", "source.title": "Trang của phường", "source.date": "2026-11-20",
    "source.url": "https://ninhkieu.cantho.gov.vn/lien-he", "checked": "2026-11-28",
}  # fmt: skip


@pytest.fixture
def ward_pages(pages: Pages) -> Pages:
    """The pages over a content/ with the city's wards."""
    directory = pages.desk.directory
    shutil.copy(FILE, directory)
    for command in (["add", "-A"], [*GIT_NAME, "commit", "-q", "-m", "Wards"]):
        subprocess.run(["git", "-C", str(directory.parent), *command], check=True, timeout=30)
    return pages


async def change(browser: httpx.AsyncClient, path: str = HOME, **typed: str) -> httpx.Response:
    """Open a ward's form, type, and save it."""
    form = fields(await browser.get(path), path)
    return await browser.post(path, data={**form, **typed})


async def office(pages: Pages, code: str = NINH_KIEU) -> dict[str, str]:
    return office_form(OF_WARDS, (await drafting.open_(pages.desk, CHIEF, WARDS)).value, code)


@pytest.mark.parametrize("asked", ["ninh kieu", "Ninh Kiều", "tan an ninh kieu", "xuan khanh", "31135"])
async def test_a_ward_is_found_by_its_name_or_that_of_before_without_diacritics(
    ward_pages: Pages, asked: str
) -> None:
    async with ward_pages.browser() as browser:
        await ward_pages.entered(browser)
        page = await browser.get("/wards", params={"q": asked})
        assert f'href="{HOME}">Phường Ninh Kiều</a>' in page.text
        assert page.text.count('class="row-title"') < 12
        if asked.lower().startswith("ninh"):
            assert page.text.index("Phường Ninh Kiều") == page.text.index("Phường ", page.text.index("<ul"))


async def test_the_list_says_what_is_missing_and_offers_the_citys_offices(ward_pages: Pages) -> None:
    async with ward_pages.browser() as browser:
        await ward_pages.entered(browser)
        page = (await browser.get("/wards")).text
        assert "103 phường, xã. Chưa có địa chỉ: 103." in page
        assert 'href="/offices"' in page
        assert 'href="/wards"' in (await browser.get("/offices")).text


@pytest.mark.slow
async def test_a_wards_office_goes_out_after_a_second_person_and_nothing_else_moves(
    ward_pages: Pages,
) -> None:
    file = ward_pages.desk.directory / "wards.yml"
    async with ward_pages.browser() as lan, ward_pages.browser() as minh:
        await ward_pages.entered(lan, "lan")
        await ward_pages.entered(minh, "minh", may_approve=True)
        assert (await change(lan, **FILLED)).headers["location"] == "/wards?saved"
        form = fields(await lan.get("/wards"), "/wards/submit")
        assert (await lan.post("/wards/submit", data=form)).headers["location"] == "/wards?submitted"
        looked_at = {"base_draft": form["base_draft"]}
        assert (await lan.post("/answers/wards/approve", data=looked_at)).status_code == 403
        page = await minh.get("/answers/wards/publish")
        assert "Phường Ninh Kiều: Địa chỉ" in page.text
        assert "Có thay đổi về phường, xã" in (await minh.get("/")).text
        assert (await minh.post("/answers/wards/approve", data=looked_at)).status_code == 303
        published = await minh.post("/answers/wards/publish", data={**looked_at, "how": "approved"})
        assert published.headers["location"] == "/answers/wards/progress", published.text
        assert (await minh.get("/answers/wards/progress")).status_code == 200
    before, after = TEXT.splitlines(), file.read_text(encoding="utf-8").splitlines()
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    assert [kind for kind, *_ in steps if kind != "equal"] == ["insert"]
    ward = read_wards(file)[0].now[NINH_KIEU]
    assert ward.office
    assert (ward.office.phone, ward.office.map and ward.office.map.lat) == (FILLED["phone"], 10.0331)
    assert str(ward.office.source and ward.office.source.date) == "2026-11-20"


async def test_what_is_to_be_mended_is_named_beside_its_field(ward_pages: Pages) -> None:
    async with ward_pages.browser() as browser:
        await ward_pages.entered(browser)
        await change(browser, address="Số 1", map="cạnh chợ", page="ninhkieu.vn", checked="hôm qua")
        page = html.unescape((await browser.get(HOME)).text)
        for said in ("Đây không phải là một điểm ở Cần Thơ", "bắt đầu bằng https://", "Ghi ngày"):
            assert said in page
        await change(browser, map="21.0285, 105.8542", page="", checked="")
        page = html.unescape((await browser.get(HOME)).text)
        assert "Đây không phải là một điểm ở Cần Thơ" in page, "this is Hà Nội"
        await change(browser, map="")
        assert "cần có nguồn" in (await browser.get(HOME)).text
        form = fields(await browser.get("/wards"), "/wards/submit")
        answer = await browser.post("/wards/submit", data=form)
        assert (answer.status_code, "Phường Ninh Kiều" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("10.0331, 105.7771", "10.0331, 105.7771"),
        ("10.03310 105.77710", "10.0331, 105.7771"),
        ("10.0331° 105.7771°", "10.0331, 105.7771"),
        ("https://www.google.com/maps/place/X/@10.0331,105.7771,17z/data=!3m1", "10.0331, 105.7771"),
        ("https://maps.google.com/?q=10.0331,105.7771", "10.0331, 105.7771"),
        ("chợ Cái Răng", "chợ Cái Răng"),
        ("10, 105", "10, 105"),
    ],
)
def test_a_point_is_taken_as_it_is_copied_from_a_map(typed: str, kept: str) -> None:
    assert point_in(typed) == kept


async def test_two_editors_of_two_wards_are_not_in_each_others_way_and_a_stale_tab_loses_nothing(
    ward_pages: Pages,
) -> None:
    async with ward_pages.browser() as lan, ward_pages.browser() as minh:
        await ward_pages.entered(lan, "lan")
        await ward_pages.entered(minh, "minh")
        stale = fields(await minh.get(HOME), HOME)
        other = fields(await minh.get(f"/wards/{CAI_KHE}"), f"/wards/{CAI_KHE}")
        await change(lan, phone="111", **{"source.title": "Trang"})
        assert (await minh.post(f"/wards/{CAI_KHE}", data={**other, "phone": "333"})).status_code == 303
        answer = await minh.post(HOME, data={**stale, "phone": "222"})
        assert answer.status_code == 409
        assert {"111", "222"} <= set(re.findall(r'class="version">([^<]+)<', answer.text))
        assert "Phường Ninh Kiều: Điện thoại" in answer.text
        form = fields(answer, "/wards/merge")
        form |= {
            f"field.{NINH_KIEU}.phone": "111, 222",
            "field.99999.phone": "x",
            f"field.{NINH_KIEU}.code": "x",
        }
        assert (await minh.post("/wards/merge", data=form)).status_code == 303
    kept = await office(ward_pages)
    assert (kept["phone"], kept["source.title"]) == ("111, 222", "Trang")
    assert (await office(ward_pages, CAI_KHE))["phone"] == "333"
    value = (await drafting.open_(ward_pages.desk, CHIEF, WARDS)).value
    assert ("99999" in value, value[NINH_KIEU]) == (
        False,
        nested({"phone": "111, 222", "source.title": "Trang"}),
    )


async def test_a_tab_from_before_somebody_published_overwrites_nothing(ward_pages: Pages) -> None:
    async with ward_pages.browser() as lan, ward_pages.browser() as minh:
        await ward_pages.entered(lan, "lan")
        await ward_pages.entered(minh, "minh")
        stale = fields(await minh.get(HOME), HOME)
        await change(lan, **FILLED)
        now = {"base_draft": "1", "how": "now", "reason": "Gấp"}
        assert (await lan.post("/answers/wards/publish", data=now)).status_code == 303
        assert (await minh.post(HOME, data={**stale, "phone": "222"})).status_code == 409
    published = value_of_text(WARDS, (ward_pages.desk.directory / "wards.yml").read_text(encoding="utf-8"))
    assert published
    assert office_form(OF_WARDS, published, NINH_KIEU)["phone"] == FILLED["phone"]


async def test_an_editor_of_an_office_sees_the_wards_and_changes_none_in_any_way(ward_pages: Pages) -> None:
    async with ward_pages.browser() as lan, ward_pages.browser() as hoa:
        await ward_pages.entered(lan, "lan")
        await ward_pages.entered(hoa, "hoa", may_approve=True, offices=frozenset({"police"}))
        bases = fields(await hoa.get(HOME), HOME)
        assert "tài khoản của bạn không được sửa" in (await hoa.get(HOME)).text
        assert (await hoa.post(HOME, data={**bases, "phone": "999"})).status_code == 403
        await change(lan, **FILLED)
        sheet = await hoa.post(
            "/wards/sheet", files={"sheet": ("a.csv", f"ward;phone\n{NINH_KIEU};9".encode())}
        )
        assert "Dòng 2" in sheet.text
        now = {**bases, "base_draft": "1"}
        for path, form in (
            (HOME, {**now, "phone": "999"}),
            ("/wards/merge", {**now, f"field.{NINH_KIEU}.phone": "999"}),
            ("/answers/wards/approve", {"base_draft": "1"}),
            ("/answers/wards/publish", {"base_draft": "1", "how": "now", "reason": "Gấp"}),
            ("/wards/discard", {"base_draft": "1", "sure": "yes"}),
            ("/answers/wards/restore", {**now, "version": "live"}),
        ):
            assert (await hoa.post(path, data=form)).status_code in {403, 409}, path
    assert (await office(ward_pages))["phone"] == FILLED["phone"]
    assert (ward_pages.desk.directory / "wards.yml").read_text(encoding="utf-8") == TEXT


async def test_scripts_in_every_field_are_shown_as_they_are_written(ward_pages: Pages) -> None:
    async with ward_pages.browser() as lan, ward_pages.browser() as minh:
        await ward_pages.entered(lan, "lan")
        await ward_pages.entered(minh, "minh")
        before = fields(await minh.get(HOME), HOME)
        typed = dict.fromkeys(OF_WARDS.fields, SCRIPT)
        assert (await lan.post(HOME, data={**before, **typed})).status_code == 303
        mine = {**before, **dict.fromkeys(OF_WARDS.fields, SCRIPT + "2")}
        sheet = {"sheet": ("a.csv", f"ward;phone\n{NINH_KIEU};{SCRIPT}3\n{SCRIPT};1".encode())}
        shown = [
            await lan.get("/wards"), await lan.get("/wards", params={"q": SCRIPT}), await lan.get(HOME),
            await minh.post(HOME, data=mine), await lan.get("/answers/wards/compare"),
            await lan.get("/answers/wards/publish"), await lan.get("/answers/wards/history"),
            await lan.post("/wards/submit", data={"base_draft": "1"}),
            await lan.post("/wards/sheet", files=sheet),
        ]  # fmt: skip
        assert [page.status_code for page in shown] == [200, 200, 200, 409, 200, 200, 200, 422, 200]
        assert not [page for page in shown if "<script>alert" in page.text]


@pytest.mark.parametrize(
    "code",
    [
        "99999", "..%2f..%2fmessages", "%2e%2e%2foffices", "31135%00", "31135.phone", "units",
        "31135%0d%0aSet-Cookie:a=b", "３１１３５", "-1",
    ],
)  # fmt: skip
async def test_a_code_that_is_no_ward_is_not_found(ward_pages: Pages, code: str) -> None:
    async with ward_pages.browser() as browser:
        await ward_pages.entered(browser)
        for answer in (
            await browser.get(f"/wards/{code}"), await browser.post(f"/wards/{code}", data=FILLED),
        ):  # fmt: skip
            assert answer.status_code in {404, 405}
    assert await ward_pages.deeds() == []


async def test_without_a_table_of_wards_there_is_no_page_of_them(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        assert (await browser.get("/wards")).status_code == 404
        assert 'href="/wards"' not in (await browser.get("/offices")).text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_sheet_of_wards_comes_back_filled_in(ward_pages: Pages, kind: str) -> None:
    async with ward_pages.browser() as browser:
        await ward_pages.entered(browser)
        sheet = (await browser.get(f"/wards/sheet.{kind}")).content
        unchanged = await browser.post("/wards/sheet", files={"sheet": (f"wards.{kind}", sheet)})
        assert "Bảng này không thay đổi gì" in unchanged.text
        filled = (
            f"ward;name;phone;map;source.title\n{NINH_KIEU};x;0292;@10.0331,105.7771;Công văn 12".encode()
        )
        page = await browser.post("/wards/sheet", files={"sheet": ("wards.csv", filled)})
        form = fields(page, "/wards/sheet/save")
        assert (await browser.post("/wards/sheet/save", data={**form, "then": "save"})).status_code == 303
    assert (await office(ward_pages))["map"] == "10.0331, 105.7771"


# The file.


def test_the_wards_of_today_come_back_byte_for_byte() -> None:
    value = value_of_text(WARDS, TEXT)
    assert value
    assert len(value) == 103
    assert edit_ward_offices(TEXT, value) == TEXT


CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(str.strip)
TAMED = st.one_of(
    CELLS, st.sampled_from(["no", "12:30", "2026-11-28", "0292", "1e3", "~", "null", "a: b", "#x"])
)


FORMS = st.fixed_dictionaries({}, optional=dict.fromkeys(["address", "phone", "source.title"], TAMED))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([NINH_KIEU, CAI_KHE, "31147", "31378"]), FORMS, min_size=2))
@settings(max_examples=3, deadline=None)
def test_what_is_typed_is_read_back_from_the_file_and_taken_away_again(
    typed: dict[str, dict[str, str]],
) -> None:
    value = value_of_text(WARDS, TEXT)
    assert value
    filled = dict(value)
    for code, form in typed.items():
        filled = with_office(OF_WARDS, filled, code, form)
    written = edit_ward_offices(TEXT, filled)
    assert value_of_text(WARDS, written) == filled
    assert edit_ward_offices(written, value) == TEXT


def test_what_a_hand_wrote_around_an_office_stays(tmp_path: Path) -> None:
    old = '    office:\n  - code: "31147"'
    by_hand = """    office:
      # asked on the phone
      phone: '0292 1'  # the front desk
      map: {lat: 10.0300, lon: 105.7800}     # the door
      source: {title: Trang, date: 2026-11-28}
  - code: "31147\""""
    text = TEXT.replace(old, by_hand)
    assert text != TEXT
    value = value_of_text(WARDS, text)
    assert value
    written = edit_ward_offices(text, with_office(OF_WARDS, value, NINH_KIEU, {"phone": "0292 2"}))
    assert written == text.replace("'0292 1'", "'0292 2'")


def test_a_table_without_units_has_no_offices() -> None:
    assert ward_offices({"units": [None, {"code": "1", "office": []}]}) == {"1": {}}
