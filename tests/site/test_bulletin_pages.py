"""A published bulletin has a page and is in the feeds, the sitemap and on the first page."""

from __future__ import annotations

import feedparser  # type: ignore[import-untyped]
import pytest

from tests.support.public_pages import PUBLIC_URL, Public

BULLETINS = """
week-48:
  status: published
  date: 2026-11-23
  answers: [culture.food]
  vi: {title: "Tuần <này>", text: "Có **gì mới** <script>alert(1)</script>."}
  en: {title: "This <week>", text: "What is **new**."}
week-47:
  status: published
  date: 2026-11-16
  answers: [clarification.e10]
  vi: {title: Tuần trước, text: Chuyện cũ.}
  en: {title: Last week, text: Old news.}
week-49:
  status: draft
  date: 2026-11-30
  answers: [culture.food]
  vi: {title: Chưa đăng, text: Nháp.}
  en: {title: Not out, text: A draft.}
"""


@pytest.fixture
def informed(public: Public) -> Public:
    """The pages, with two published bulletins and a draft."""
    (public.directory / "bulletins.yml").write_text(BULLETINS, "utf-8")
    public.reload()
    return public


@pytest.mark.parametrize(("path", "title"), [("/vi/ban-tin", "Bản tin"), ("/en/bulletins", "Bulletins")])
async def test_all_are_on_a_page_the_newest_first(informed: Public, path: str, title: str) -> None:
    html = (await informed.http.get(path)).text
    assert f"<h1>{title}</h1>" in html
    assert html.index('id="week-48"') < html.index('id="week-47"')
    assert "week-49" not in html
    assert "<script>alert" not in html
    home = (await informed.http.get(path[:3])).text
    assert f'href="{path}"' in home


async def test_each_has_its_own_with_the_answers_that_tell_more(informed: Public) -> None:
    page = await informed.http.get("/en/bulletins/week-48")
    assert page.status_code == 200
    assert "<h1>This &lt;week&gt;</h1>" in page.text
    assert "<strong>new</strong>" in page.text
    assert 'href="/en/culture/food"' in page.text
    assert 'hreflang="vi"' in page.text
    assert f"{PUBLIC_URL}/vi/ban-tin/week-48" in page.text
    for nowhere in ("/en/bulletins/week-49", "/en/bulletins/week-1", "/vi/bulletins/week-48"):
        assert (await informed.http.get(nowhere)).status_code == 404


async def test_without_any_there_is_no_such_page(public: Public) -> None:
    assert (await public.http.get("/en/bulletins")).status_code == 404
    assert "bulletins" not in (await public.http.get("/en")).text


async def test_each_date_of_it_is_an_entry_of_the_feeds_of_its_topics(informed: Public) -> None:
    entry = "tag:cantho.gov.vn,2026:hoi-can-tho/en/bulletin/week-48#2026-11-23"
    found = {}
    for topic in ("", "culture/", "clarification/"):
        parsed = feedparser.parse((await informed.http.get(f"/en/{topic}feed.atom")).content)
        assert not parsed.bozo
        found[topic] = {one.id: one for one in parsed.entries}
    assert found[""][entry].link == f"{PUBLIC_URL}/en/bulletins/week-48"
    assert entry in found["culture/"]
    assert entry not in found["clarification/"]
    assert not [one for one in found[""] if "week-49" in one]
    assert "/en/bulletins/week-48" in (await informed.http.get("/sitemap.xml")).text
