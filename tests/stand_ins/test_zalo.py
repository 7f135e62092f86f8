"""The stand-in judges the bot, so it is judged itself: it refuses what Zalo refuses, signs as Zalo does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from stand_ins.failures import Failure
from stand_ins.serving import serving
from stand_ins.zalo import APP_ID, APP_SECRET, OA_ID, OA_SECRET, Person, StandIn
from stand_ins.zalo.tokens import challenge_of
from stand_ins.zalo.webhook import Webhook, WebhookRefused, encode

Json = dict[str, Any]


class Bot:
    """Calls Zalo as any client would, with the tokens of one grant."""

    def __init__(self, http: httpx.AsyncClient, tokens: Json) -> None:
        self.http = http
        self.tokens = tokens

    async def sends(self, person: Person, **message: Any) -> Json:
        return await self.asks(
            "/v3.0/oa/message/cs", {"recipient": {"user_id": person.id}, "message": message}
        )

    async def asks(self, path: str, body: Json, **headers: str) -> Json:
        given = {"access_token": self.tokens["access_token"], **headers}
        response = await self.http.post(path, json=body, headers=given)
        assert response.status_code == 200
        answer: Json = response.json()
        return answer

    async def authorises(self, patience: float, **form: str) -> Json:
        response = await self.http.post(
            "/v4/oa/access_token",
            data={"app_id": APP_ID, **form},
            headers={"secret_key": APP_SECRET},
            timeout=patience,
        )
        assert response.status_code == 200
        answer: Json = response.json()
        return answer

    async def exchanges(self, code: str, **verifier: str) -> Json:
        return await self.authorises(10, grant_type="authorization_code", code=code, **verifier)

    async def refreshes(self, token: str, *, patience: float = 10) -> Json:
        return await self.authorises(patience, grant_type="refresh_token", refresh_token=token)


class Hook:
    """A webhook that answers as it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[Json, dict[str, str]]] = []
        self.raw: list[bytes] = []
        self.is_hanging = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (part := await receive()).get("more_body", False):
            body += part["body"]
        body += part["body"]
        if self.is_hanging and body != b"{}":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if body != b"{}":
            self.raw.append(body)
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.got.append((json.loads(body), headers))
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def zalo() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def bot(zalo: StandIn) -> AsyncIterator[Bot]:
    async with serving(zalo.app()) as url, httpx.AsyncClient(base_url=url, timeout=10) as http:
        yield Bot(http, zalo.grant.explorer())


@pytest.fixture
async def hook(zalo: StandIn) -> AsyncIterator[Hook]:
    hook = Hook()
    async with serving(hook) as url:
        await zalo.webhook.save(url)
        yield hook


@pytest.fixture
async def lan(zalo: StandIn) -> Person:
    lan = zalo.person("Lan")
    lan.follows()
    return lan


def buttons(*given: Json) -> Json:
    return {"type": "template", "payload": {"buttons": list(given)}}


def query(**other: Any) -> Json:
    return {"title": "Xem thêm", "type": "oa.query.hide", "payload": "#say:help", **other}


def image(**other: Any) -> Json:
    element = {"media_type": "image", "url": "https://example.vn/a.jpg", **other}
    return {"type": "template", "payload": {"template_type": "media", "elements": [element]}}


class TestMessages:
    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ({}, -201),
            ({"text": ""}, -201),
            ({"text": " \n"}, -201),
            ({"text": 1}, -201),
            ({"text": "x", "nonsense": 1}, -201),
            ({"text": "x" * 2001}, -210),
            ({"text": "😀" * 1001}, -210),
            ({"attachment": buttons(query())}, -201),
            ({"text": "x", "attachment": buttons()}, -201),
            ({"text": "x", "attachment": buttons(*[query()] * 6)}, -210),
            ({"text": "x", "attachment": buttons(query(title=""))}, -201),
            ({"text": "x", "attachment": buttons(query(title="đ" * 101))}, -210),
            ({"text": "x", "attachment": buttons(query(payload=""))}, -201),
            ({"text": "x", "attachment": buttons(query(payload="đ" * 501))}, -210),
            ({"text": "x", "attachment": buttons(query(payload={"url": "https://example.vn"}))}, -201),
            ({"text": "x", "attachment": buttons(query(type="oa.query"))}, -201),
            (
                {"text": "x", "attachment": buttons({"title": "x", "type": "oa.open.url", "payload": "x"})},
                -201,
            ),
            ({"text": "x", "attachment": {"type": "template", "payload": {"template_type": "list"}}}, -233),
            ({"text": "x", "attachment": {"type": "template", "payload": {"template_type": "button"}}}, -233),
            ({"attachment": {"type": "image", "payload": {"attachment_id": "x"}}}, -201),
            ({"attachment": image(url="file:///a.jpg")}, -201),
            ({"attachment": image(attachment_id="x")}, -201),
            ({"text": "x", "quote_message_id": "never-said"}, -201),
        ],
        ids=str,
    )
    async def test_what_zalo_refuses_is_refused(
        self, bot: Bot, lan: Person, message: Json, code: int
    ) -> None:
        assert (await bot.sends(lan, **message))["error"] == code
        assert lan.from_oa() == []

    async def test_what_zalo_takes_is_taken(self, bot: Bot, lan: Person) -> None:
        link = {"title": "Nguồn", "type": "oa.open.url", "payload": {"url": "https://cantho.gov.vn/a?b=1"}}
        phone = {"title": "Gọi", "type": "oa.open.phone", "payload": {"phone_code": "84236881888"}}
        messages: list[Json] = [
            {"text": "x" * 2000},
            {"text": "x", "attachment": buttons(query(payload="đ" * 500), link, phone)},
            {"text": "caption", "attachment": image()},
            {"attachment": image()},
        ]
        answers = [await bot.sends(lan, **message) for message in messages]

        assert [answer["error"] for answer in answers] == [0, 0, 0, 0]
        assert answers[0]["data"].keys() == {"message_id", "user_id", "sent_time", "quota"}
        assert [said.id for said in lan.from_oa()] == [answer["data"]["message_id"] for answer in answers]
        assert lan.from_oa()[1].labels() == ["Xem thêm", "Nguồn", "Gọi"]

    async def test_ids_are_strings(self, bot: Bot, lan: Person) -> None:
        body = {"recipient": {"user_id": int(lan.id)}, "message": {"text": "x"}}
        assert (await bot.asks("/v3.0/oa/message/cs", body))["error"] == -201

    async def test_an_unknown_person_and_a_body_that_is_no_json_are_refused(self, bot: Bot) -> None:
        body = {"recipient": {"user_id": "1234567890123"}, "message": {"text": "x"}}
        assert (await bot.asks("/v3.0/oa/message/cs", body))["error"] == -201
        headers = {"access_token": bot.tokens["access_token"]}
        raw = await bot.http.post("/v3.0/oa/message/cs", content=b"{", headers=headers)
        assert raw.json()["error"] == -201

    async def test_a_message_is_quoted_for_two_days(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        zalo.replies_most = None
        asked = lan.says("a")["message"]["msg_id"]
        assert (await bot.sends(lan, text="b", quote_message_id=asked))["error"] == 0
        zalo.advance(hours=49)
        bot.tokens = zalo.grant.explorer()
        lan.says("c")
        assert (await bot.sends(lan, text="d", quote_message_id=asked))["error"] == -201

    async def test_buttons_can_be_refused(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        for code in (-201, -233):
            zalo.refuses_buttons = code
            assert (await bot.sends(lan, text="x", attachment=buttons(query())))["error"] == code
        assert (await bot.sends(lan, text="x"))["error"] == 0

    async def test_the_v2_messages_are_shut_but_for_reactions(
        self, bot: Bot, zalo: StandIn, lan: Person
    ) -> None:
        message = {"recipient": {"user_id": lan.id}, "message": {"text": "x"}}
        assert (await bot.asks("/v2.0/oa/message", message))["error"] == -240
        heart = {"react_icon": "/-heart", "react_message_id": lan.says("x")["message"]["msg_id"]}
        reaction = {"recipient": {"user_id": lan.id}, "sender_action": heart}
        assert (await bot.asks("/v2.0/oa/message", reaction))["error"] == 0
        assert zalo.reactions == [(heart["react_message_id"], "/-heart")]


class TestWindows:
    async def test_nobody_is_written_to_before_they_did_anything(self, bot: Bot, zalo: StandIn) -> None:
        assert (await bot.sends(zalo.person(), text="x"))["error"] == -232

    async def test_it_is_free_for_two_days_then_from_the_package_and_after_a_week_refused(
        self, bot: Bot, zalo: StandIn, lan: Person
    ) -> None:
        zalo.package = 1
        kinds: list[object] = []
        for hours in (0, 49, 1, 120):
            zalo.advance(hours=hours)
            bot.tokens = zalo.grant.explorer()
            answer = await bot.sends(lan, text="x")
            kinds.append(answer["data"]["quota"]["quota_type"] if "data" in answer else answer["error"])
        assert kinds == ["reply", "sub_quota", -211, -230]

        lan.opens_the_chat()
        assert (await bot.sends(lan, text="x"))["error"] == 0

    async def test_eight_replies_are_free_until_the_next_message(self, bot: Bot, lan: Person) -> None:
        answers = [await bot.sends(lan, text="x") for _ in range(9)]
        assert [a["data"]["quota"]["remain"] for a in answers[:8]] == list("76543210")
        assert answers[8]["error"] == -211
        lan.says("y")
        assert (await bot.sends(lan, text="x"))["error"] == 0

    async def test_or_all_are_as_since_2026(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        zalo.replies_most = None
        answers = [await bot.sends(lan, text="x") for _ in range(9)]
        assert {a["data"]["quota"]["remain"] for a in answers} == {"8"}

    async def test_the_quota_can_be_asked_for(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        await bot.sends(lan, text="x")
        asked = (await bot.asks("/v3.0/oa/quota/message", {"user_id": lan.id}))["data"]
        assert asked["cs_reply"] == {"remain": 7, "total": 8}
        assert lan.spoke_at is not None
        assert asked["last_interaction"] == str(int(lan.spoke_at * 1000))
        zalo.advance(hours=24.9)
        assert (await bot.asks("/v3.0/oa/quota/message", {"user_id": lan.id}))["data"] == asked

    async def test_seeing_a_message_opens_no_window(self, bot: Bot, zalo: StandIn) -> None:
        lan = zalo.person()
        lan.sees()
        assert (await bot.sends(lan, text="x"))["error"] == -232

    async def test_who_left_or_wants_nothing_gets_nothing(self, bot: Bot, lan: Person) -> None:
        lan.unfollows()
        assert (await bot.sends(lan, text="x"))["error"] == -213
        lan.says("x")
        assert (await bot.sends(lan, text="x"))["error"] == 0
        lan.is_restricting = True
        assert (await bot.sends(lan, text="x"))["error"] == -244

    async def test_too_many_calls_in_a_minute_are_refused(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        zalo.calls_a_minute = 2
        answers = [(await bot.sends(lan, text="x"))["error"] for _ in range(6)]
        assert -32 in answers  # a minute may begin in between


class TestTokens:
    async def test_a_code_is_exchanged_once(self, bot: Bot, zalo: StandIn) -> None:
        code = zalo.grant.consent()
        got = await bot.exchanges(code)
        assert got["expires_in"] == "90000"
        assert "error" in await bot.exchanges(code)

    async def test_a_code_is_good_for_ten_minutes(self, bot: Bot, zalo: StandIn) -> None:
        code = zalo.grant.consent()
        zalo.advance(hours=0.2)
        assert "error" in await bot.exchanges(code)

    async def test_a_code_with_a_challenge_needs_its_verifier(self, bot: Bot, zalo: StandIn) -> None:
        verifier = "v" * 43
        for given, is_taken in [
            ({}, False),
            ({"code_verifier": "w" * 43}, False),
            ({"code_verifier": verifier}, True),
        ]:
            code = zalo.grant.consent(challenge_of(verifier))
            got = await bot.exchanges(code, **given)
            assert ("access_token" in got) is is_taken

    async def test_the_consent_page_takes_one_back_with_a_code(self, bot: Bot, zalo: StandIn) -> None:
        zalo.redirect_uri = "https://bot.example/"
        asked = {"app_id": APP_ID, "redirect_uri": zalo.redirect_uri, "state": "s"}
        back = await bot.http.get("/v4/oa/permission", params=asked)
        given = parse_qs(urlsplit(back.headers["location"]).query)
        assert (given["oa_id"], given["state"]) == ([OA_ID], ["s"])
        assert "access_token" in await bot.exchanges(given["code"][0])

        elsewhere = await bot.http.get("/v4/oa/permission", params={**asked, "redirect_uri": "https://x.vn/"})
        assert elsewhere.json()["error"] == -14003

    async def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(self, bot: Bot, lan: Person) -> None:
        old = bot.tokens
        new = await bot.refreshes(old["refresh_token"])
        assert new["access_token"] != old["access_token"]
        assert (await bot.sends(lan, text="x"))["error"] == -216
        bot.tokens = new
        assert (await bot.sends(lan, text="x"))["error"] == 0

    async def test_a_refresh_token_used_twice_takes_everything_along(
        self, bot: Bot, zalo: StandIn, lan: Person
    ) -> None:
        used = bot.tokens["refresh_token"]
        bot.tokens = await bot.refreshes(used)
        assert (await bot.refreshes(used))["error"] == -14014
        assert (await bot.sends(lan, text="x"))["error"] == -216
        assert (await bot.refreshes(bot.tokens["refresh_token"]))["error"] == -14014
        bot.tokens = await bot.exchanges(zalo.grant.consent())
        assert (await bot.sends(lan, text="x"))["error"] == 0

    async def test_an_access_token_lives_for_25_hours_and_a_refresh_token_for_three_months(
        self, bot: Bot, zalo: StandIn, lan: Person
    ) -> None:
        zalo.advance(hours=25.1)
        assert (await bot.sends(lan, text="x"))["error"] == -220
        bot.tokens = await bot.refreshes(bot.tokens["refresh_token"])
        assert (await bot.sends(lan, text="x"))["error"] == 0
        zalo.advance(hours=91 * 24)
        assert (await bot.refreshes(bot.tokens["refresh_token"]))["error"] == -14014

    async def test_the_token_stands_in_its_own_header(self, bot: Bot, lan: Person) -> None:
        body = {"recipient": {"user_id": lan.id}, "message": {"text": "x"}}
        bearer = {"Authorization": f"Bearer {bot.tokens['access_token']}"}
        answer = await bot.http.post("/v3.0/oa/message/cs", json=body, headers=bearer)
        assert answer.json()["error"] == -216

    async def test_a_proof_is_checked_if_it_is_given(self, bot: Bot, lan: Person) -> None:
        body = {"recipient": {"user_id": lan.id}, "message": {"text": "x"}}
        right = hmac.new(APP_SECRET.encode(), bot.tokens["access_token"].encode(), hashlib.sha256).hexdigest()
        assert (await bot.asks("/v3.0/oa/message/cs", body, appsecret_proof=right))["error"] == 0
        assert (await bot.asks("/v3.0/oa/message/cs", body, appsecret_proof="0" * 64))["error"] == -242

    async def test_the_apps_secret_and_a_form_are_needed(self, bot: Bot, zalo: StandIn) -> None:
        form = {"app_id": APP_ID, "grant_type": "refresh_token", "refresh_token": bot.tokens["refresh_token"]}
        wrong = await bot.http.post("/v4/oa/access_token", data=form, headers={"secret_key": "x"})
        as_json = await bot.http.post("/v4/oa/access_token", json=form, headers={"secret_key": APP_SECRET})
        assert "error" in wrong.json()
        assert "error" in as_json.json()
        assert zalo.grant.refreshes == 0


class TestWebhook:
    async def test_signatures_are_those_of_the_published_test_vectors(self) -> None:
        webhook = Webhook("X", "Y", httpx.AsyncClient(), lambda: None)
        assert webhook.mac(b"BODY", "1234567890") == (
            "2f1ef5aabe67e8396a459ca89562e108ad541f82ba5022c85f645bd6b7220cb9"
        )
        body = (
            '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},'
            '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
            '"event_name":"user_send_text","message":{"text":"xin chào","msg_id":"96d3cdf3af150460909"},'
            '"timestamp":"1543908534740"}'
        )
        webhook = Webhook("360846524940903967", "demo-oa-secret", httpx.AsyncClient(), lambda: None)
        assert webhook.mac(body.encode(), "1543908534740") == (
            "8c13cd8e76484e9eb3246086e7f02fd22fb5ad6c0df1af1e6a135d897906ee53"
        )

    async def test_an_event_is_signed_over_its_very_bytes(
        self, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        lan.says("xin chào")
        await zalo.until(lambda: zalo.webhook.is_idle)
        event, headers = hook.got[-1]
        raw = hook.raw[-1]
        want = hashlib.sha256(APP_ID.encode() + raw + event["timestamp"].encode() + OA_SECRET.encode())
        assert headers["x-zevent-signature"] == f"mac={want.hexdigest()}"
        assert headers["num_retry"] == "0"
        assert raw != json.dumps(event).encode()
        assert raw == encode(event)

    async def test_events_have_the_documented_shapes(self, zalo: StandIn, hook: Hook) -> None:
        lan = zalo.person()
        lan.follows()
        lan.opens_the_chat()
        lan.sends_attachment("location")
        lan.sends_attachment("file", url="https://a.vn/a.pdf", name="a.pdf", size="10")
        lan.sees()
        lan.unfollows()
        await zalo.until(lambda: zalo.webhook.is_idle)
        follow, chat, location, file, seen, unfollow = (event for event, _ in hook.got)

        assert follow["follower"] == {"id": lan.id}
        assert follow["oa_id"] == OA_ID
        assert (chat["event_name"], chat["user_id"]) == ("user_click_chatnow", lan.id)
        assert location["message"]["attachments"][0]["payload"]["coordinates"]["latitude"] == "10.0342"
        assert location["event_name"] == "user_send_location"
        assert file["message"]["attachments"][0]["payload"]["name"] == "a.pdf"
        assert seen["message"] == {"msg_ids": []}
        assert unfollow["event_name"] == "unfollow"
        assert all(isinstance(event["timestamp"], str) for event, _ in hook.got)

    async def test_what_the_oa_says_comes_back(
        self, bot: Bot, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        sent = await bot.sends(lan, text="Chào Lan")
        await zalo.until(lambda: zalo.webhook.is_idle and len(hook.got) == 2)
        echo = next(event for event, _ in hook.got if event["event_name"] == "oa_send_text")
        assert (echo["sender"]["id"], echo["recipient"]["id"]) == (OA_ID, lan.id)
        assert echo["message"] == {"text": "Chào Lan", "msg_id": sent["data"]["message_id"]}

    async def test_a_pressed_button_comes_as_a_text(
        self, bot: Bot, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        shown = query(title="Hiện", type="oa.query.show")
        await bot.sends(lan, text="x", attachment=buttons(query(), shown))
        lan.presses(lan.from_oa()[0], "Xem thêm")
        lan.presses(lan.from_oa()[0], "Hiện")
        await zalo.until(lambda: zalo.webhook.is_idle)
        pressed = [
            event["message"]["text"] for event, _ in hook.got if event["event_name"] == "user_send_text"
        ]
        assert pressed == ["#say:help", "#say:help"]
        assert [said.text for said in lan.messages] == ["x", "#say:help"]

    async def test_it_comes_again_until_it_is_answered_200(
        self, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        await zalo.until(lambda: zalo.webhook.is_idle)
        hook.answers = [500, 401, 200]
        lan.says("a")
        await zalo.until(lambda: zalo.webhook.is_idle)
        assert [headers["num_retry"] for _, headers in hook.got[1:]] == ["0", "1", "2"]
        assert len({event["timestamp"] for event, _ in hook.got[1:]}) == 1

    async def test_after_the_last_try_the_webhook_is_switched_off(
        self, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        await zalo.until(lambda: zalo.webhook.is_idle)
        zalo.webhook.hurry = 1_000_000
        hook.answers = [500] * 6
        lan.says("a")
        await zalo.until(lambda: not zalo.webhook.is_on)
        lan.says("b")
        assert [event["message"]["text"] for event in zalo.webhook.lost] == ["a", "b"]
        zalo.webhook.switch_on()
        lan.says("c")
        await zalo.until(lambda: zalo.webhook.is_idle)
        assert hook.got[-1][0]["message"]["text"] == "c"

    async def test_no_answer_within_two_seconds_counts_as_none(
        self, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        await zalo.until(lambda: zalo.webhook.is_idle)
        hook.is_hanging = True
        lan.says("a")
        await zalo.until(lambda: len(zalo.webhook.deliveries) == 2)
        hook.is_hanging = False
        await zalo.until(lambda: zalo.webhook.is_idle)
        tries = [(delivery.attempt, delivery.status) for delivery in zalo.webhook.deliveries[1:]]
        assert tries == [(0, 0), (1, 200)]
        assert 2 <= zalo.webhook.deliveries[1].seconds < 3

    async def test_events_can_come_late_twice_and_out_of_order(
        self, zalo: StandIn, hook: Hook, lan: Person
    ) -> None:
        await zalo.until(lambda: zalo.webhook.is_idle)
        zalo.webhook.hold()
        first = lan.says("a")
        lan.says("b")
        await asyncio.sleep(0)
        assert len(hook.got) == 1
        zalo.webhook.release(lambda held: held[::-1])
        zalo.webhook.send_again(lan.id, first, timestamp="1543908534740")
        await zalo.until(lambda: zalo.webhook.is_idle)
        events = [event for event, _ in hook.got[1:]]
        assert [event["message"]["text"] for event in events] == ["b", "a", "a"]
        assert events[1]["message"] == events[2]["message"]
        assert events[1]["timestamp"] != events[2]["timestamp"]

    async def test_an_address_that_does_not_answer_200_is_not_saved(self, zalo: StandIn) -> None:
        hook = Hook()
        hook.answers = [404]
        async with serving(hook) as url:
            with pytest.raises(WebhookRefused):
                await zalo.webhook.save(url)
        assert not zalo.webhook.is_on

    async def test_a_forged_event_is_told_from_a_real_one_by_its_signature_alone(
        self, zalo: StandIn, hook: Hook
    ) -> None:
        event = zalo.event("user_send_text", message={"text": "x", "msg_id": "1"})
        await zalo.webhook.post(event)
        await zalo.webhook.post(event, signature="mac=" + "0" * 64)
        await zalo.webhook.post(event, signature="")
        right, wrong, none = (headers.get("x-zevent-signature") for _, headers in hook.got)
        assert right == "mac=" + zalo.webhook.mac(hook.raw[0], event["timestamp"])
        assert wrong == "mac=" + "0" * 64
        assert none is None


class TestFailures:
    async def test_planned_failures_happen_in_order_and_may_take_effect_all_the_same(
        self, bot: Bot, zalo: StandIn, lan: Person
    ) -> None:
        zalo.refuse(-32)
        zalo.failures.plan("cs", Failure(502))
        zalo.failures.plan("cs", Failure(504, is_done=True))
        headers = {"access_token": bot.tokens["access_token"]}
        body = {"recipient": {"user_id": lan.id}, "message": {"text": "x"}}
        answers = [await bot.http.post("/v3.0/oa/message/cs", json=body, headers=headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 502, 504, 200]
        assert answers[0].json() == {
            "error": -32,
            "message": "The application or OA has exceeded the limit of requests per minute",
        }
        assert len(lan.from_oa()) == 2

    async def test_an_answer_can_come_late(self, bot: Bot, zalo: StandIn, lan: Person) -> None:
        zalo.failures.plan("cs", Failure(seconds=0.2))
        slow = asyncio.create_task(bot.sends(lan, text="a"))
        await zalo.until(lan.from_oa)
        assert not slow.done()
        assert (await slow)["error"] == 0

    async def test_a_refresh_can_take_effect_without_an_answer(self, bot: Bot, zalo: StandIn) -> None:
        zalo.failures.plan("access_token", Failure(is_done=True))
        with pytest.raises(httpx.ReadTimeout):
            await bot.http.post(
                "/v4/oa/access_token",
                data={
                    "app_id": APP_ID,
                    "grant_type": "refresh_token",
                    "refresh_token": bot.tokens["refresh_token"],
                },
                headers={"secret_key": APP_SECRET},
                timeout=0.3,
            )
        assert zalo.grant.refreshes == 1
