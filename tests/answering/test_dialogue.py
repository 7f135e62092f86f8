"""What Rasa picks for somebody is asked for as its button would be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from bot.answering.dialogue import Dialogue
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.domain.answer import Facet
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.rasa.client import Rasa, RasaFailed
from stand_ins.rasa import RasaStandIn

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
    assert [text for _, text in deciding.rasa.asked] == [
        "its price",
        '/faq_facet{"answer": "culture.food", "facet": "price"}',
    ]


async def test_the_card_says_where_a_picked_answer_comes_from(deciding: Deciding) -> None:
    (plan,) = await deciding.decide("the one before")
    assert (plan.id, plan.action) == ("culture.music", "back")


@pytest.mark.parametrize("text", ["in circles", "nothing"])
async def test_a_pick_that_leads_to_no_answer_is_a_failure(deciding: Deciding, text: str) -> None:
    with pytest.raises(RasaFailed):
        await deciding.decide(text)
