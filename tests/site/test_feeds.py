"""The feeds, as a feed reader takes them."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]
import pytest

from bot.content.library import Dates
from tests.support.content import ANSWER
from tests.support.public_pages import PUBLIC_URL, Public, clarification


async def read(public: Public, path: str) -> Any:
    response = await public.http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/atom+xml")
    parsed = feedparser.parse(response.content, response_headers=dict(response.headers))
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


async def test_a_reader_finds_every_answer_whole(public: Public) -> None:
    parsed = await read(public, "/en/feed.atom")
    assert parsed.version == "atom10"
    assert parsed.feed.language == "en"
    assert parsed.feed.author == "Cần Thơ City"
    entries = {entry.id: entry for entry in parsed.entries}
    entry = entries["tag:cantho.gov.vn,2026:hoi-can-tho/en/clarification.e10"]
    assert entry.title.startswith("e10: a fake")
    assert entry.link == f"{PUBLIC_URL}/en/clarification/e10"
    text = entry.content[0].value
    assert "<strong>e10</strong>" in text
    assert "The e10 claim is true" in text
    assert "https://law.example/a" in text
    assert "<script" not in text


async def test_each_topic_has_its_own_in_each_language(public: Public) -> None:
    found = {}
    for language in ("vi", "en"):
        for topic in ("culture", "clarification"):
            parsed = await read(public, f"/{language}/{topic}/feed.atom")
            assert {entry.tags[0].term for entry in parsed.entries} == {topic}
            found[parsed.feed.id] = parsed.entries[0].id
    assert len(found) == len(set(found.values())) == 4
    assert all(entry.startswith("tag:") for entry in found.values())


@pytest.mark.parametrize("path", ["/vi/feed.rss", "/vi/nothing/feed.atom", "/xx/feed.atom"])
async def test_there_are_no_others(public: Public, path: str) -> None:
    assert (await public.http.get(path)).status_code == 404


async def test_a_correction_and_a_withdrawal_are_entries_of_their_own(public: Public) -> None:
    entries = {entry.id: entry for entry in (await read(public, "/en/clarification/feed.atom")).entries}
    at = "tag:cantho.gov.vn,2026:hoi-can-tho/en/clarification"
    assert entries.keys() >= {
        f"{at}.e10",
        f"{at}.e10#correction-2026-11-15",
        f"{at}.law#withdrawal-2026-11-22",
    }
    assert f"{at}.law" not in entries
    correction = entries[f"{at}.e10#correction-2026-11-15"]
    assert correction.title.startswith("Correction: ")
    assert "The date was put right." in correction.content[0].value
    assert correction.published.startswith("2026-11-15")
    withdrawal = entries[f"{at}.law#withdrawal-2026-11-22"]
    assert "The law has changed." in withdrawal.content[0].value
    assert "Not true" not in withdrawal.content[0].value


async def test_what_was_published_in_error_is_told_of_without_its_words(public: Public) -> None:
    (entry,) = [one for one in (await read(public, "/vi/feed.atom")).entries if ".wrong#" in one.id]
    assert "wrong" not in entry.title + entry.content[0].value


async def test_an_entry_keeps_its_id_whatever_its_title_and_the_bots_address(
    public: Public, local: Public
) -> None:
    ids = [entry.id for entry in (await read(public, "/vi/culture/feed.atom")).entries]
    public.write("culture.food", ANSWER.format(name="food").replace("Tựa food", "Một tựa khác"))
    public.reload()
    after = await read(public, "/vi/culture/feed.atom")
    assert "Một tựa khác" in [entry.title for entry in after.entries]
    assert sorted(entry.id for entry in after.entries) == sorted(ids)
    assert sorted(entry.id for entry in (await read(local, "/vi/culture/feed.atom")).entries) == sorted(ids)


async def test_what_changed_carries_its_date_and_the_newest_come_first(public: Public) -> None:
    dates = {
        "culture.food": Dates(datetime.date(2026, 11, 2), datetime.date(2026, 11, 25)),
        "culture.music": Dates(datetime.date(2026, 11, 9), datetime.date(2026, 11, 9)),
    }
    public.library = replace(public.library, dates=dates)
    parsed = await read(public, "/vi/culture/feed.atom")
    rows = [
        (entry.id.rpartition(".")[2], entry.published[:10], entry.updated[:10]) for entry in parsed.entries
    ]
    assert rows == [
        ("music", "2026-11-09", "2026-11-09"),
        ("food", "2026-11-02", "2026-11-25"),
        ("new", "2026-11-01", "2026-11-01"),
    ]
    assert parsed.feed.updated.startswith("2026-11-25")


async def test_a_reader_that_has_it_is_told_so(public: Public) -> None:
    for path in ("/vi/feed.atom", "/vi/feed.json", "/vi/culture/feed.atom"):
        first = await public.http.get(path)
        again = await public.http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        since = {"If-Modified-Since": first.headers["last-modified"]}
        assert (await public.http.get(path, headers=since)).status_code == 304
        earlier = {"If-Modified-Since": "Sun, 01 Nov 2020 00:00:00 GMT"}
        assert (await public.http.get(path, headers=earlier)).status_code == 200
    public.write("culture.food", ANSWER.format(name="food").replace("Câu trả lời", "Lời khác"))
    public.reload()
    changed = await public.http.get("/vi/culture/feed.atom", headers={"If-None-Match": again.headers["etag"]})
    assert changed.status_code == 200


async def test_json_feed_says_the_same(public: Public) -> None:
    response = await public.http.get("/en/clarification/feed.json")
    assert response.headers["content-type"].startswith("application/feed+json")
    data = response.json()
    assert data["version"] == "https://jsonfeed.org/version/1.1"
    assert data["feed_url"] == f"{PUBLIC_URL}/en/clarification/feed.json"
    atom = await read(public, "/en/clarification/feed.atom")
    assert [item["id"] for item in data["items"]] == [entry.id for entry in atom.entries]
    for item in data["items"]:
        assert item["url"].startswith(PUBLIC_URL)
        assert item["content_html"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00\+07:00", item["date_published"])


async def test_without_an_address_a_json_feed_names_none(local: Public) -> None:
    data = (await local.http.get("/vi/feed.json")).json()
    assert not {"feed_url", "home_page_url"} & data.keys()
    assert not any("url" in item for item in data["items"])


async def test_a_feed_is_never_without_end(public: Public) -> None:
    for number in range(60):
        public.write(f"clarification.no{number}", clarification(f"no{number}"))
    public.reload()
    assert len((await read(public, "/vi/clarification/feed.atom")).entries) == 50


class TestSitemap:
    async def test_it_has_every_page_in_both_languages_with_a_true_date(self, public: Public) -> None:
        response = await public.http.get("/sitemap.xml")
        root = ElementTree.fromstring(response.content)
        ns = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
        found = {url.findtext("s:loc", None, ns): url for url in root.findall("s:url", ns)}
        assert len(found) == 2 * (1 + 2 + 4 + 1 + 103)
        url = found[f"{PUBLIC_URL}/en/clarification/e10"]
        assert url.findtext("s:lastmod", None, ns) == "2026-11-20"
        assert {link.get("hreflang"): link.get("href") for link in url.findall("x:link", ns)} == {
            "vi": f"{PUBLIC_URL}/vi/clarification/e10",
            "en": f"{PUBLIC_URL}/en/clarification/e10",
            "x-default": f"{PUBLIC_URL}/vi/clarification/e10",
        }
        for address in list(found)[::9]:
            assert address is not None
            assert (await public.http.get(address.removeprefix(PUBLIC_URL))).status_code == 200, address

    async def test_without_an_address_it_says_what_is_missing(self, local: Public) -> None:
        response = await local.http.get("/sitemap.xml")
        assert response.status_code == 404
        assert "PUBLIC_URL" in response.text

    async def test_robots_are_led_to_it(self, public: Public, local: Public) -> None:
        assert f"Sitemap: {PUBLIC_URL}/sitemap.xml" in (await public.http.get("/robots.txt")).text
        assert "Sitemap" not in (await local.http.get("/robots.txt")).text


async def test_a_clarification_of_today_is_not_lost_among_what_was_published_with_it(public: Public) -> None:
    day = datetime.date(2026, 11, 29)
    for number in range(60):  # as on the day on which a bot is set up
        public.write(f"culture.zz{number}", ANSWER.format(name=f"zz{number}"))
    public.reload()
    dates = dict.fromkeys(public.library.answers, Dates(day, day))
    public.library = replace(public.library, dates=dates)
    entries = (await read(public, "/en/feed.atom")).entries
    assert len(entries) == 50
    assert "tag:cantho.gov.vn,2026:hoi-can-tho/en/clarification.e10" in {entry.id for entry in entries}
