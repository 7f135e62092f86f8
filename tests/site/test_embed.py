"""Only the sites that are set may frame the chat, and what they load for it is small."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from bot.content.library import Library
from bot.http_server import SecurityHeaders
from bot.site.embed import embed_routes

PORTAL = "https://cantho.gov.vn"

LOADER_MOST = 3 * 1024
"""Bytes of the loader with its words: a page of the portal should not wait for it."""


def client(library: Library, *origins: str) -> httpx.AsyncClient:
    app = SecurityHeaders(Starlette(routes=embed_routes(lambda: library, origins)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot")


@pytest.mark.parametrize("path", ["/embed", "/embed.js"])
async def test_there_is_nothing_to_frame_where_no_site_may(small_library: Library, path: str) -> None:
    async with client(small_library) as http:
        assert (await http.get(path)).status_code == 404


async def test_the_page_may_be_framed_by_those_sites_alone_and_leaves_no_cookie(
    small_library: Library,
) -> None:
    async with client(small_library, PORTAL, "https://danang.gov.vn") as http:
        page = await http.get("/embed?lang=en", headers={"Cookie": "language=vi"})
    policy = page.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://cantho.gov.vn https://danang.gov.vn")
    assert "default-src 'self'" in policy
    assert 'lang="en" data-framed="https://cantho.gov.vn https://danang.gov.vn"' in page.text
    assert "set-cookie" not in page.headers


async def test_the_loader_is_small_and_speaks_both_languages(small_library: Library) -> None:
    async with client(small_library, PORTAL) as http:
        loader = await http.get("/embed.js")
    assert len(loader.content) <= LOADER_MOST
    assert loader.headers["content-type"].startswith("text/javascript")
    assert loader.headers["cache-control"] == "public, max-age=3600"
    assert r'"vi": ["H\u1ecfi C\u1ea7n Th\u01a1"' in loader.text
