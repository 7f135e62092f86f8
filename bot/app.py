"""Puts the parts together."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette

from bot import event_loop, metrics
from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.worker import Worker
from bot.channels.contract import ChannelType, Parts
from bot.channels.metered import MeteredChannel
from bot.channels.registry import CHANNELS, ServiceSettings
from bot.child import child
from bot.content.paths import share_path
from bot.content.watcher import ContentWatcher
from bot.content_route import content_route
from bot.desk.bulletins import WeeklyBulletins
from bot.domain.clock import utc_now
from bot.domain.errors import UserError
from bot.figures_route import OpenFigures
from bot.log import set_up
from bot.monitoring import Monitoring
from bot.rasa.child import rasa_side
from bot.rasa.client import Rasa, connection
from bot.rasa.runners import Runners
from bot.rasa.sync import ModelSync
from bot.reading import tesseract
from bot.reading.reader import read
from bot.serve import serve
from bot.settings import Settings, load_as
from bot.site.embed import embed_routes
from bot.site.pictures import Pictures
from bot.site.routes import site_routes
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, DatabaseUnusable, unusable
from bot.storage.inbox import Inbox
from bot.storage.leadership import Leadership
from bot.storage.outbox import Outbox
from bot.storage.schema import migrate
from bot.supervision import Supervisor
from bot.wards_route import wards_route

log = structlog.get_logger(__name__)

EDITORS = (sys.executable, "-m", "bot", "editors", "serve", "--child")
"""How the editors' pages are started beside the service."""


class StartError(UserError):
    """The service cannot start; says why in one sentence."""


def create_app(settings: Settings, channel_types: Sequence[ChannelType[Any]] = CHANNELS) -> Starlette:
    """The whole service; its parts start and stop with the application's lifespan.

    Args:
        settings: with those of the channels, as `registry.settings_of` has them.
        channel_types: those that are served if they are set up.

    Raises:
        ContentError: content/ cannot be served.
        StartError: the database's driver or directory is not there.
    """
    watcher = ContentWatcher(settings.content_dir)
    library = watcher.library
    secret = settings.secret_key.get_secret_value()
    database = _database(settings)
    inbox, outbox = Inbox(database, secret), Outbox(database)
    supervisor = Supervisor()
    leadership = Leadership(database)
    http = connection(settings)
    rasa = Rasa(http, Runners(settings.rasa_addresses))
    model_sync = ModelSync(rasa, library, leadership.leads)

    pictures = Pictures(library, settings.content_dir, settings.public_url)
    parts = Parts(
        database,
        inbox,
        outbox,
        library,
        rasa.forget,
        secret,
        settings.public_url,
        leadership.leads,
        pictures.at,
    )
    made = (channel_type.create(settings, parts) for channel_type in channel_types)
    channels = {channel.name: MeteredChannel(channel) for channel in made if channel}
    for name in channels:
        metrics.start(name)
    delivery_worker = DeliveryWorker(outbox, library, channels, leads=leadership.leads)
    dialogue = Dialogue(rasa, library, model_sync.untaught)
    unread = tesseract.problem()
    if unread:
        log.warning("pictures_not_read", reason=unread)
    worker = Worker(
        inbox,
        dialogue,
        library,
        channels,
        delivery_worker,
        read_picture=None if unread else read,
        leads=leadership.leads,
    )

    bulletins = WeeklyBulletins(outbox, library, leadership.leads, utc_now)

    token = settings.metrics_token.get_secret_value()
    monitoring = Monitoring(
        database, inbox, outbox, rasa, watcher, supervisor, [*channels.values()], token, unread
    )
    routes = [content_route(watcher, model_sync, utc_now), wards_route(library), *monitoring.routes()]
    routes += [*pictures.routes(), *embed_routes(library, settings.embed_origins.split())]
    routes += OpenFigures(database, library, utc_now).routes()
    for channel in channels.values():
        routes += channel.routes()
    routes += site_routes(library, dialogue, settings.public_url, utc_now, share_path)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # What is entered first ends last: channels, worker, Rasa, database.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(inbox.close)
            await _open(database, inbox, outbox)
            await stack.enter_async_context(http)
            if not settings.rasa_url:
                await stack.enter_async_context(rasa_side(settings))
            for channel in channels.values():
                await stack.enter_async_context(channel.connected(supervisor))
            keep = supervisor.keep
            await stack.enter_async_context(keep("watching runners", lambda: rasa.runners.watch(http)))
            await stack.enter_async_context(keep("leading", leadership.run))
            await stack.enter_async_context(keep("listening", inbox.listen))
            await stack.enter_async_context(keep("watching content", watcher.run))
            await stack.enter_async_context(keep("teaching", model_sync.run))
            await stack.enter_async_context(keep("answering", worker.run, worker.stop))
            await stack.enter_async_context(keep("weekly bulletins", bulletins.run))
            await stack.enter_async_context(keep("delivering", delivery_worker.run, delivery_worker.stop))
            for channel in channels.values():
                await stack.enter_async_context(channel.receiving(supervisor))
            yield

    return Starlette(routes=routes, lifespan=lifespan)


def run(*, with_editors: bool = False) -> None:
    """Serve with the settings of the environment until SIGTERM or SIGINT.

    with_editors: the editors' pages run beside it, as a process of their own.

    Raises:
        UserError: what keeps the service from starting.
    """
    settings = load_as(ServiceSettings)
    set_up(settings.log_level, settings.log_format, settings.secrets())
    event_loop.run(_serve(settings, with_editors=with_editors))


async def _serve(settings: Settings, *, with_editors: bool) -> None:
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        if with_editors:
            await stack.enter_async_context(child("editors", EDITORS))
        await serve(app, settings.host, settings.port)


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url)
    except DatabaseUnusable as error:
        raise StartError(str(error)) from error


async def _open(database: Database, inbox: Inbox, outbox: Outbox) -> None:
    try:
        await migrate(database)
        await inbox.open()
        await outbox.open()
    except (DatabaseUnusable, DatabaseAway) as error:
        raise StartError(str(unusable(database.url, error))) from error
