"""What is drawn once and given out as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.site.snapshots import _takes_gzip
from tests.support.content import ANSWER
from tests.support.public_pages import Public

PAGE = "/vi/culture/food"


async def test_whoever_has_a_page_is_told_so_until_it_changes(public: Public) -> None:
    first = await public.http.get(PAGE)
    assert first.headers["cache-control"] == "no-cache"
    same = await public.http.get(PAGE, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    public.write("culture.food", ANSWER.format(name="food").replace("Câu trả lời", "Lời khác"))
    public.reload()
    changed = await public.http.get(PAGE, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "Lời khác" in changed.text


async def test_a_page_of_another_language_or_answer_is_another(public: Public) -> None:
    tags = [
        (await public.http.get(path)).headers["etag"]
        for path in (PAGE, "/en/culture/food", "/vi/culture/music")
    ]
    assert len(set(tags)) == 3


async def test_it_comes_compressed_to_whoever_takes_that(public: Public) -> None:
    plain = await public.http.get(PAGE, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = await public.http.get(PAGE, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content  # httpx has unpacked it
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


async def test_a_head_has_no_body(public: Public) -> None:
    response = await public.http.head(PAGE)
    assert response.status_code == 200
    assert response.headers["etag"] == (await public.http.get(PAGE)).headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [("", False), ("gzip", True), ("deflate, GZIP", True), ("gzip;q=0", False), ("gzip; q=0.0", False),
     ("gzip;q=0.1", True), ("xgzip", False), ("gzipped", False), ("br", False)],
)  # fmt: skip
def test_what_a_client_takes(accepted: str, takes: bool) -> None:
    assert _takes_gzip(accepted) is takes


@given(st.text(max_size=200))
def test_whatever_a_client_says_is_no_mistake_of_ours(accepted: str) -> None:
    assert _takes_gzip(accepted) in {True, False}


async def test_a_strange_date_is_passed_over(public: Public) -> None:
    for since in ("yesterday", "Sun, 99 Nov 2026 00:00:00 GMT", "Sun, 01 Nov 2026 00:00:00"):
        response = await public.http.get("/vi/feed.atom", headers={"If-Modified-Since": since})
        assert response.status_code == 200
