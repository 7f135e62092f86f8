"""What Rasa picks for somebody is asked for as its button would be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx
import pytest

from bot.answering.dialogue import Dialogue
from bot.cards.compose import compose
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.content.schema import AnswerStatus, Withdrawn
from bot.content.wards_file import read_wards
from bot.domain.answer import Facet
from bot.domain.arrival import Arrival
from bot.domain.language import Language
from bot.domain.payload import MEDIA, for_location, for_media, location_in, media_in
from bot.domain.plan import Kind, Plan
from bot.rasa.client import Rasa, RasaFailed
from stand_ins.rasa import RasaStandIn
from tests.support import ROOT

PLANS: dict[str, dict[str, object]] = {
    "its price": {"reply": "pick", "id": "culture.food", "facet": "price"},
    '/faq_facet{"answer": "culture.food", "facet": "price"}': {
        "reply": "facet",
        "id": "culture.food",
        "facet": "price",
    },
    "the one before": {"reply": "pick", "id": "culture.music", "action": "back"},
    '/faq{"answer": "culture.music"}': {"reply": "answer", "id": "culture.music"},
    "in circles": {"reply": "pick", "id": "culture.circle"},
    '/faq{"answer": "culture.circle"}': {"reply": "pick", "id": "culture.circle"},
    "nothing": {"reply": "pick"},
}


@dataclass
class Deciding:
    """The dialogue, and the Rasa side that it asks."""

    dialogue: Dialogue
    rasa: RasaStandIn

    async def decide(self, text: str) -> tuple[Plan, ...]:
        message = incoming(channel="test", address="a", conversation="c", key="1", text=text)
        return (await self.dialogue.decide(message)).plans


@pytest.fixture
async def deciding(small_library: Library) -> AsyncIterator[Deciding]:
    rasa = RasaStandIn(plans=lambda text: [PLANS[text]])
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
        yield Deciding(Dialogue(Rasa(http), lambda: small_library), rasa)


async def test_a_side_that_is_picked_in_words_is_asked_for_by_its_button(deciding: Deciding) -> None:
    (plan,) = await deciding.decide("its price")
    assert plan == Plan(reply=Kind.FACET, language=Language.VI, id="culture.food", facet=Facet.PRICE)
    assert deciding.rasa.texts == [
        "its price",
        '/faq_facet{"answer": "culture.food", "facet": "price"}',
    ]


async def test_the_card_says_where_a_picked_answer_comes_from(deciding: Deciding) -> None:
    (plan,) = await deciding.decide("the one before")
    assert (plan.id, plan.action) == ("culture.music", "back")


ASKS_FOR_FOOD = '/faq{"answer": "culture.food"}'
FOUND_NOTHING: dict[str, object] = {"reply": "fallback", "reason": "no_answer"}


@asynccontextmanager
async def where_food_is_new(
    library: Library, *planned: dict[str, object]
) -> AsyncIterator[tuple[Callable[..., Awaitable[tuple[Plan, ...]]], RasaStandIn]]:
    """Asks a text where no model knows culture.food yet and Rasa says something else; and that Rasa side."""
    said: dict[str, list[dict[str, object]]] = {ASKS_FOR_FOOD: [{"reply": "answer", "id": "culture.food"}]}
    rasa = RasaStandIn(plans=lambda text: said.get(text, list(planned)))
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
        dialogue = Dialogue(Rasa(http), lambda: library, lambda: {"culture.food"})

        async def asked(text: str = "", **more: Any) -> tuple[Plan, ...]:
            text = text or library.answers["culture.food"].vi.title
            message = incoming(channel="test", address="a", conversation="c", key="1", text=text)
            return (await dialogue.decide(replace(message, **more))).plans

        yield asked, rasa


@pytest.mark.parametrize(
    "planned",
    [{"reply": "answer", "id": "culture.music"}, {"reply": "choices", "ids": ["culture.music"]}],
)
async def test_what_no_model_knows_yet_is_given_for_its_words_where_rasa_names_another_answer(
    small_library: Library, planned: dict[str, object]
) -> None:
    async with where_food_is_new(small_library, planned) as (asked, rasa):
        (plan,) = await asked()
        assert (plan.reply, plan.id) == (Kind.ANSWER, "culture.food")
        assert rasa.texts[-1] == ASKS_FOR_FOOD  # pressed for, so it is in hand
        (plan,) = await asked("zzzz")
        assert "culture.music" in {plan.id, *plan.ids}


@pytest.mark.parametrize("planned", [FOUND_NOTHING, {"reply": "action", "action": "no_clarification"}])
async def test_it_is_but_offered_where_rasa_finds_nothing_since_other_rumours_have_its_words_around_them(
    small_library: Library, planned: dict[str, object]
) -> None:
    async with where_food_is_new(small_library, planned) as (asked, rasa):
        (plan,) = await asked()
        assert (plan.reply, plan.ids) == (Kind.CHOICES, ("culture.food",))
        assert ASKS_FOR_FOOD not in rasa.texts
        for said in (await asked("zzzz"), await asked(is_quiet=True), await asked(pictures=("a",))):
            assert (said[0].reason, said[0].action) == (planned.get("reason"), planned.get("action"))


@pytest.mark.parametrize(
    "planned",
    [
        [{"reply": "facet", "id": "culture.music", "facet": "price"}],
        [{"reply": "action", "action": "emergency"}],
        [{"reply": "fallback", "reason": "ask_topic"}],
        [{"reply": "answer", "id": "culture.music", "action": "language"}],
        [{"reply": "answer", "id": "culture.music", "other_language": "fr"}],
        [{**FOUND_NOTHING, "other_language": "fr"}],
        [{"reply": "answer", "id": "culture.music"}, {"reply": "answer", "id": "culture.food"}],
    ],
)
async def test_what_rasa_reads_for_sure_stands(
    small_library: Library, planned: list[dict[str, object]]
) -> None:
    async with where_food_is_new(small_library, *planned) as (asked, rasa):
        assert [plan.id for plan in await asked()] == [plan.get("id") for plan in planned]
        assert ASKS_FOR_FOOD not in rasa.texts


async def test_that_an_answer_is_withdrawn_is_told_whatever_is_new(small_library: Library) -> None:
    withdrawn = small_library.answers["culture.music"].model_copy(
        update={"status": AnswerStatus.WITHDRAWN, "withdrawn": Withdrawn(date=date(2026, 11, 25))}
    )
    library = replace(small_library, answers={**small_library.answers, "culture.music": withdrawn})
    async with where_food_is_new(library, {"reply": "answer", "id": "culture.music"}) as (asked, _):
        (plan,) = await asked()
        assert plan.id == "culture.music"


@pytest.mark.parametrize("text", ["in circles", "nothing"])
async def test_a_pick_that_leads_to_no_answer_is_a_failure(deciding: Deciding, text: str) -> None:
    with pytest.raises(RasaFailed):
        await deciding.decide(text)


async def test_a_location_is_answered_without_telling_rasa(small_library: Library) -> None:
    wards, _ = read_wards(ROOT / "content" / "wards.yml")
    rasa = RasaStandIn(plans=lambda text: [])
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
        dialogue = Dialogue(Rasa(http), lambda: replace(small_library, wards=wards))

        async def plan(button: str) -> Plan:
            message = incoming(channel="test", address="a", conversation="c", key="1", button=button)
            return (await dialogue.decide(message)).plans[0]

        in_ninh_kieu = await plan(for_location(10.0341, 105.7867))
        in_hanoi = await plan(for_location(21.03, 105.85))

    assert (in_ninh_kieu.ids[0], in_ninh_kieu.reason) == ("31135", "nearest")
    assert (in_hanoi.ids, in_hanoi.reason) == ((), "far_away")
    assert rasa.asked == []


@pytest.mark.parametrize(
    ("button", "planned"),
    [
        ("share:culture.food:en", ("action", "share", "culture.food", "en")),
        ("share:culture.nothing:en", ("fallback", None, None, "en")),
        ("share:culture.food:fr", ("fallback", None, None, "vi")),
        ("share:culture.food", ("fallback", None, None, "vi")),
    ],
)
async def test_a_picture_to_share_is_given_without_telling_rasa(
    deciding: Deciding, button: str, planned: tuple[str | None, ...]
) -> None:
    message = incoming(channel="test", address="a", conversation="c", key="1", button=button)
    (plan,) = (await deciding.dialogue.decide(message)).plans
    assert (plan.reply, plan.action, plan.id, plan.language) == planned
    assert deciding.rasa.asked == []


@pytest.mark.parametrize(
    "button", ["near:10:105", "near:10.0:105.0:1", "near:a:b", "near:1e9.0:2.0", "near:-100.5:1000.5"]
)
def test_what_is_no_location_is_none(button: str) -> None:
    assert location_in(button) is None


async def test_the_address_that_was_typed_goes_with_the_plan(small_library: Library) -> None:
    text = "ấp 3, xã Hòa An, Phụng Hiệp giờ ghi sao"
    wards, _ = read_wards(ROOT / "content" / "wards.yml")
    planned: dict[str, object] = {"reply": "ward", "ids": ["former:31423"], "address_at": [0, 6, 27]}
    rasa = RasaStandIn(plans=lambda _: [planned])
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
        dialogue = Dialogue(Rasa(http), lambda: replace(small_library, wards=wards))
        message = incoming(channel="test", address="a", conversation="c", key="1", text=text)
        (plan,) = (await dialogue.decide(message)).plans

    assert plan.address == ("ấp 3, ", "xã Hòa An, Phụng Hiệp")


@pytest.mark.parametrize("kind", [*sorted(MEDIA), None])
@pytest.mark.parametrize("language", Language)
async def test_what_cannot_be_read_is_told_what_works_instead(
    small_library: Library, kind: str | None, language: Language
) -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        dialogue = Dialogue(Rasa(nobody), lambda: small_library)
        message = incoming(
            channel="c", address="a", conversation="c", key="k", unreadable=True, language=language,
            button=for_media(kind or "document"),
        )  # fmt: skip
        decision = await dialogue.decide(message)
    phrases = small_library.messages.phrases
    [card] = compose(decision.plans, small_library, date.today(), arrival=Arrival.AT_ONCE).cards
    assert card.text == getattr(phrases, kind or "unreadable")[language]


async def test_a_kind_that_somebody_sends_as_a_button_asks_for_nothing(deciding: Deciding) -> None:
    assert media_in("sent:anything") is None
    message = incoming(channel="test", address="a", conversation="c", key="1", button="sent:voice")
    (plan,) = (await deciding.dialogue.decide(message)).plans
    assert plan.reason == "no_answer"
