"""The webhook: what Zalo delivers is written down once, before it is acknowledged; the rest is dropped."""

from __future__ import annotations

import asyncio
import datetime
import threading
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from bot.channels.zalo import OfficialAccount, ZaloApi, ZaloChannel
from bot.channels.zalo.limits import EVENT_BYTES
from bot.channels.zalo.store import ZaloStore
from bot.content.library import Library
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.storage import subscriptions
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import InboxMessage, Subscription
from stand_ins.serving import serving
from stand_ins.zalo import APP_ID, OA_ID, Person, StandIn
from tests.support.zalo import new_channel


async def received(engine: AsyncEngine) -> list[Any]:
    """The inbox, oldest first."""
    query = select(InboxMessage.__table__).order_by(InboxMessage.id)
    async with engine.begin() as connection:
        return list(await connection.execute(query))


async def settled(zalo: StandIn) -> None:
    await zalo.until(lambda: zalo.webhook.is_idle)


async def subscribers(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(Subscription)) or 0


class TestWhatIsZalos:
    async def test_is_written_down_and_acknowledged(
        self, webhook: StandIn, lan: Person, engine: AsyncEngine
    ) -> None:
        lan.says("Chợ nổi ở đâu?")
        await settled(webhook)
        [message] = await received(engine)
        assert (message.channel, message.address, message.text) == ("zalo", lan.id, "Chợ nổi ở đâu?")
        assert lan.id not in message.conversation
        assert [delivery.status for delivery in webhook.webhook.deliveries] == [200]

    @pytest.mark.parametrize("first_term", [APP_ID, OA_ID])
    @pytest.mark.parametrize("prefix", ["mac=", ""])
    async def test_is_taken_with_each_signature_that_a_source_describes(
        self, webhook: StandIn, lan: Person, engine: AsyncEngine, first_term: str, prefix: str
    ) -> None:
        webhook.webhook.first_term, webhook.webhook.prefix = first_term, prefix
        lan.says("Chợ nổi ở đâu?")
        await settled(webhook)
        assert len(await received(engine)) == 1

    async def test_is_written_down_once_however_often_it_comes(
        self, webhook: StandIn, lan: Person, engine: AsyncEngine
    ) -> None:
        events = [lan.says("một"), lan.sends_attachment("sticker"), lan.follows(), lan.opens_the_chat()]
        await settled(webhook)
        for event in events:
            webhook.webhook.send_again(lan.id, event, timestamp=str(int(event["timestamp"]) + 5))
        await settled(webhook)
        assert len(webhook.webhook.deliveries) == 2 * len(events)
        messages = await received(engine)
        assert [(m.text, m.button, m.unreadable) for m in messages] == [
            ("một", None, False),
            ("", "sent:sticker", True),
            ("", "say:greet", False),
        ]

    async def test_picks_an_option_with_its_number_for_a_day(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, store: ZaloStore, engine: AsyncEngine
    ) -> None:
        conversation = channel._opaque(f"zalo:{lan.id}")
        await store.offer(conversation, ["say:help", "answer:culture.food"])
        for text in ("2.", "3", "2 món"):
            lan.says(text)
        await settled(webhook)
        store._clock = lambda: utc_now() + datetime.timedelta(hours=25)
        lan.says("2")
        await settled(webhook)
        assert [(m.text, m.button) for m in await received(engine)] == [
            ("", "answer:culture.food"), ("3", None), ("2 món", None), ("2", None),
        ]  # fmt: skip

    async def test_unfollowing_ends_a_subscription_unless_the_person_came_back_since(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, engine: AsyncEngine
    ) -> None:
        lan.says("một")
        await settled(webhook)
        [message] = await received(engine)

        async def subscribe() -> None:
            async with engine.begin() as connection:
                await connection.run_sync(
                    subscriptions.subscribe, message, Language.VI, "clarification", utc_now()
                )

        await subscribe()
        left = lan.unfollows()
        await settled(webhook)
        assert await subscribers(engine) == 0
        await subscribe()
        webhook.webhook.send_again(lan.id, left)
        await settled(webhook)
        assert await subscribers(engine) == 1

    async def test_but_nothing_to_answer_is_acknowledged_and_passed_over(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, engine: AsyncEngine
    ) -> None:
        await channel.send(lan.id, 1, 0, _card())  # comes back as oa_send_text
        lan.sees()
        lan.sees(is_sender=False)
        lan.sends("user_asks_in_2030", text="a")
        await settled(webhook)
        assert await received(engine) == []
        assert {delivery.status for delivery in webhook.webhook.deliveries} == {200}
        assert channel.dropped == {}

    async def test_for_another_account_is_dropped(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, engine: AsyncEngine
    ) -> None:
        webhook.oa_id = "999999999999999999"
        lan.says("một")
        await settled(webhook)
        assert (await received(engine), channel.dropped) == ([], {"other_account": 1})


def dropped(reason: str) -> float:
    """What /metrics tells of the events that were dropped."""
    return REGISTRY.get_sample_value("bot_zalo_events_dropped_total", {"reason": reason}) or 0


class TestWhatIsNot:
    @pytest.mark.parametrize("signature", ["", "mac=", f"mac={'0' * 64}"])
    async def test_is_answered_counted_and_dropped(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, engine: AsyncEngine, signature: str
    ) -> None:
        event = webhook.event(
            "user_send_text",
            sender={"id": lan.id},
            recipient={"id": OA_ID},
            message={"text": "a", "msg_id": "1"},
        )
        before = dropped("signature")
        answer = await webhook.webhook.post(event, signature=signature)
        assert answer.status_code == 200
        assert (await received(engine), channel.dropped) == ([], {"signature": 1})
        assert dropped("signature") == before + 1

    @pytest.mark.parametrize("body", [b"", b"{}", b"[1", b"\xff", b'{"a":"' + b"x" * EVENT_BYTES + b'"}'])
    async def test_nor_an_event_is_so_too(
        self, webhook: StandIn, channel: ZaloChannel, engine: AsyncEngine, body: bytes
    ) -> None:
        counted = channel.dropped["unreadable"]
        assert (await webhook.webhook.post(body, signature="mac=0")).status_code == 200
        assert channel.dropped["unreadable"] == counted + 1
        assert await received(engine) == []

    async def test_a_look_at_the_address_is_answered(self, webhook: StandIn) -> None:
        assert webhook.webhook.url
        async with httpx.AsyncClient() as http:
            assert (await http.get(webhook.webhook.url)).status_code == 200


class TestSettingUp:
    async def test_everything_is_answered_counted_and_dropped_until_there_is_a_secret(
        self,
        zalo: StandIn,
        lan: Person,
        inbox: Inbox,
        store: ZaloStore,
        api: ZaloApi,
        small_library: Library,
        engine: AsyncEngine,
    ) -> None:
        channel = new_channel(inbox, store, api, small_library, account=OfficialAccount(APP_ID, OA_ID, ""))
        async with serving(Starlette(routes=channel.routes())) as url:
            await zalo.webhook.save(f"{url}/zalo/webhook")
            lan.says("một")
            await settled(zalo)
        assert [delivery.status for delivery in zalo.webhook.deliveries] == [200]
        assert (await received(engine), channel.dropped) == ([], {"set_up": 2})
        assert "set-up mode" in str(await channel.problem())


class TestTheDatabase:
    async def test_an_event_that_cannot_be_written_down_in_time_comes_again(
        self, webhook: StandIn, lan: Person, database: Database, engine: AsyncEngine
    ) -> None:
        lan.says("một")
        await settled(webhook)
        gate = threading.Event()
        taken = asyncio.create_task(database.transact(lambda _connection: gate.wait()))
        lan.says("hai")
        await webhook.until(lambda: any(d.status != 200 for d in webhook.webhook.deliveries))
        gate.set()
        await taken
        await settled(webhook)
        assert [message.text for message in await received(engine)] == ["một", "hai"]
        assert all(delivery.seconds < 2 for delivery in webhook.webhook.deliveries)


class TestSilence:
    async def test_is_told_after_a_day(
        self, webhook: StandIn, lan: Person, channel: ZaloChannel, store: ZaloStore
    ) -> None:
        assert "no event came from Zalo yet" in str(await channel.problem())
        lan.says("một")
        await settled(webhook)
        assert await channel.problem() is None
        channel._receiver._clock = lambda: utc_now() + datetime.timedelta(hours=25)
        assert "for 25 hours" in str(await channel.problem())


@pytest.mark.server  # it wants the machine to itself: Zalo waits two seconds
async def test_a_thousand_events_at_once_are_all_acknowledged_in_time_and_kept_once(
    webhook: StandIn, engine: AsyncEngine, channel: ZaloChannel
) -> None:
    webhook.webhook.hold()
    for number in range(100):
        person = webhook.person(str(number))
        for question in range(8):
            event = person.says(f"câu {question}")
            if question % 4 == 0:
                webhook.webhook.send_again(person.id, event)
    webhook.webhook.release()
    await asyncio.gather(
        *(webhook.webhook.post(webhook.event("user_send_text"), signature="mac=0") for _ in range(50))
    )
    await settled(webhook)
    assert len(await received(engine)) == 800
    assert webhook.webhook.lost == []
    assert webhook.webhook.is_on
    assert channel.dropped == {"signature": 50}


def _card() -> Any:
    from bot.domain.card import Card
    from bot.domain.plan import Kind

    return Card(kind=Kind.ACTION, language=Language.EN, text="A text.")
