"""Every answer has a page, in both languages and whatever became of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser

import pytest

from bot.channels.web import page as chat_page
from bot.content.loading import load
from bot.content.paths import share_path
from bot.domain.answer import TOPICS, Facet
from bot.domain.language import Language
from bot.http_server import SECURITY_HEADERS
from bot.site.pages import STATIC
from tests.support import ROOT
from tests.support.content import ANSWER
from tests.support.public_pages import PUBLIC_URL, Public, clarification

STYLES = ((chat_page.STATIC, "style.css"), (STATIC, "site.css"))
E10 = "/vi/clarification/e10"


class _Shown(HTMLParser):
    """The text of a page, and the addresses that it leads to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.heads: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag in {"link", "meta"}:
            self.heads.append(values)
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)

    def head(self, **wanted: str) -> list[str | None]:
        """Where the elements of the head with these attributes lead, or what they say."""
        found = [one for one in self.heads if wanted.items() <= one.items()]
        return [one.get("href") or one.get("content") for one in found]


async def shown(public: Public, path: str) -> _Shown:
    response = await public.http.get(path)
    assert response.status_code == 200, path
    return _Shown(response.text)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", ["Tin e10 là thật & đúng.", "Không đúng", 'là "giả" <script>alert(1)</script>',
                "Theo quy định nào?", "Theo luật.", "Một cơ quan, 10/11/2026", "Sở Văn hóa",
                "20/11/2026", "01/01/2100", "A <law>",
                "1/2026 · An issuer · 11/2026", "Ngày đã sửa.", "Tựa food", "01/11/2026, A page"]),
        ("en", ["The e10 claim is true & right.", "Not true", 'is "fake" <script>alert(1)</script>',
                "Which rules apply?", "By law.", "An office, 10/11/2026", "Department of Culture",
                "20/11/2026", "The date was put right.", "Title of food"]),
    ],
)  # fmt: skip
async def test_a_page_holds_all_of_its_answer_without_a_script(
    public: Public, language: str, said: list[str]
) -> None:
    page = await shown(public, f"/{language}/clarification/e10")
    text = re.sub(r"\s+", " ", "".join(page.text))
    assert [one for one in said if one not in text] == []
    assert "https://law.example/a?b=1&c=2" in page.links
    assert any(link.startswith("https://www.google.com/maps") for link in page.links)
    assert f"/?lang={language}#answer:clarification.e10" in page.links


async def test_nothing_that_an_editor_types_becomes_markup(public: Public) -> None:
    html = (await public.http.get(E10)).text
    assert "<b>giả" not in html
    assert html.count("<script") == html.count("</script>") == 1
    assert '<script type="application/ld+json">' in html


async def test_a_page_names_itself_in_both_languages(public: Public) -> None:
    for language in ("vi", "en"):
        page = await shown(public, f"/{language}/clarification/e10")
        assert page.head(rel="canonical") == [f"{PUBLIC_URL}/{language}/clarification/e10"]
        assert page.head(rel="alternate", hreflang="vi") == [f"{PUBLIC_URL}/vi/clarification/e10"]
        assert page.head(rel="alternate", hreflang="en") == [f"{PUBLIC_URL}/en/clarification/e10"]
        assert page.head(rel="alternate", hreflang="x-default") == [f"{PUBLIC_URL}/vi/clarification/e10"]
        assert page.head(property="og:url") == page.head(rel="canonical")
        assert page.head(property="og:type") == ["article"]


async def test_whoever_shows_a_link_to_it_is_given_its_picture(public: Public) -> None:
    page = await shown(public, "/vi/clarification/e10")
    answer = public.library.answers["clarification.e10"]
    path = share_path(answer, Language.VI, public.library)
    assert page.head(property="og:image") == [f"{PUBLIC_URL}{path}"]
    assert path in page.links
    assert (await shown(public, "/en/clarification/law")).head(property="og:image") == []


async def test_without_an_address_of_its_own_it_goes_by_paths(local: Public) -> None:
    page = await shown(local, E10)
    assert page.head(rel="alternate", hreflang="en") == ["/en/clarification/e10"]
    assert page.head(rel="canonical") == page.head(property="og:url") == []
    assert not any("t.me" in link for link in page.links)


@pytest.mark.parametrize(
    "path", ["/culture/hidden", "/culture/later", "/culture/never", "/nothing/food", "/nothing"]
)
async def test_what_is_not_published_is_a_page_with_a_way_on(public: Public, path: str) -> None:
    for language in ("vi", "en"):
        response = await public.http.get(f"/{language}{path}")
        assert response.status_code == 404
        page = _Shown(response.text)
        assert "form" in page.tags
        assert f"/{language}" in page.links
        assert page.head(name="robots") == ["noindex"]


@pytest.mark.parametrize("public_url", [PUBLIC_URL, ""])
async def test_its_picture_is_saved_under_its_own_name(
    served: Callable[[str], Public], public_url: str
) -> None:
    page = (await served(public_url).http.get(E10)).text
    assert re.search(r'/[0-9a-f]{12}\.png" download="e10\.png"', page)


async def test_another_language_is_none(public: Public) -> None:
    for path in ("/fr", "/fr/culture", "/fr/culture/food", "/fr/search", "/fr/feed.atom"):
        assert (await public.http.get(path)).status_code == 404


async def test_what_took_its_place_is_where_an_old_link_leads(public: Public) -> None:
    for language in ("vi", "en"):
        response = await public.http.get(f"/{language}/culture/old")
        assert (response.status_code, response.headers["location"]) == (301, f"/{language}/culture/new")
        assert response.headers["cache-control"] == "no-cache"
        assert (await public.http.get(response.headers["location"])).status_code == 200


async def test_a_link_from_years_ago_leads_to_its_answer_through_every_renaming(public: Public) -> None:
    public.write("culture.newer", "supersedes: [culture.new]" + ANSWER.format(name="newer"))
    (public.directory / "culture" / "old.yml").unlink()
    public.reload()
    response = await public.http.get("/vi/culture/old")
    assert (response.status_code, response.headers["location"]) == (301, "/vi/culture/newer")


async def test_what_was_withdrawn_says_so_over_its_text(public: Public) -> None:
    page = await shown(public, "/en/clarification/law")
    text = "".join(page.text)
    assert text.index("withdrawn on 22/11/2026") < text.index("Not true")
    assert "The law has changed." in text
    assert page.head(name="robots") == ["noindex"]


async def test_what_was_published_in_error_is_gone(public: Public) -> None:
    for language in ("vi", "en"):
        response = await public.http.get(f"/{language}/clarification/wrong")
        assert response.status_code == 410
        assert "wrong" not in re.sub(r'"[^"]*"', "", unescape(response.text))
        assert f"/{language}" in _Shown(response.text).links
    for path in (
        "/vi",
        "/vi/clarification",
        "/vi/feed.atom",
        "/claims.json",
        "/answers.json",
        "/sitemap.xml",
    ):
        text = (await public.http.get(path)).text
        assert "Tin wrong" not in text
        assert "wrong: tin" not in text


async def test_a_withdrawal_is_live_with_the_next_request(public: Public) -> None:
    before = await public.http.get(E10)
    public.write("clarification.e10", clarification("e10", status="withdrawn"))
    public.reload()
    after = await public.http.get(E10, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 410


async def test_a_topic_lists_its_answers_and_its_feeds(public: Public) -> None:
    page = await shown(public, "/en/culture")
    assert {link for link in page.links if link.startswith("/en/culture/")} == {
        "/en/culture/food", "/en/culture/music", "/en/culture/new",
        "/en/culture/feed.atom", "/en/culture/feed.json",
    }  # fmt: skip
    assert page.head(rel="alternate", type="application/atom+xml") == ["/en/culture/feed.atom"]
    assert page.head(rel="alternate", hreflang="vi") == [f"{PUBLIC_URL}/vi/culture"]


async def test_home_leads_everywhere(public: Public) -> None:
    page = await shown(public, "/vi")
    wanted = {
        E10,
        "/vi/culture",
        "/vi/clarification",
        "/vi/phuong-xa",
        "/vi/search",
        "/vi/feed.atom",
        "/?lang=vi",
    }
    assert wanted <= set(page.links)
    assert "/vi/diaspora" not in page.links  # it has no answer


async def test_an_emergency_is_told_on_every_page(public: Public) -> None:
    messages = public.directory / "messages.yml"
    notice = (
        'notice: {from: 2026-01-01 08:00, until: 2099-01-01 08:00, vi: "Bão đang vào.", en: A storm comes.}\n'
    )
    messages.write_text(notice + messages.read_text("utf-8"), encoding="utf-8")
    public.reload()
    for path in (E10, "/vi", "/vi/culture", "/vi/phuong-xa", "/vi/search", "/vi/nothing"):
        assert "Bão đang vào." in (await public.http.get(path)).text, path


async def test_what_is_past_its_review_says_so(public: Public) -> None:
    text = ANSWER.format(name="food").replace("2100-01-01", "2026-11-02")
    public.write("culture.food", text)
    public.reload()
    assert "02/11/2026, nên có thể đã cũ" in (await public.http.get("/vi/culture/food")).text


async def test_pages_are_as_safe_as_the_rest(public: Public) -> None:
    for path in (E10, "/vi", "/vi/clarification/wrong", "/vi/nothing", "/vi/search"):
        response = await public.http.get(path)
        assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert not re.search(r"<style|\sstyle=|\son\w+=", response.text)


def test_every_side_has_a_heading(public: Public) -> None:
    site = public.library.messages.site
    assert all(site.asking(facet).vi for facet in Facet if facet is not Facet.SOURCE)


async def test_no_page_of_the_city_is_large(public: Public) -> None:
    """With its style sheets, uncompressed; without its picture."""
    public.library = load(ROOT / "content").library
    styles = sum(len((folder / name).read_bytes()) for folder, name in STYLES)
    pages = ["", *(f"/{topic}" for topic in TOPICS), "/wards", "/phuong-xa"]
    pages += ["/" + answer_id.replace(".", "/") for answer_id in public.library.answers]
    for path in [f"/{language}{page}" for language in ("vi", "en") for page in pages]:
        response = await public.http.get(path)
        assert len(response.content) + styles < 60_000, path


class TestWards:
    async def test_each_of_the_103_has_a_page_in_both_languages(self, public: Public) -> None:
        for path, one in (("/vi/phuong-xa", "/vi/phuong-xa/"), ("/en/wards", "/en/wards/")):
            page = await shown(public, path)
            found = [link for link in page.links if link.startswith(one)]
            assert len(set(found)) == 103
            for link in found[::20]:
                await shown(public, link)
            assert "/wards.csv" in page.links

    async def test_a_page_says_what_it_was_made_of(self, public: Public) -> None:
        page = await shown(public, "/en/wards/cai-khe-31120")
        text = re.sub(r"\s+", " ", "".join(page.text))
        assert "Cái Khế ward" in text
        assert "Bùi Hữu Nghĩa ward, Bình Thủy district, Cần Thơ (a part of it)" in text
        assert "/?lang=en#ward:31120" in page.links
        assert page.head(rel="alternate", hreflang="vi") == [f"{PUBLIC_URL}/vi/phuong-xa/cai-khe-31120"]

    @pytest.mark.parametrize("name", ["31120", "an-older-name-31120"])
    async def test_its_code_alone_leads_to_it(self, public: Public, name: str) -> None:
        response = await public.http.get(f"/vi/phuong-xa/{name}")
        assert (response.status_code, response.headers["location"]) == (301, "/vi/phuong-xa/cai-khe-31120")

    @pytest.mark.parametrize(
        "path", ["/vi/phuong-xa/99999", "/vi/phuong-xa/cai-khe", "/vi/wards", "/en/phuong-xa"]
    )
    async def test_there_is_no_other(self, public: Public, path: str) -> None:
        assert (await public.http.get(path)).status_code == 404

    async def test_without_a_table_there_are_none(self, public: Public) -> None:
        (public.directory / "wards.yml").unlink()
        public.reload()
        assert (await public.http.get("/vi/phuong-xa")).status_code == 404


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{E10}/", E10),
        ("/vi/", "/vi"),
        ("/en/clarification//", "/en/clarification"),
        ("/vi/Clarification/E10", E10),
        ("/vi//evil.example/", "/vi//evil.example"),
    ],
)
async def test_a_slash_too_many_or_a_capital_leads_to_the_page_whatever_host_is_named(
    public: Public, path: str, place: str
) -> None:
    answer = await public.http.get(path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (301, place)


@pytest.mark.parametrize("path", ["/vi/a/b/c/d", "/en/..%2f..%2fetc/passwd"])
async def test_a_path_like_none_is_a_page_with_a_way_on_too(public: Public, path: str) -> None:
    answer = await public.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == path[1:3]
