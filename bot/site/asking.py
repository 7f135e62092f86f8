"""What the bot itself says to a search, outside of any conversation: nothing of it is kept."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress

from bot.answering.dialogue import Decision, Dialogue
from bot.cards.compose import compose
from bot.channels.incoming import incoming
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import Clock, local_day
from bot.domain.language import Language
from bot.domain.message import Message
from bot.rasa.client import RasaError, RasaUnavailable

CHANNEL = "web"

WITHIN = 4.0
"""Seconds that the bot has for its answer; a question takes it a twentieth of one."""


class Asking:
    """Asks the dialogue once and has it forget what was asked."""

    def __init__(self, dialogue: Dialogue, clock: Clock) -> None:
        self._dialogue = dialogue
        self._clock = clock

    async def ask(self, text: str, language: Language) -> tuple[Card, ...] | None:
        """The cards that the bot would say to a text; None if it cannot be asked.

        What is asked back ("Shall I delete everything?") needs a conversation, and is left out.
        """
        message = incoming(
            channel=CHANNEL,
            address="",
            conversation=f"search-{secrets.token_hex(16)}",
            key="",
            text=text,
            language=language,
        )
        decision = await self._decide(message)
        if decision is None:
            return None
        plans = tuple(plan for plan in decision.plans if plan.step is None)
        if not plans:
            return ()
        today = local_day(self._clock())
        return compose(plans, decision.library, today, arrival=Arrival.ON_RETURN, is_cut=message.is_cut).cards

    async def _decide(self, message: Message) -> Decision | None:
        try:
            async with asyncio.timeout(WITHIN):
                return await self._dialogue.decide(message)
        except (RasaError, TimeoutError):
            return None
        finally:
            with suppress(RasaUnavailable, TimeoutError):
                async with asyncio.timeout(WITHIN):
                    await self._dialogue.forget(message)
