"""Which model answers: the one of what content/ says, refused or not, or an earlier one that was kept.

This speaks to the Rasa side at its own address, which only this machine or a private network
reaches; of the bot it only reads. So nothing that the internet reaches changes what is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import ValidationError

from bot.content.last_good import LAST_GOOD, load_at_start
from bot.content.library import Library
from bot.content.loading import LoadedContent
from bot.desk.report import PATH, Report
from bot.domain.clock import local_minute, utc_now
from bot.domain.errors import NotPossible
from bot.rasa.client import Rasa, RasaRefuses, RasaUnavailable, connection
from bot.rasa.status import FailedModel, RefusedModel, TrainingProgress
from bot.rasa.training_set import training_files, withdrawn
from bot.settings import Settings

OVERRIDES = Path("data/overrides.log")
"""Every model that was published whatever its validation says: when, which, why. Lines are only added."""

LOOK_SECONDS = 0.5
"""Seconds between two looks."""

TAKE_OVER_SECONDS = 15.0
"""Seconds in which the running bot takes over what is in content/; it needs one."""

LOADED_SECONDS = 120.0
"""Seconds in which a model that is put back must answer."""


def content_to_publish(settings: Settings) -> LoadedContent:
    """content/ as the running bot serves it once it has taken it over.

    Raises:
        ContentError: it cannot be served.
    """
    return load_at_start(settings.content_dir, LAST_GOOD, utc_now())


@asynccontextmanager
async def rasa_of_bot(settings: Settings) -> AsyncIterator[Rasa]:
    """The Rasa side of the bot.

    Raises:
        NotPossible: it does not answer, or is out of reach.
    """
    async with connection(settings, 30) as http:
        try:
            yield Rasa(http)
        except RasaRefuses as error:
            raise NotPossible(
                f"The Rasa side at {settings.rasa_address} does not answer: {error}."
            ) from error
        except RasaUnavailable as error:
            raise NotPossible(
                f"The Rasa side at {settings.rasa_address} is out of reach ({error}). Does the bot run?"
            ) from error


async def hand_over(rasa: Rasa, library: Library, reason: str | None) -> str:
    """Hand the questions of content/ over to the Rasa side; the name of their model.

    Args:
        rasa: the Rasa side.
        library: what is published.
        reason: why it is published even if its model is refused; this is recorded.
    """
    model = await rasa.teach(training_files(library), reason, withdrawn(library))
    if reason:
        _record(model, reason)
    return model


async def until_served(settings: Settings, library: Library) -> None:
    """Wait until the running bot serves this version.

    Raises:
        NotPossible: it does not run, or serves something else.
    """
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    async with httpx.AsyncClient(base_url=settings.own_address, timeout=10, trust_env=False) as http:
        while True:
            try:
                answer = await http.get(PATH)
                served = Report.model_validate_json(answer.content).content
            except httpx.TransportError as error:
                raise NotPossible(
                    f"The bot does not run at {settings.own_address}; it serves content/ once it is started."
                ) from error
            except ValidationError as error:
                raise NotPossible(f"What runs at {settings.own_address} is not this bot.") from error
            if served.digest == library.digest:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise NotPossible(
                    f"The bot at {settings.own_address} serves {served.version}, not what is in "
                    f"{settings.content_dir} ({library.digest}). Does it run with another CONTENT_DIR?"
                )
            await asyncio.sleep(LOOK_SECONDS)


async def until_decided(
    rasa: Rasa, model: str, tell: Callable[[TrainingProgress], None]
) -> RefusedModel | FailedModel | None:
    """Wait until a model answers, or it is clear that it will not.

    Args:
        rasa: the Rasa side.
        model: its name.
        tell: is told of each step of a training meanwhile.

    Returns:
        None if it answers, or why it does not.
    """
    told = None
    while True:
        status = await rasa.status()
        if status.model == model:
            return None
        for outcome in (status.refused, status.failed):
            if outcome and outcome.model == model:
                return outcome
        training = status.training
        if training and (step := (training.model, training.step)) != told:
            told = step
            tell(training)
        await asyncio.sleep(LOOK_SECONDS)


async def put_back(rasa: Rasa, name: str) -> None:
    """Let a model that is kept answer, and wait until it does.

    Raises:
        NotPossible: why it cannot.
    """
    if not await rasa.put_back(name):
        raise NotPossible(f"There is no model {name}; `python -m bot models` lists those that are kept.")
    deadline = asyncio.get_running_loop().time() + LOADED_SECONDS
    while (await rasa.status()).model != name:
        if asyncio.get_running_loop().time() > deadline:
            raise NotPossible(f"Model {name} does not start; the log of the Rasa side says why.")
        await asyncio.sleep(LOOK_SECONDS)


def overrides() -> list[str]:
    """The lines of OVERRIDES, the oldest first."""
    return OVERRIDES.read_text(encoding="utf-8").splitlines() if OVERRIDES.exists() else []


def _record(model: str, reason: str) -> None:
    OVERRIDES.parent.mkdir(parents=True, exist_ok=True)
    with OVERRIDES.open("a", encoding="utf-8") as lines:
        lines.write(f"{local_minute(utc_now())}  {model}  {' '.join(reason.split())}\n")
