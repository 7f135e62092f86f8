"""Whatever is sent to the page's interface, the answer is a reply or a reason, never a breakdown."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.site import Site
from tests.support.soak import rounds

NASTY = st.sampled_from(
    [
        "\x00", "say:help\x00", "\ud800", "\udfff\ud800", "a" * 70_000, "👩‍👩‍👧" * 900, "\u202e\u2066",
        "\u0301" * 3000,
        "'; DROP TABLE inbox; --", "{{7*7}}", "%s%n{0}", "/restart", "/faq{}", "/forget\x00", "ﷺ" * 5000,
        "../../etc/passwd", "\r\nSet-Cookie: a=b", "chợ nổi", "say:help", "answer:culture.floating-market",
    ]
)  # fmt: skip
TEXTS = NASTY | st.text(st.characters(), max_size=50)  # lone surrogates among them
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["conversation", "text", "button", "key", "language", "received", "picture"]) | TEXTS
BODIES = (
    st.fixed_dictionaries(
        {"conversation": st.just("hostile") | VALUES},
        optional=dict.fromkeys(("text", "button", "key", "language", "received"), VALUES),
    )
    | st.fixed_dictionaries(
        {"conversation": st.just("hostile")}, optional={"text": TEXTS, "received": st.lists(st.integers())}
    )
    | st.fixed_dictionaries({"conversation": st.just("hostile"), "button": TEXTS})
    | VALUES
)
"""Some fit the description, some nearly, some not at all."""

hostile = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATHS = st.sampled_from(["/api/messages", "/api/pictures", "/api/deliveries"])


@pytest.fixture(scope="module")
async def client(site: Site) -> Any:
    site.rasa.begin_anew()
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        yield client


def assert_reply_or_reason(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    body = response.json()
    if response.status_code == 200:
        assert "replies" in body or "deliveries" in body
    else:
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message"}
        assert all(body["error"].values())


@hostile
@given(PATHS, BODIES)
async def test_any_json_gets_a_reply_or_a_reason(client: httpx.AsyncClient, path: str, body: object) -> None:
    content = json.dumps(body)  # escapes what UTF-8 cannot write, as a hostile client would
    response = await client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert_reply_or_reason(response)


@hostile
@given(PATHS, st.binary(max_size=200), st.sampled_from(["application/json", "text/plain", "", "a;b=\xff"]))
async def test_so_do_any_bytes(client: httpx.AsyncClient, path: str, content: bytes, kind: str) -> None:
    headers = {b"Content-Type": kind.encode("latin-1")}
    assert_reply_or_reason(await client.post(path, content=content, headers=headers))


@hostile
@given(
    st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]),
    st.sampled_from(["/api/messages", "/api/", "/api/messages/", "/api/%00", "/api/../api", "/api/\\"]),
)
async def test_so_does_any_method_at_any_address(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert 300 <= response.status_code < 500


@hostile
@given(
    st.sampled_from(["/", "/?lang=", "/static/", "/static/chat.js?v=", "/static/..%2f..%2f", "/static/%00"]),
    st.binary(max_size=60) | st.just(b"a" * 5000) | st.just(b"\x00") | st.just(b"..\\..\\page.py"),
    st.binary(max_size=60).map(lambda data: bytes(c for c in data if c >= 32 and c != 127).strip()),
)
async def test_the_page_and_its_files_stand_any_address_and_header(
    client: httpx.AsyncClient, path: str, more: bytes, header: bytes
) -> None:
    address = path + "".join(f"%{byte:02x}" for byte in more)
    try:
        response = await client.get(address, headers={b"Accept-Language": header, b"Cookie": header})
    except httpx.InvalidURL:
        return  # longer than the client sends
    assert response.status_code < 500


@pytest.mark.soak
async def test_whatever_comes_in_between_an_ordinary_question_is_answered(client: httpx.AsyncClient) -> None:
    loop = asyncio.get_running_loop()
    number = itertools.count()

    def post(path: str, content: str | bytes) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        posting = client.post(path, content=content, headers=headers)
        return asyncio.run_coroutine_threadsafe(posting, loop).result(60)

    @settings(hostile, database=None, max_examples=examples(30))
    @given(PATHS, BODIES.map(json.dumps) | st.binary(max_size=200))
    def something_comes(path: str, content: str | bytes) -> None:
        assert_reply_or_reason(post(path, content))

    def much_comes() -> None:
        for _ in rounds(2):
            something_comes()
            question = {"conversation": f"ordinary-{next(number)}", "text": "chợ nổi"}
            answer = post("/api/messages", json.dumps(question))
            assert [card["id"] for card in answer.json()["replies"]] == ["culture.floating-market"]

    await asyncio.to_thread(much_comes)
