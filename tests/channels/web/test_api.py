"""POST /api/messages, as a client sees it."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.clock import utc_now
from bot.storage.inbox import Inbox
from bot.storage.models import DeliveryStatus
from tests.support.site import Site, running_site

KEYS = {
    "kind", "id", "facet", "action", "ids", "language", "title", "text", "html", "claim", "verdict",
    "verdict_label", "clarified", "notice", "sources", "checked", "office", "map_url", "buttons", "version",
    "alert", "picture",
}  # fmt: skip


@pytest.fixture(scope="session")
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _fresh_stand_in(site: Site) -> None:
    site.rasa.begin_anew()


async def ask(client: httpx.AsyncClient, text: str, **more: object) -> dict[str, Any]:
    response = await client.post("/api/messages", json={"conversation": "c1", "text": text, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


class TestReply:
    async def test_an_answer_has_everything_a_page_shows(self, site: Site, client: httpx.AsyncClient) -> None:
        assert await ask(client, "chợ nổi mấy giờ đông") == {
            "language": "vi",
            "replies": [
                {
                    "kind": "answer",
                    "id": "culture.floating-market",
                    "facet": None,
                    "action": None,
                    "ids": [],
                    "language": "vi",
                    "title": "Chợ nổi Cái Răng",
                    "text": (
                        "Chợ đông nhất lúc **5-6 giờ sáng**.\n\n- Ghe treo hàng lên cây bẹo.\n"
                        "- Xem thêm tại [trang của thành phố](https://example.org/du-lich)."
                    ),
                    "html": (
                        "<p>Chợ đông nhất lúc <strong>5-6 giờ sáng</strong>.</p>\n<ul>\n"
                        "<li>Ghe treo hàng lên cây bẹo.</li>\n"
                        '<li>Xem thêm tại <a href="https://example.org/du-lich" target="_blank" '
                        'rel="noopener">trang của thành phố</a>.</li>\n</ul>'
                    ),
                    "claim": None,
                    "verdict": None,
                    "verdict_label": None,
                    "clarified": None,
                    "alert": None,
                    "picture": None,
                    "notice": None,
                    "sources": [
                        {
                            "title": "Văn hóa chợ nổi Cái Răng",
                            "number": "829/QĐ-BVHTTDL",
                            "issuer": "Bộ Văn hóa, Thể thao và Du lịch",
                            "date": "2016-03-10",
                            "url": "https://example.org/cho-noi",
                        },
                        {
                            "title": "Sổ tay du lịch Cần Thơ",
                            "number": None,
                            "issuer": None,
                            "date": "2025",
                            "url": None,
                        },
                    ],
                    "checked": "2026-11-20",
                    "office": "Sở Văn hóa, Thể thao và Du lịch",
                    "map_url": (
                        "https://www.google.com/maps/search/?api=1&query="
                        "Ch%E1%BB%A3+n%E1%BB%95i+C%C3%A1i+R%C4%83ng%2C+C%E1%BA%A7n+Th%C6%A1"
                    ),
                    "buttons": [
                        {"label": "Món ngon Cần Thơ", "payload": "answer:culture.food", "url": None},
                        {"label": "Kiều bào mua nhà", "payload": "answer:diaspora.buy-house", "url": None},
                        {
                            "label": "Hữu ích",
                            "payload": "helpful:culture.floating-market:vi",
                            "url": None,
                        },
                        {
                            "label": "Chưa hữu ích",
                            "payload": "unhelpful:culture.floating-market:vi",
                            "url": None,
                        },
                        {
                            "label": "Báo mình khi mục này thay đổi",
                            "payload": "watch:culture.floating-market:vi",
                            "url": None,
                        },
                        {"label": "English", "payload": "language:en", "url": None},
                    ],
                    "version": site.library.version,
                }
            ],
        }

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("chợ nổi", "answer"),
            ("giá bao nhiêu", "facet"),
            ("nhà", "choices"),
            ("mai trời có mưa không", "fallback"),
            ("chào", "smalltalk"),
            ("xóa dữ liệu", "action"),
        ],
    )
    async def test_every_kind_of_card_has_every_key(
        self, client: httpx.AsyncClient, text: str, kind: str
    ) -> None:
        (card,) = (await ask(client, text))["replies"]
        assert card["kind"] == kind
        assert card.keys() == KEYS

    async def test_a_clarification_says_what_is_true_and_who_said_so(self, client: httpx.AsyncClient) -> None:
        (card,) = (await ask(client, "phải làm lại căn cước hả"))["replies"]
        assert card["verdict"] == "refuted"
        assert card["verdict_label"] == "Không đúng"
        assert card["claim"] == "Sáp nhập xong ai cũng phải làm lại căn cước."
        assert card["clarified"] == "Bộ Công an, 17/07/2025"

    async def test_a_button_is_pressed_instead_of_writing(self, client: httpx.AsyncClient) -> None:
        body = {"conversation": "c1", "button": "answer:culture.food", "language": "en"}
        reply = (await client.post("/api/messages", json=body)).json()
        assert reply["language"] == "en"
        assert reply["replies"][0]["title"] == "Cần Thơ food"

    async def test_a_forged_button_finds_nothing(self, client: httpx.AsyncClient) -> None:
        body = {"conversation": "c1", "button": "answer:culture.secret"}
        reply = (await client.post("/api/messages", json=body)).json()
        assert reply["replies"][0]["kind"] == "fallback"

    async def test_a_very_long_text_is_read_in_part_and_the_reply_says_so(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        (card,) = (await ask(client, "chợ nổi " * 5000))["replies"]
        assert "phần đầu" in card["notice"]
        assert len(site.rasa.texts[-1]) <= 1000


class TestPrivacy:
    async def test_the_clients_own_id_goes_no_further(self, client: httpx.AsyncClient, site: Site) -> None:
        await ask(client, "chợ nổi", conversation="my-own-id-of-this-chat")
        (sender,) = site.rasa.senders
        assert len(sender) == 64
        written = b"".join(path.read_bytes() for path in site.file.parent.iterdir())
        assert b"my-own-id-of-this-chat" not in written

    async def test_one_conversation_is_always_the_same_and_never_anothers(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        for conversation in ("a", "a", "b"):
            await ask(client, "chợ nổi", conversation=conversation)
        first, second, other = site.rasa.senders
        assert first == second != other


class TestRepeat:
    async def test_the_same_key_gets_the_same_reply_and_is_not_asked_twice(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        first = await ask(client, "chợ nổi", key="repeat-1")
        assert await ask(client, "chợ nổi", key="repeat-1") == first
        assert len(site.rasa.asked) == 1

    async def test_also_while_the_first_is_still_waiting(self, client: httpx.AsyncClient, site: Site) -> None:
        site.rasa.may_answer.clear()
        async with asyncio.TaskGroup() as group:
            replies = [group.create_task(ask(client, "chợ nổi", key="repeat-2")) for _ in range(3)]
            group.create_task(answer_once_asked(site))
        assert replies[0].result() == replies[1].result() == replies[2].result()
        assert len(site.rasa.asked) == 1

    async def test_a_key_means_nothing_in_another_conversation(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        await ask(client, "chợ nổi", key="repeat-3", conversation="a")
        await ask(client, "nhà", key="repeat-3", conversation="b")
        assert len(site.rasa.asked) == 2

    async def test_without_a_key_every_request_is_a_question(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        await ask(client, "chợ nổi")
        await ask(client, "chợ nổi")
        assert len(site.rasa.asked) == 2

    async def test_a_reply_that_is_no_longer_kept_is_said_to_be_gone(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        await ask(client, "chợ nổi", key="repeat-4")
        await Inbox(site.database, "secret", lambda: utc_now() + datetime.timedelta(minutes=11)).tidy()
        response = await client.post(
            "/api/messages", json={"conversation": "c1", "text": "chợ nổi", "key": "repeat-4"}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (410, "reply_gone")


async def answer_once_asked(site: Site) -> None:
    """Let Rasa answer when a question has reached it."""
    await site.rasa.was_asked(1)
    site.rasa.may_answer.set()


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"{", 400),
            (b"\xff", 400),
            (b"", 400),
            (b"[]", 422),
            (b'{"text": "a"}', 422),
            (b'{"conversation": "", "text": "a"}', 422),
            (b'{"conversation": "a b", "text": "a"}', 422),
            ('{"conversation": "cà", "text": "a"}'.encode(), 422),
            (b'{"conversation": "a\\n", "text": "a"}', 422),
            (b'{"conversation": "%s", "text": "a"}' % (129 * b"a"), 422),
            (b'{"conversation": 1, "text": "a"}', 422),
            (b'{"conversation": "a"}', 422),
            (b'{"conversation": "a", "text": null}', 422),
            (b'{"conversation": "a", "text": "a", "button": "say:help"}', 422),
            (b'{"conversation": "a", "text": ""}', 422),
            (b'{"conversation": "a", "text": " \\n\\t\\u00a0"}', 422),
            (b'{"conversation": "a", "text": "\\u200b"}', 422),
            (b'{"conversation": "a", "text": "\\ud800"}', 400),
            (b'{"conversation": "a", "text": ["a"]}', 422),
            (b'{"conversation": "a", "button": ""}', 422),
            (b'{"conversation": "a", "button": "%s"}' % (65 * b"a"), 422),
            (b'{"conversation": "a", "button": "\\u0000"}', 422),
            (b'{"conversation": "a", "button": "say:help\\u0000"}', 422),
            (b'{"conversation": "a", "button": "say:\\ud83d"}', 400),
            (b'{"conversation": "a", "text": "\\u0000"}', 422),
            (b"[" * 60_000, 400),
            (b'{"conversation": "a", "text": "a", "key": "a b"}', 422),
            (b'{"conversation": "a", "text": "a", "language": "fr"}', 422),
            (b'{"conversation": "a", "text": "a", "admin": true}', 422),
        ],
    )
    async def test_are_refused_with_a_reason(
        self, client: httpx.AsyncClient, site: Site, body: bytes, status: int
    ) -> None:
        response = await client.post(
            "/api/messages", content=body, headers={"Content-Type": "application/json"}
        )
        assert_error(response, status)
        assert not site.rasa.asked

    async def test_the_reason_names_the_key_and_never_repeats_the_text(
        self, client: httpx.AsyncClient
    ) -> None:
        response = await client.post("/api/messages", json={"conversation": "my secret", "text": "a"})
        assert response.json()["error"]["message"].startswith("conversation: ")
        assert "my secret" not in response.text

    async def test_a_body_over_64_kib_is_too_large(self, client: httpx.AsyncClient) -> None:
        fits = {"conversation": "a", "text": ""}
        room = 64 * 1024 - len(httpx.Request("POST", client.base_url, json=fits).content)
        assert await ask(client, "a" * room, conversation="a")
        response = await client.post("/api/messages", json={**fits, "text": "a" * (room + 1)})
        assert_error(response, 413)

    async def test_a_body_without_a_length_is_too_large_all_the_same(self, client: httpx.AsyncClient) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield 1024 * b"a"

        response = await client.post(
            "/api/messages", content=endless(), headers={"Content-Type": "application/json"}
        )
        assert_error(response, 413)

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
    async def test_another_content_type_is_refused(
        self, client: httpx.AsyncClient, content_type: str
    ) -> None:
        response = await client.post(
            "/api/messages",
            content=b'{"conversation": "a", "text": "a"}',
            headers={"Content-Type": content_type},
        )
        assert_error(response, 415)

    async def test_a_content_type_may_name_its_charset(self, client: httpx.AsyncClient) -> None:
        response = await client.post(
            "/api/messages",
            content='{"conversation": "a", "text": "chợ nổi"}'.encode(),
            headers={"Content-Type": "Application/JSON; charset=utf-8"},
        )
        assert response.status_code == 200

    async def test_another_method_is_refused(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/api/messages")
        assert_error(response, 405)
        assert response.headers["Allow"] == "POST"

    async def test_another_address_is_not_there(self, client: httpx.AsyncClient) -> None:
        assert_error(await client.post("/api/nothing"), 404)


def assert_error(response: httpx.Response, status: int) -> None:
    """The response is an error as the interface promises it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert all(body["error"].values())


class TestFlood:
    async def test_a_conversation_that_floods_is_told_when_to_come_again_and_no_other_is(
        self, content: Path, tmp_path: Path
    ) -> None:
        async with (
            running_site(tmp_path, content=content, rate_limit=3, address_limit=100) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            for _ in range(3):
                await ask(client, "chợ nổi", conversation="flooder")
            refused = await client.post("/api/messages", json={"conversation": "flooder", "text": "a"})
            assert_error(refused, 429)
            assert 1 <= int(refused.headers["Retry-After"]) <= 20
            for number in range(30):  # thousands may stand behind one address of a mobile network
                await ask(client, "chợ nổi", conversation=f"neighbour-{number}")

    async def test_an_address_that_floods_under_ever_new_names_is_held_back_and_no_other_is(
        self, content: Path, tmp_path: Path
    ) -> None:
        async with (
            running_site(tmp_path, content=content, rate_limit=3, address_limit=5) as site,
            client_from("127.0.0.2", site) as flooder,
            client_from("127.0.0.3", site) as other,
        ):
            for number in range(5):
                await ask(flooder, "chợ nổi", conversation=f"c{number}")
            # uvicorn believes a proxy on its own machine, 127.0.0.1, and nobody else.
            for headers in ({}, {"X-Forwarded-For": "192.0.2.1"}):
                body = {"conversation": "new", "text": "chợ nổi"}
                assert_error(await flooder.post("/api/messages", json=body, headers=headers), 429)
            await ask(other, "chợ nổi", conversation="new")

    async def test_looks_for_deliveries_take_nothing_from_the_questions(
        self, content: Path, tmp_path: Path
    ) -> None:
        async with (
            running_site(tmp_path, content=content, rate_limit=3, address_limit=3) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            looks = [{"conversation": f"c{number % 10}"} for number in range(40)]
            seen = {(await client.post("/api/deliveries", json=look)).status_code for look in looks}
            assert seen == {200, 429}  # they are held back by themselves, at last
            await ask(client, "chợ nổi", conversation="c1")

    async def test_nobody_floods_where_the_limit_is_off(self, client: httpx.AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(client, "chợ nổi")) for _ in range(40)]
        assert all(task.result()["replies"] for task in asked)


def client_from(address: str, site: Site) -> httpx.AsyncClient:
    """A client whose connections come from an address of the loopback network."""
    return httpx.AsyncClient(base_url=site.url, transport=httpx.AsyncHTTPTransport(local_address=address))


async def test_where_no_reply_comes_in_time_the_same_key_fetches_it_later(
    content: Path, tmp_path: Path
) -> None:
    async with (
        running_site(tmp_path, content=content, reply_within=0.05) as site,
        httpx.AsyncClient(base_url=site.url) as client,
    ):
        site.rasa.may_answer.clear()
        body = {"conversation": "a", "text": "chợ nổi", "key": "k1"}
        late = await client.post("/api/messages", json=body)
        assert_error(late, 503)
        assert int(late.headers["Retry-After"]) > 0
        await answer_once_asked(site)
        async with asyncio.timeout(10):
            while (reply := await client.post("/api/messages", json=body)).status_code == 503:
                pass
        assert reply.json()["replies"][0]["id"] == "culture.floating-market"
        assert len(site.rasa.asked) == 1


HOSTILE = [
    {"button": "\x00"},
    {"button": "a\x00b"},
    {"text": "\x00\x00"},
    {"text": "a\x00"},
    {"text": "chợ", "key": "k\x00"},
]
"""As JSON writes them: NUL in whatever a client may send."""


@pytest.mark.parametrize("body", [*HOSTILE, '{"conversation": "c", "text": "a\\ud800"}',
                                  '{"conversation": "c", "button": "\\udfff"}'], ids=str)  # fmt: skip
async def test_no_bytes_cost_anybody_an_answer(client: httpx.AsyncClient, body: dict[str, str] | str) -> None:
    hostile = json.dumps({"conversation": "c", **body}) if isinstance(body, dict) else body
    innocents = [ask(client, "chợ nổi", conversation=f"innocent-{n}") for n in range(10)]
    headers = {"Content-Type": "application/json"}
    sent = client.post("/api/messages", content=hostile, headers=headers)
    response, *_answers = await asyncio.gather(sent, *innocents)
    assert response.status_code < 500


async def test_a_hiccup_of_the_database_is_one_to_come_again_for(content: Path, tmp_path: Path) -> None:
    async with running_site(tmp_path, content=content) as site, httpx.AsyncClient() as client:
        site.file.rename(tmp_path / "elsewhere")
        body = {"conversation": "a", "text": "a", "key": "k"}
        for path, sent in (("messages", body), ("deliveries", {"conversation": "a"})):
            response = await client.post(f"{site.url}/api/{path}", json=sent)
            assert_error(response, 503)
            assert int(response.headers["Retry-After"]) > 0
        (tmp_path / "elsewhere").rename(site.file)
        assert (await client.post(f"{site.url}/api/messages", json=body)).status_code == 200


async def test_a_mistake_of_ours_says_nothing_of_what_it_was(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(*_: object) -> None:
        raise KeyError("inbox")

    async with running_site(tmp_path, content=content) as site, httpx.AsyncClient() as client:
        monkeypatch.setattr(Inbox, "ask", mistaken)
        response = await client.post(f"{site.url}/api/messages", json={"conversation": "a", "text": "a"})
        assert_error(response, 500)
        assert "inbox" not in response.text


class TestDeliveries:
    async def reply_to(self, client: httpx.AsyncClient, site: Site, conversation: str) -> None:
        """A question is left for the staff, who reply; it waits."""
        for text in ("giờ trên mặt trăng", "gặp cán bộ", "gửi đi"):
            await ask(client, text, conversation=conversation)
        (*_, kept) = await site.outbox.questions()
        await site.outbox.reply(kept.id, "Không rõ, **xin lỗi**.", "culture.food")
        assert await site.delivery_worker.deliver_next()
        (*_, kept) = await site.outbox.questions(everything=True)
        assert kept.status is DeliveryStatus.WAITING

    async def visit(self, client: httpx.AsyncClient, conversation: str, *received: int) -> list[Any]:
        visit = {"conversation": conversation, "received": received}
        response = await client.post("/api/deliveries", json=visit)
        assert response.status_code == 200, response.text
        found: list[Any] = response.json()["deliveries"]
        return found

    async def test_a_reply_of_the_staff_comes_until_it_is_received(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        await self.reply_to(client, site, "asker-1")
        assert await self.visit(client, "somebody-else") == []
        (first,) = await self.visit(client, "asker-1")
        assert await self.visit(client, "asker-1") == [first]
        reply, answer = first["replies"]
        assert set(reply) == KEYS
        assert "Không rõ, **xin lỗi**." in reply["html"]  # the staff writes plain text
        assert "giờ trên mặt trăng" in reply["text"]
        assert answer["id"] == "culture.food"
        await self.visit(client, "somebody-else", first["id"])
        assert await self.visit(client, "asker-1") == [first]
        assert await self.visit(client, "asker-1", first["id"]) == []

    async def test_it_comes_with_the_reply_to_the_next_message(
        self, client: httpx.AsyncClient, site: Site
    ) -> None:
        await self.reply_to(client, site, "asker-2")
        replies = (await ask(client, "chợ nổi", conversation="asker-2"))["replies"]
        assert [reply["id"] or reply["action"] for reply in replies] == [
            "culture.floating-market",
            "reply",
            "culture.food",
        ]
        assert await self.visit(client, "asker-2") == []
        assert len((await ask(client, "chợ nổi", conversation="asker-2"))["replies"]) == 1

    @pytest.mark.parametrize(
        "visit",
        [
            {},
            {"conversation": "c", "received": ["1"]},
            {"conversation": "a b"},
            {"conversation": "c", "received": [0]},
            {"conversation": "c", "received": [2**31]},
            {"conversation": "c", "received": [10**30]},
            {"conversation": "c", "received": [1.5]},
        ],
        ids=str,
    )
    async def test_a_visit_that_makes_no_sense_is_refused(
        self, client: httpx.AsyncClient, visit: dict[str, object]
    ) -> None:
        response = await client.post("/api/deliveries", json=visit)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid")
