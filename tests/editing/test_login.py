"""Logging in: by invitation, with two factors, in sessions that can be ended."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.desk.accounts import NotAllowed, TooSoon
from bot.editing.app import create_app
from bot.editing.words import all_words
from tests.support.editors import KEY, ORIGIN, PASSWORD, Pages

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb: c", ""]


async def test_without_a_session_every_page_asks_for_the_login_and_comes_back(pages: Pages) -> None:
    async with pages.browser() as browser:
        answer = await browser.get("/account?a=b%26c")
        assert answer.headers["location"] == "/login?then=%2Faccount%3Fa%3Db%2526c"


async def test_an_invitation_sets_password_and_phone_and_logs_in_once(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        assert "Chị Lan" in (await browser.get("/account")).text
        assert (await browser.get(f"/invitation/{token}")).status_code == 410


async def test_an_invitation_ends_after_three_days(pages: Pages) -> None:
    token = await pages.invite()
    pages.clock.advance(days=3, seconds=1)
    async with pages.browser() as browser:
        assert (await browser.get(f"/invitation/{token}")).status_code == 410


async def test_a_wrong_code_or_two_passwords_leave_the_invitation_as_it_is(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        form = {"secret": SECRET, "code": "000000", "password": PASSWORD, "again": PASSWORD}
        for forged in ("", "a", "!!"):
            answer = await browser.post(f"/invitation/{token}", data={**form, "secret": forged})
            assert answer.status_code == 422
        assert (await browser.post(f"/invitation/{token}", data=form)).status_code == 422
        assert (await browser.post(f"/invitation/{token}", data={**form, "again": "b"})).status_code == 422
        await pages.begin(browser, token)


async def test_a_one_time_code_works_once(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser, pages.browser() as thief:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        assert (await pages.log_in(browser, secret)).status_code == 303
        assert (await pages.log_in(thief, secret)).status_code == 403


async def test_the_session_that_a_stranger_planted_is_not_the_one_that_is_logged_in(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        browser.cookies.set("editor", "planted")
        await pages.log_in(browser, secret)
        async with pages.browser(Cookie="editor=planted") as stranger:
            assert (await stranger.get("/account")).status_code == 303


async def test_guessing_gets_slower_by_account_and_by_address(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        statuses = [
            (await pages.log_in(browser, secret, password="wrong password")).status_code for _ in range(6)
        ]
        assert statuses == [403] * 5 + [429]
        assert (await pages.log_in(browser, secret)).status_code == 429  # also with the right one
        assert (await pages.log_in(browser, secret, name="other")).status_code == 429
        pages.clock.advance(minutes=16)
        assert (await pages.log_in(browser, secret)).status_code == 303


async def test_an_account_that_is_not_there_costs_as_much_and_says_the_same(pages: Pages) -> None:
    async with pages.browser() as browser:
        unknown = await pages.log_in(browser, SECRET, name="nobody")
        await pages.invite("lan")
        known = await pages.log_in(browser, SECRET, name="lan")
        assert unknown.text.replace("nobody", "lan") == known.text


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb: c", ""]
)
async def test_after_the_login_nobody_is_led_to_another_site(pages: Pages, then: str) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        assert (await pages.log_in(browser, secret, then=then)).headers["location"] == "/"


async def test_an_older_browser_is_known_by_its_origin(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        answer = await browser.post("/logout", headers={"Sec-Fetch-Site": "", "Origin": ORIGIN})
        assert answer.status_code == 303


async def test_a_session_ends_after_idling_and_at_the_latest_after_half_a_day(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        for _ in range(7):
            pages.clock.advance(minutes=100)
            assert (await browser.get("/account")).status_code == 200
        pages.clock.advance(minutes=30)
        assert (await browser.get("/account")).status_code == 303


async def test_a_session_without_a_request_for_two_hours_ends(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        pages.clock.advance(minutes=121)
        assert (await browser.get("/account")).status_code == 303


async def test_a_closed_account_is_logged_out_at_once_and_a_link_begins_anew(pages: Pages) -> None:
    token, _ = await pages.invite(), await pages.invite("boss", may_administer=True)
    async with pages.browser() as browser:
        await pages.begin(browser, token)
        await pages.database.transact(lambda c: pages.accounts.disable(c, 1, pages.clock()))
        assert (await browser.get("/account")).status_code == 303
        await pages.database.transact(lambda c: pages.accounts.enable(c, 1))
        again = await pages.database.transact(lambda c: pages.accounts.reset(c, 1, pages.clock()))
        await pages.begin(browser, again)


async def test_the_last_administrator_stays(pages: Pages) -> None:
    await pages.invite("boss", may_administer=True)
    with pytest.raises(NotAllowed, match="last account"):
        await pages.database.transact(lambda c: pages.accounts.disable(c, 1, pages.clock()))


async def test_another_password_ends_the_other_sessions(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser, pages.browser() as phone:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        await pages.log_in(phone, secret)
        new = "năm từ ghép thành câu"
        form = {"old": PASSWORD, "new": new, "again": new}
        assert (await browser.post("/account/password", data=form)).status_code == 303
        assert (await browser.get("/account")).status_code == 200
        assert (await phone.get("/account")).status_code == 303


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"again": "khác"}, "passwords_differ"),
        ({"old": "sai"}, "old_password_wrong"),
        ({"new": "ngắn", "again": "ngắn"}, "password_short"),
        ({"new": "a" * 201, "again": "a" * 201}, "password_long"),
        ({"new": "lan lan lan lan", "again": "lan lan lan lan"}, "password_easy"),
    ],
)
async def test_a_password_that_will_not_do_changes_nothing_and_says_why(
    pages: Pages, typed: dict[str, str], problem: str
) -> None:
    token = await pages.invite()
    new = "năm từ ghép thành câu"
    async with pages.browser() as browser:
        secret = await pages.begin(browser, token)
        form = {"old": PASSWORD, "new": new, "again": new, **typed}
        answer = await browser.post("/account/password", data=form)
        assert answer.status_code == 422
        assert all_words()[problem]["vi"].partition("{")[0] in answer.text
        pages.clock.advance(seconds=60)
        assert (await pages.log_in(browser, secret)).headers["location"] == "/"


async def test_all_sessions_are_ended_by_one_button(pages: Pages) -> None:
    token = await pages.invite()
    async with pages.browser() as browser, pages.browser() as phone:
        secret = await pages.begin(browser, token)
        pages.clock.advance(seconds=60)
        await pages.log_in(phone, secret)
        assert (await browser.post("/account/sessions")).headers["location"] == "/login"
        for lost in (browser, phone):
            assert (await lost.get("/account")).status_code == 303


async def test_the_database_holds_no_secret_that_opens_anything(pages: Pages, tmp_path: Path) -> None:
    token = await pages.invite()
    async with pages.browser() as browser:
        secret = await pages.begin(browser, token)
        cookie = browser.cookies["editor"]
    with sqlite3.connect(tmp_path / "editors.db") as connection:
        dump = "\n".join(connection.iterdump())
    assert not [held for held in (token, secret, cookie, PASSWORD, "127.0.0.1") if held in dump]


async def test_the_cookie_is_for_this_host_over_https_and_no_script(pages: Pages) -> None:
    app = create_app(pages.desk, KEY, "https://editors.example")
    secure = Pages(app, pages.database, pages.accounts, pages.clock, pages.desk)
    async with secure.browser() as browser:
        token = await pages.invite("hoa")
        page = await browser.get(f"/invitation/{token}")
        assert page.headers["cache-control"] == "no-store"
        form = pages.form_of(page)
        cookie = (await browser.post(f"/invitation/{token}", data=form)).headers["set-cookie"]
        assert cookie.startswith("__Host-editor=")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


async def test_everything_is_said_in_both_languages(pages: Pages) -> None:
    async with pages.browser() as browser:
        assert "Đăng nhập" in (await browser.get("/login")).text
        await browser.post("/language", data={"language": "en", "then": "/login"})
        assert "Log in" in (await browser.get("/login")).text


def test_too_soon_tells_how_long() -> None:
    assert TooSoon(3).seconds == 3
