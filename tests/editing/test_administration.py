"""Accounts and the audit list: for administrators, with a clear yes, and nothing without a trace."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from bot.desk import audit
from bot.desk.accounts import Account
from tests.support.editors import Pages

SCRIPT = "\"><script>alert(1)</script>'"
LAN = {
    "name": "lan", "full_name": "Nguyễn Thị Lan", "email": "lan@example.org", "may_write": "yes",
    "scope": "some", "office": "finance",
}  # fmt: skip


async def account_of(pages: Pages, name: str) -> Account:
    everybody = await pages.database.transact(pages.accounts.all)
    return next(one for one in everybody if one.name == name)


def link_in(page: httpx.Response) -> str:
    found = re.search(r"http://editors\.example(/invitation/[\w-]+)", page.text)
    assert found, page.text
    return found[1]


async def test_an_administrator_invites_and_the_link_is_shown_once(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as lan:
        await pages.entered(browser, "boss", may_administer=True)
        link = link_in(await browser.post("/editors", data=LAN))
        await pages.begin(lan, link.rpartition("/")[2])
        assert link not in (await browser.get("/editors")).text
    account = await account_of(pages, "lan")
    assert account.offices == frozenset({"finance"})
    assert (account.may_write, account.may_approve) == (True, False)
    assert ("boss", "invite", "lan") in await pages.deeds()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Lan Nguyễn"}, "chữ thường không dấu"),
        ({"name": "boss"}, "đã có người dùng"),
        ({"full_name": "  "}, "họ và tên"),
        ({"full_name": "Lan <lan@x>"}, "họ và tên"),
        ({"email": "lan"}, "chưa đúng"),
        ({"email": "lan@x.vn\r\nBcc: all@x.vn"}, "chưa đúng"),
        ({"may_write": ""}, "ít nhất một quyền"),
        ({"scope": "", "office": ""}, "ít nhất một cơ quan"),
        ({"office": "../finance"}, "ít nhất một cơ quan"),
        ({"scope": "all"}, "một trong hai cách"),
    ],
)
async def test_a_form_that_is_not_clear_is_sent_back_with_what_was_typed(
    pages: Pages, wrong: dict[str, str], said: str
) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        answer = await browser.post("/editors", data={**LAN, **wrong})
        assert answer.status_code == 422
        assert said in answer.text
        assert "lan@example.org" in answer.text or "email" in wrong
    assert len(await pages.database.transact(pages.accounts.all)) == 1


async def test_offices_that_are_ticked_are_the_only_ones_though_nothing_else_is_chosen(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        link_in(await browser.post("/editors", data={**LAN, "scope": ""}))
    assert (await account_of(pages, "lan")).offices == frozenset({"finance"})


async def test_rights_and_offices_change(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        await pages.invite("lan", offices=frozenset({"finance"}))
        lan = await account_of(pages, "lan")
        form = {"full_name": "Lan Trần", "may_approve": "yes", "scope": "all"}
        assert (await browser.post(f"/editors/{lan.id}", data=form)).status_code == 303
        assert "Đã lưu" in (await browser.get(f"/editors/{lan.id}?saved")).text
    lan = await account_of(pages, "lan")
    assert (lan.full_name, lan.offices, lan.may_write, lan.may_approve) == ("Lan Trần", None, False, True)
    assert ("boss", "change_rights", "lan") in await pages.deeds()


async def test_a_lost_phone_gets_a_new_link_and_the_old_session_ends(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as phone:
        await pages.entered(browser, "boss", may_administer=True)
        lan = await pages.entered(phone, "lan")
        link = link_in(await browser.post(f"/editors/{lan.id}/link"))
        assert (await phone.get("/account")).status_code == 303
        await pages.begin(phone, link.rpartition("/")[2])
    assert ("boss", "new_link", "lan") in await pages.deeds()


async def test_an_account_is_closed_only_after_a_clear_yes_and_opened_again(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as phone:
        await pages.entered(browser, "boss", may_administer=True)
        lan = await pages.entered(phone, "lan")
        await pages.invite("hoa")
        for sure in ({}, {"sure": "yes"}, {"sure": "close hoa"}):
            assert (await browser.post(f"/editors/{lan.id}/close", data=sure)).status_code == 422
        assert (await phone.get("/account")).status_code == 200
        await browser.post(f"/editors/{lan.id}/close", data={"sure": "close lan"})
        assert (await phone.get("/account")).status_code == 303
        assert (await browser.post(f"/editors/{lan.id}/link")).status_code == 404
        await browser.post(f"/editors/{lan.id}/open")
    assert not (await account_of(pages, "lan")).is_disabled
    assert [deed for deed in await pages.deeds() if deed[2] == "lan"] == [
        ("boss", "open_account", "lan"), ("boss", "close_account", "lan"),
    ]  # fmt: skip


async def test_the_last_administrator_cannot_leave(pages: Pages) -> None:
    async with pages.browser() as browser:
        boss = await pages.entered(browser, "boss", may_administer=True)
        form = {"full_name": "Boss", "may_write": "yes", "scope": "all"}
        for path, data in (("", form), ("/close", {"sure": "close boss"})):
            answer = await browser.post(f"/editors/{boss.id}{path}", data=data)
            assert answer.status_code == 422
            assert "quản trị cuối cùng" in answer.text
    assert await pages.deeds() == []


async def test_who_does_not_administer_gets_nowhere_here(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as stranger:
        lan = await pages.entered(browser, "lan", may_approve=True)
        for path in ("/editors", f"/editors/{lan.id}", "/audit", "/audit.csv"):
            assert (await browser.get(path)).status_code == 403
            assert (await stranger.get(path)).status_code == 303
        form = {**LAN, "name": "me", "may_administer": "yes"}
        for path in ("/editors", *(f"/editors/{lan.id}{end}" for end in ("", "/link", "/close", "/open"))):
            assert (await browser.post(path, data=form)).status_code == 403
            assert (await stranger.post(path, data=form)).status_code == 401
        assert 'href="/editors"' not in (await browser.get("/account")).text
    assert await pages.database.transact(pages.accounts.all) == [lan]


async def test_another_site_makes_no_administrator(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        answer = await browser.post("/editors", data=LAN, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert len(await pages.database.transact(pages.accounts.all)) == 1


@pytest.mark.parametrize("editor_id", ["999", "2147483648", "99999999999999999999", "x", "..%2f1", "-1"])
async def test_an_account_that_is_not_there_is_not_found(pages: Pages, editor_id: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        assert (await browser.get(f"/editors/{editor_id}")).status_code == 404


async def test_scripts_in_names_are_shown_as_they_are_written(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        account = Account(0, "evil", SCRIPT, email=SCRIPT, offices=frozenset({SCRIPT}))
        await pages.database.transact(lambda c: pages.accounts.invite(c, account, pages.clock()))
        evil = await account_of(pages, "evil")
        typed = {**LAN, "full_name": SCRIPT, "email": SCRIPT, "name": SCRIPT, "office": SCRIPT}
        for page in (
            await browser.get("/editors"), await browser.get(f"/editors/{evil.id}"),
            await browser.post("/editors", data=typed),
            await browser.post(f"/editors/{evil.id}/link"), await browser.get("/audit"),
        ):  # fmt: skip
            assert "<script>alert" not in page.text


async def test_the_audit_list_is_turned_page_by_page(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        for number in range(120):
            await note(pages, "lan", "save", f"city.answer-{number}")
        first = await browser.get("/audit")
        older = re.search(r'href="(/audit\?before=\d+)"', first.text)
        assert older
        second = await browser.get(older[1])
        assert "city.answer-119<" in first.text
        assert "city.answer-19<" not in first.text
        assert "city.answer-19<" in second.text
        assert "city.answer-0<" in second.text
        for odd in ("x", "-1", "1%27", "9" * 30):
            assert (await browser.get(f"/audit?before={odd}")).status_code == 200


async def test_the_audit_list_opens_in_a_table_program_without_running_anything(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_administer=True)
        for evil in ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", 'a"b;c,d', "Sở Tài chính"):
            await note(pages, "lan", "save", evil, reason=evil)
        answer = await browser.get("/audit.csv")
        assert answer.content.startswith("\ufeff".encode())
        assert answer.headers["content-disposition"].startswith("attachment")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert rows[0] == ["time", "editor", "action", "subject", "detail"]
        assert rows[1][2] == "export_audit"
        assert [row[3] for row in rows[2:]] == [
            "Sở Tài chính", 'a"b;c,d', "'\t=1", "'@SUM(1)", "'-1", "'+1", "'=HYPERLINK(1)",
        ]  # fmt: skip
        assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t"}]


async def note(pages: Pages, editor: str, action: str, subject: str, **detail: str) -> None:
    now = pages.clock()
    await pages.database.transact(lambda c: audit.note(c, editor, action, subject, now, **detail))
