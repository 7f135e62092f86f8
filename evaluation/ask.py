"""Puts each question to the bot over its public interface, as the first message of a conversation."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from bot.channels.incoming import incoming
from bot.channels.web.schema import AnswerBody
from bot.domain.answer import Facet
from bot.domain.errors import UserError
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.rasa.client import authorization
from bot.settings import load
from evaluation.questions import EvaluationQuestion

AT_A_TIME = 4
TIMED = 100
"""Questions that are asked one at a time, to see how long a reply takes."""

TRIES = 3
TIMEOUT = httpx.Timeout(60, connect=5)


class NotAsked(UserError):
    """The bot or the Rasa side does not reply as it should; says what to do."""


class Parse(BaseModel):
    """How the Rasa side parses a text; see its POST /parse."""

    model_config = ConfigDict(frozen=True)

    intent: str
    confidence: float
    answers: tuple[str, ...]
    ranking: tuple[tuple[str, float], ...]


class ShownCard(BaseModel):
    """What of a card is looked at."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    id: str | None = None
    facet: Facet | None = None
    action: str | None = None
    ids: tuple[str, ...] = ()


class Exchange(BaseModel):
    """A question and its first reply.

    language: of the reply; None if there was none, as for a text in which nothing can be read.
    parse: of the question, where the Rasa side could be asked for it.
    """

    model_config = ConfigDict(frozen=True)

    question: EvaluationQuestion
    cards: tuple[ShownCard, ...]
    language: Language | None
    parse: Parse | None = None


class Times(BaseModel):
    """Seconds that replies took, one message at a time: of the bot, and of Rasa's REST channel."""

    bot: tuple[float, ...]
    rasa: tuple[float, ...]


async def ask_all(
    questions: Sequence[EvaluationQuestion], url: str, rasa: str | None, asked_one: Callable[[], None]
) -> list[Exchange]:
    """The replies, in the questions' order.

    Args:
        questions: what is asked.
        url: the bot's address.
        rasa: the Rasa side's address, which tells how sure it is of each; None: nobody tells.
        asked_one: called after each.

    Raises:
        NotAsked: there is no reply.
    """
    turn = asyncio.Semaphore(AT_A_TIME)

    async def one(question: EvaluationQuestion) -> Exchange:
        async with turn:
            asked = await _ask(http, question, url, rasa)
        asked_one()
        return asked

    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
        tasks = [asyncio.create_task(one(question)) for question in questions]
        try:
            return await asyncio.gather(*tasks)
        except httpx.HTTPError as error:
            raise NotAsked(f"There is no reply from {error.request.url}: {type(error).__name__}") from error
        finally:
            for task in tasks:
                task.cancel()


async def time_replies(questions: Sequence[EvaluationQuestion], url: str, rasa: str | None) -> Times:
    """How long replies take, one at a time, to questions from all over the list that were not asked yet:
    what was asked before is encoded already. So the bot and Rasa get different ones, too."""
    picked = questions[:: max(1, len(questions) // (2 * TIMED))][: 2 * TIMED]
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:

        async def bot(text: str) -> None:
            await _reply(http, url, text)

        async def alone(text: str) -> None:
            body = {"sender": secrets.token_hex(16), "message": _as_rasa_gets(text)}
            await http.post(f"{rasa}/webhooks/rest/webhook", json=body, headers=_known())

        return Times(
            bot=tuple([await _seconds(bot, question.q) for question in picked[::2]]),
            rasa=tuple([await _seconds(alone, question.q) for question in picked[1::2]]) if rasa else (),
        )


async def _seconds(ask: Callable[[str], Awaitable[None]], text: str) -> float:
    started = time.perf_counter()
    await ask(text)
    return time.perf_counter() - started


async def _ask(http: httpx.AsyncClient, question: EvaluationQuestion, url: str, rasa: str | None) -> Exchange:
    answer = await _reply(http, url, question.q)
    cards = answer.replies if answer else ()
    said = tuple(
        ShownCard(kind=card.kind, id=card.id, facet=card.facet, action=card.action, ids=card.ids)
        for card in cards
    )
    parse = await _parse(http, rasa, question.q) if rasa and said else None
    return Exchange(question=question, cards=said, language=answer.language if answer else None, parse=parse)


async def _reply(http: httpx.AsyncClient, url: str, text: str) -> AnswerBody | None:
    """The reply to a first message; None if nothing in the text can be read."""
    body = {"conversation": secrets.token_hex(16), "key": secrets.token_hex(16), "text": text}
    for _ in range(TRIES):
        response = await http.post(f"{url}/api/messages", json=body)
        if response.status_code != 503:  # which means: the same again, soon
            break
    if response.status_code == 422:
        return None
    if response.status_code == 429:
        raise NotAsked("The bot takes only so many messages a minute: start it with WEB_RATE_LIMIT=0.")
    return AnswerBody.model_validate(_json(response))


async def _parse(http: httpx.AsyncClient, rasa: str, text: str) -> Parse:
    body = {"text": _as_rasa_gets(text)}
    response = await http.post(f"{rasa}/parse", json=body, headers=_known())
    return Parse.model_validate(_json(response))


@cache
def _known() -> dict[str, str]:
    return authorization(load())


def _as_rasa_gets(text: str) -> str:
    return incoming(channel="", address="", conversation="", key="", text=text).text.lstrip("/ ")


def _json(response: httpx.Response) -> Any:
    if response.status_code != 200:
        raise NotAsked(f"{response.request.url} answers with status {response.status_code}.")
    return response.json()
