"""`python -m bot publish` and `python -m bot models`.

They speak to the Rasa side at its own address, which only this machine or a private network
reaches; of the bot they only read. So nothing that the internet reaches changes what is served.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import ValidationError

from bot.content.library import Library
from bot.content.watch import LAST_GOOD, load_first
from bot.desk import plain
from bot.desk.report import PATH, Report
from bot.domain.clock import VIETNAM
from bot.rasa.client import Rasa, RasaRefuses, RasaUnavailable, connection
from bot.rasa.status import Model
from bot.rasa.training_set import training_files, withdrawn
from bot.settings import Settings
from bot.settings import load as load_settings

OVERRIDES = Path("data/overrides.log")
"""Every model that was published whatever its proof says: when, which, why. Lines are only added."""

LOOK_SECONDS = 0.5
"""Seconds between two looks."""

TAKE_OVER_SECONDS = 15.0
"""Seconds in which the running bot takes over what is in content/; it needs one."""

LOADED_SECONDS = 120.0
"""Seconds in which a model that is put back must answer."""

Say = Callable[[str], None]


class NotDone(Exception):
    """What was asked for cannot be done; says why."""


async def publish(say: Say, *, wait: bool, reason: str | None) -> bool:
    """Hand content/ over to the Rasa side as it is now, and tell what becomes of it.

    Args:
        say: shows a line.
        wait: until it is live, or refused.
        reason: why to publish it even if its model is refused.

    Returns:
        Whether all of content/ is live, or without `wait` will be unless its model is refused.

    Raises:
        SettingsError, ContentError, NotDone: why it cannot be published.
    """
    settings = load_settings()
    library, findings = load_first(settings.content_dir, LAST_GOOD, _now())
    for finding in findings:
        say(str(finding))
    async with _rasa(settings) as rasa:
        model = await rasa.teach(training_files(library), reason, withdrawn(library))
        if reason:
            _record(OVERRIDES, model, reason)
            say(f"Publishing {model} whatever its proof says; recorded in {OVERRIDES}.")
        if wait:
            await _until_taken_over(library, settings)
            say(f"The words are live: version {library.digest}.")
            is_live = await _until_decided(rasa, model, library, say)
        else:
            say(f"Questions are learned from now: model {model}. `publish --wait` tells when it is live.")
            is_live = True
    return is_live and not any(finding.is_error for finding in findings)


async def models(say: Say) -> None:
    """List the models that are kept, the newest first, and what was overridden.

    Raises:
        SettingsError, NotDone: why they cannot be listed.
    """
    async with _rasa(load_settings()) as rasa:
        kept = await rasa.models()
    for model in kept:
        say(_line(model))
    if not kept:
        say("There is no model yet.")
    if overridden := _recorded(OVERRIDES):
        say(f"Published whatever their proof said ({OVERRIDES}):")
        for line in overridden:
            say(f"  {line}")


async def put_back(say: Say, name: str) -> None:
    """Let a model that is kept answer, and wait until it does.

    Raises:
        SettingsError, NotDone: why it cannot.
    """
    async with _rasa(load_settings()) as rasa:
        if not await rasa.put_back(name):
            raise NotDone(f"There is no model {name}; `python -m bot models` lists those that are kept.")
        deadline = asyncio.get_running_loop().time() + LOADED_SECONDS
        while True:
            if (await rasa.status()).model == name:
                break
            if asyncio.get_running_loop().time() > deadline:
                raise NotDone(f"Model {name} does not start; the log of the Rasa side says why.")
            await asyncio.sleep(LOOK_SECONDS)
    say(f"Model {name} answers, until a question in content/ is changed.")


async def _until_decided(rasa: Rasa, model: str, library: Library, say: Say) -> bool:
    """Show how far the training is; whether its model is live in the end."""
    shown = None
    while True:
        status = await rasa.status()
        refused, failed, training = status.refused, status.failed, status.training
        if status.model == model:
            say(f"The questions are live: model {model}.")
            return True
        if refused and refused.model == model:
            say(f"Model {model} is refused, so the one before goes on answering:")
            for line in plain.refusal(refused, library):
                say(f"  {line}")
            say("Let the questions of answers that are close differ more; take out those that fit both.")
            say('To publish it all the same: python -m bot publish --anyway --reason "..."')
            return False
        if failed and failed.model == model:
            say(f"Model {model} could not be made: {failed.reason}")
            return False
        if training and (step := (training.model, training.step)) != shown:
            shown = step
            say(f"{training.seconds:5.0f} s  {training.step}")
        await asyncio.sleep(LOOK_SECONDS)


async def _until_taken_over(library: Library, settings: Settings) -> None:
    """Wait until the running bot serves this version."""
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    async with httpx.AsyncClient(base_url=settings.own_address, timeout=10, trust_env=False) as http:
        while True:
            try:
                answer = await http.get(PATH)
                served = Report.model_validate_json(answer.content).content
            except httpx.TransportError as error:
                raise NotDone(
                    f"The bot does not run at {settings.own_address}; it serves content/ once it is started."
                ) from error
            except ValidationError as error:
                raise NotDone(f"What runs at {settings.own_address} is not this bot.") from error
            if served.digest == library.digest:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise NotDone(
                    f"The bot at {settings.own_address} serves {served.version}, not what is in "
                    f"{settings.content_dir} ({library.digest}). Does it run with another CONTENT_DIR?"
                )
            await asyncio.sleep(LOOK_SECONDS)


def _record(file: Path, model: str, reason: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{_shown(_now())}  {model}  {' '.join(reason.split())}\n")


def _recorded(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _line(model: Model) -> str:
    accuracy = f"{model.accuracy:.1%} of the test questions" if model.accuracy is not None else "not tested"
    live = "  live" if model.is_live else ""
    override = f"  although refused: {model.override}" if model.override else ""
    return f"{model.name}  made {_shown(model.made_at)}  {accuracy}{live}{override}"


def _shown(moment: datetime.datetime) -> str:
    """A moment as it is in Việt Nam."""
    return f"{moment.astimezone(VIETNAM):%Y-%m-%d %H:%M}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@asynccontextmanager
async def _rasa(settings: Settings) -> AsyncIterator[Rasa]:
    async with connection(settings, 30) as http:
        try:
            yield Rasa(http)
        except RasaRefuses as error:
            raise NotDone(f"The Rasa side at {settings.rasa_address} does not answer: {error}.") from error
        except RasaUnavailable as error:
            raise NotDone(
                f"The Rasa side at {settings.rasa_address} is out of reach ({error}). Does the bot run?"
            ) from error
