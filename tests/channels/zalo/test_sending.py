"""A card reaches the person as Zalo's limits, windows, quotas and errors allow."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from PIL import Image

from bot.channels.contract import MaybeSent, OnlyInReply, Rejected, TryLater, Unreachable
from bot.channels.zalo import ZaloApi, ZaloChannel
from bot.channels.zalo.errors import MEANINGS, Treatment
from bot.channels.zalo.sending import MINUTE, OPERATOR_SECONDS
from bot.channels.zalo.store import ZaloStore
from bot.channels.zalo_calls import NoAnswer
from bot.content.library import Library
from bot.domain.card import Button, Card, Picture
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.storage.inbox import Inbox
from stand_ins.failures import Failure
from stand_ins.zalo import APP_ID, APP_SECRET, Person, StandIn
from tests.support.zalo import authorise, new_channel

DELIVERY = -1
"""A message id below 0: nobody asked just now."""

FOOD, MUSIC = Button("Food", "answer:culture.food"), Button("Music", "answer:culture.music")


def card(text: str = "A text.", *buttons: Button) -> Card:
    return Card(kind=Kind.ACTION, language=Language.EN, text=text, buttons=buttons)


def texts(person: Person) -> list[str]:
    return [said.text for said in person.from_oa()]


PAINTED = io.BytesIO()
Image.new("RGB", (1200, 630), "red").save(PAINTED, "PNG")
PNG = PAINTED.getvalue()
PATH = "/share/en/clarification/x/0123456789ab.png"
SHARED = Card(
    Kind.ACTION, Language.EN, "A text.", buttons=(FOOD,),
    picture=Picture(PATH, "A picture", "Not true: a rumour", page="/en/clarification/x"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_pauses(channel: ZaloChannel) -> None:
    channel._sender._repeat_seconds = (0.01, 0.01)


async def test_a_card_arrives_with_its_buttons_under_the_last_message(
    channel: ZaloChannel, lan: Person
) -> None:
    long = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(6))
    await channel.send(lan.id, 1, 0, card(long, FOOD, Button("Map", url="https://maps.example.org/x")))
    first, last = lan.from_oa()
    assert first.buttons == ()
    assert last.buttons == (
        {"title": "Food", "type": "oa.query.hide", "payload": "#answer:culture.food"},
        {"title": "Map", "type": "oa.open.url", "payload": {"url": "https://maps.example.org/x"}},
    )
    assert last.text.startswith("Paragraph")


class TestButtonsAreRefused:
    @pytest.mark.parametrize("code", [-201, -233, -200, -210, -1999])
    async def test_the_options_are_numbered_instead_and_the_numbers_are_kept(
        self, zalo: StandIn, channel: ZaloChannel, store: ZaloStore, lan: Person, code: int
    ) -> None:
        zalo.refuses_buttons = code
        await channel.send(lan.id, 1, 0, card("Which one?", FOOD, MUSIC))
        [said] = lan.from_oa()
        assert (said.text, said.buttons) == (
            "Which one?\n\nReply with a number: 1. Food · 2. Music",
            (),
        )
        conversation = channel._opaque(f"zalo:{lan.id}")
        assert await store.option(conversation, 2) == "answer:culture.music"
        assert await store.option(conversation, 3) is None

    async def test_only_the_last_message_is_sent_anew(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuses_buttons = -201
        long = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(6))
        await channel.send(lan.id, 1, 0, card(long, FOOD))
        first, last = texts(lan)
        assert "number" not in first
        assert last.endswith("Reply with a number: 1. Food")


class TestErrors:
    """Each code of the table is treated as what it means."""

    @pytest.mark.parametrize(
        "code", [code for code, known in MEANINGS.items() if known.treatment is Treatment.RENEW]
    )
    async def test_the_token_is_renewed_once_and_the_message_sent_again(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person, code: int
    ) -> None:
        zalo.refuse(code)
        await channel.send(lan.id, 1, 0, card())
        assert texts(lan) == ["A text."]
        assert zalo.grant.refreshes == 1

    async def test_a_token_that_is_refused_when_it_is_new_is_not_renewed_again(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-216, times=2)
        with pytest.raises(OnlyInReply, match="-216"):
            await channel.send(lan.id, 1, 0, card())
        assert zalo.grant.refreshes == 1
        assert "-216" in str(await channel.problem())

    @pytest.mark.parametrize(
        ("treatment", "error"),
        [
            (Treatment.NEXT_MESSAGE, OnlyInReply),
            (Treatment.GONE, Unreachable),
            (Treatment.WAIT, TryLater),
            (Treatment.REFUSED, Rejected),
            (Treatment.OPERATOR, OnlyInReply),
        ],
    )
    async def test_what_sending_again_does_not_mend_is_sent_once(
        self,
        zalo: StandIn,
        channel: ZaloChannel,
        lan: Person,
        treatment: Treatment,
        error: type[Exception],
    ) -> None:
        for code in (code for code, known in MEANINGS.items() if known.treatment is treatment):
            zalo.refuse(code)
            with pytest.raises(error, match=str(code)):
                await channel.send(lan.id, 1, 0, card())
            assert texts(lan) == []
            assert zalo.failures.waiting() == 0

    async def test_too_many_requests_wait_for_the_next_minute(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-32)
        with pytest.raises(TryLater) as error:
            await channel.send(lan.id, 1, 0, card())
        assert error.value.seconds == MINUTE

    @pytest.mark.parametrize("code", [-200, -100])
    async def test_a_failure_of_zalo_is_tried_twice_more(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person, code: int
    ) -> None:
        zalo.refuse(code, times=2)
        await channel.send(lan.id, 1, 0, card())
        zalo.refuse(code, times=3)
        with pytest.raises(Rejected):
            await channel.send(lan.id, 2, 0, card())
        assert texts(lan) == ["A text."]

    async def test_a_text_that_is_too_long_for_zalo_goes_in_shorter_parts(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-210)
        await channel.send(lan.id, 1, 0, card("One sentence. " * 100))
        first, second = texts(lan)
        assert f"{first} {second}" == ("One sentence. " * 100).strip()

    async def test_what_the_operator_has_to_mend_is_told_until_a_message_gets_through(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-224)
        with pytest.raises(OnlyInReply):
            await channel.send(lan.id, 1, 0, card())
        assert "upgrade" in str(await channel.problem())
        await channel.send(lan.id, 2, 0, card())
        assert "upgrade" not in str(await channel.problem())

    async def test_a_delivery_is_tried_again_when_the_operator_may_have_mended_it(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-209)
        with pytest.raises(TryLater) as error:
            await channel.send(lan.id, DELIVERY, 0, card())
        assert error.value.seconds == OPERATOR_SECONDS


class TestTheNetwork:
    async def test_no_answer_is_asked_for_once_more(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.failures.plan("cs", Failure(502))
        await channel.send(lan.id, 1, 0, card())
        assert texts(lan) == ["A text."]

    async def test_after_that_it_may_have_been_said(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.failures.plan("cs", Failure(is_done=True), times=2)
        with pytest.raises(MaybeSent):
            await channel.send(lan.id, 1, 0, card())
        assert texts(lan) == ["A text.", "A text."]

    async def test_whoever_runs_the_bot_is_told_until_it_answers(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.failures.plan("cs", Failure(), times=2)
        with pytest.raises(MaybeSent):
            await channel.send(lan.id, 1, 0, card())
        assert "Zalo does not answer" in str(await channel.problem())
        await channel.send(lan.id, 2, 0, card())
        assert "Zalo does not answer" not in str(await channel.problem())

    async def test_what_surely_did_not_arrive_is_sent_later(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person, api: ZaloApi
    ) -> None:
        api.url = "http://127.0.0.1:9"
        with pytest.raises(TryLater):
            await channel.send(lan.id, 1, 0, card())


class TestATurn:
    async def test_has_three_messages_and_the_rest_waits(self, channel: ZaloChannel, lan: Person) -> None:
        long = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(6))
        await channel.send(lan.id, 1, 0, card(long))
        await channel.send(lan.id, 1, 1, card("Third."))
        with pytest.raises(OnlyInReply):
            await channel.send(lan.id, 1, 2, card("Fourth."))
        assert len(texts(lan)) == 3
        await channel.send(lan.id, 2, 0, card("Next turn."))
        assert texts(lan)[-1] == "Next turn."

    async def test_a_card_that_does_not_fit_any_more_is_not_begun(
        self, channel: ZaloChannel, lan: Person
    ) -> None:
        long = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(6))
        await channel.send(lan.id, 1, 0, card(long))
        with pytest.raises(OnlyInReply):
            await channel.send(lan.id, 1, 1, card(long))
        assert len(texts(lan)) == 2

    async def test_goes_on_where_it_stopped(self, zalo: StandIn, channel: ZaloChannel, lan: Person) -> None:
        long = card("\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(6)), FOOD)
        await channel.send(lan.id, 1, 0, long)
        expected = texts(lan)
        lan.messages.clear()
        zalo.failures.plan("cs", Failure(200, {"error": 0, "data": {}}))  # the first part is taken
        zalo.refuse(-32)
        with pytest.raises(TryLater):
            await channel.send(lan.id, 2, 0, long)
        await channel.send(lan.id, 2, 0, long)
        assert texts(lan) == expected[1:]

    async def test_ends_with_the_free_messages(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.replies_most = 1
        await channel.send(lan.id, 1, 0, card())
        with pytest.raises(OnlyInReply):
            await channel.send(lan.id, 1, 1, card())
        assert len(texts(lan)) == 1


class TestADelivery:
    async def test_goes_at_once_while_it_is_free(self, channel: ZaloChannel, lan: Person) -> None:
        await channel.send(lan.id, DELIVERY, 0, card())
        assert texts(lan) == ["A text."]

    @pytest.mark.parametrize("hours", [49, 8 * 24])
    async def test_waits_for_the_person_where_zalo_would_charge_or_refuse(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person, hours: int
    ) -> None:
        zalo.package = 100
        lan.spoke_at = zalo.now() - hours * 3600
        with pytest.raises(OnlyInReply, match=f"{hours} hours"):
            await channel.send(lan.id, DELIVERY, 0, card())
        assert (texts(lan), zalo.package) == ([], 100)

    async def test_waits_when_the_free_messages_are_used_up(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.package, lan.replies = 100, 8
        with pytest.raises(OnlyInReply, match="free"):
            await channel.send(lan.id, DELIVERY, 0, card())
        assert zalo.package == 100


async def test_an_answer_that_drips_on_for_ever_has_an_end(dripping: str) -> None:
    api = ZaloApi(dripping, dripping, APP_ID, APP_SECRET, call_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(NoAnswer) as error:
        await api.send("token", "1", {"text": "x"})
    assert not error.value.is_unsent
    assert time.monotonic() - began < 5
    await api.close()


class TestPictures:
    """A card's picture goes first, with a caption that has the link to its page."""

    CAPTION = "Not true: a rumour\nhttps://bot.example/en/clarification/x"

    @pytest.fixture
    async def channel(
        self, zalo: StandIn, store: ZaloStore, api: ZaloApi, inbox: Inbox, small_library: Library
    ) -> ZaloChannel:
        async def picture(path: str) -> bytes | None:
            return PNG if path == PATH else None

        await authorise(store, zalo)
        return new_channel(
            inbox, store, api, small_library, picture=picture, public_url="https://bot.example"
        )

    async def test_zalo_fetches_it_where_it_can(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.web[f"https://bot.example{PATH}"] = PNG
        await channel.send(lan.id, 1, 0, SHARED)
        picture, text = lan.from_oa()
        assert (picture.text, picture.image) == (self.CAPTION, f"https://bot.example{PATH}")
        assert (text.text, len(text.buttons)) == ("A text.", 1)

    async def test_it_is_uploaded_once_where_zalo_cannot_fetch_it(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        await channel.send(lan.id, 1, 0, SHARED)
        await channel.send(lan.id, 2, 0, SHARED)
        assert all(said.image for said in lan.from_oa()[::2])
        assert len(zalo.called("upload")) == 1

    async def test_an_upload_that_zalo_has_forgotten_is_repeated(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        channel._sender._uploaded[PATH] = ("gone", channel._sender._clock())
        await channel.send(lan.id, 1, 0, SHARED)
        assert [bool(said.image) for said in lan.from_oa()] == [True, False]

    async def test_without_it_its_caption_is_said(
        self, zalo: StandIn, channel: ZaloChannel, lan: Person
    ) -> None:
        zalo.refuse(-201, times=2)
        await channel.send(lan.id, 1, 0, SHARED)
        assert [(said.text, said.image) for said in lan.from_oa()] == [
            (self.CAPTION, None),
            ("A text.", None),
        ]

    async def test_where_the_text_takes_all_messages_there_is_no_room_for_it(
        self, channel: ZaloChannel, lan: Person
    ) -> None:
        long = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(10))
        await channel.send(lan.id, 1, 0, replace(SHARED, text=long))
        assert [said.image for said in lan.from_oa()] == [None] * 3
