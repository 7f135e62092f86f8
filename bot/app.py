"""Puts the parts together, and serves."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot import metrics
from bot import server as http_server
from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.worker import Worker
from bot.channels.contract import Channel
from bot.channels.metered import Counted
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel
from bot.channels.zalo import Account as ZaloAccount
from bot.channels.zalo import Api as ZaloApi
from bot.channels.zalo import ZaloChannel
from bot.content.library import Library
from bot.content.watcher import ContentWatcher
from bot.content_route import content_route
from bot.domain.clock import utc_now
from bot.domain.errors import UserError
from bot.log import set_up
from bot.monitoring import Monitoring
from bot.rasa.child import rasa_side
from bot.rasa.client import Rasa, connection
from bot.rasa.sync import ModelSync
from bot.settings import Settings
from bot.settings import load as load_settings
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, DatabaseUnusable, unusable
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from bot.storage.schema import migrate
from bot.storage.zalo import ZaloStore
from bot.supervision import Supervisor

log = structlog.get_logger(__name__)

REQUESTS_FINISH = 12
"""Seconds that requests may take once the service is told to stop. With what supervision.FINISHES allows
after that it is less than the half minute or more that containers and systemd are set to wait."""


class StartError(UserError):
    """The service cannot start; says why in one sentence."""


def create_app(settings: Settings) -> Starlette:
    """The whole service; its parts start and stop with the application's lifespan.

    Raises:
        ContentError: content/ cannot be served.
        StartError: the database's driver or directory is not there.
    """
    watcher = ContentWatcher(settings.content_dir)
    served = watcher.library
    secret = settings.secret_key.get_secret_value()
    database = _database(settings)
    inbox, outbox = Inbox(database, secret), Outbox(database)
    supervisor = Supervisor()
    http = connection(settings)
    rasa = Rasa(http)
    model_sync = ModelSync(rasa, served)

    web = WebChannel(
        inbox,
        outbox,
        served,
        rate_limit=settings.web_rate_limit,
        address_limit=settings.web_address_limit,
        secret=secret,
    )
    channels: dict[str, Channel] = {web.name: web}
    routes: list[BaseRoute] = [content_route(watcher, model_sync, utc_now), *web.routes()]
    telegram = _telegram(settings, inbox, rasa, served)
    if telegram:
        channels[telegram.name] = telegram
        routes += telegram.routes()
    zalo = _zalo(settings, database, inbox, served)
    if zalo:
        channels[zalo.name] = zalo
        routes += zalo.routes()
    counted = {name: Counted(channel) for name, channel in channels.items()}
    for name in channels:
        metrics.start(name)
    delivery_worker = DeliveryWorker(outbox, served, counted)
    worker = Worker(inbox, Dialogue(rasa, served), served, counted, delivery_worker)
    token = settings.metrics_token.get_secret_value()
    routes += Monitoring(database, inbox, outbox, rasa, watcher, supervisor, telegram, zalo, token).routes()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # What is entered first ends last: channels, worker, Rasa, database.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(inbox.close)
            await _open(database, inbox, outbox)
            await stack.enter_async_context(http)
            if not settings.rasa_url:
                await stack.enter_async_context(rasa_side(settings))
            if telegram:
                await stack.enter_async_context(telegram.connected())
            if zalo:
                await stack.enter_async_context(zalo.connected(supervisor))
            keep = supervisor.keep
            await stack.enter_async_context(keep("watching content", watcher.run))
            await stack.enter_async_context(keep("teaching", model_sync.run))
            await stack.enter_async_context(keep("answering", worker.run, worker.stop))
            await stack.enter_async_context(keep("delivering", delivery_worker.run, delivery_worker.stop))
            if telegram:
                await stack.enter_async_context(telegram.receiving(supervisor))
            yield

    return Starlette(routes=routes, lifespan=lifespan)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; what is in hand is finished first.

    Raises:
        UserError: what keeps the service from starting.
    """
    app = create_app(settings)
    with _listen(settings) as listener:
        host, port = listener.getsockname()[:2]
        # The lifespan is entered here, so that what it raises comes out as it is.
        server = _Server(http_server.config(app, finish_within=REQUESTS_FINISH))
        with _stopped_by_signals(server):
            async with app.router.lifespan_context(app):
                url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
                log.info("serving", url=url)
                await server.serve(sockets=[listener])


def run() -> None:
    """Serve with the settings of the environment until SIGTERM or SIGINT.

    Raises:
        UserError: what keeps the service from starting.
    """
    settings = load_settings()
    set_up(settings.log_level, settings.log_format, settings.secrets())
    asyncio.run(serve(settings))


def _telegram(
    settings: Settings, inbox: Inbox, rasa: Rasa, library: Callable[[], Library]
) -> TelegramChannel | None:
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    return TelegramChannel(
        inbox,
        library,
        token=token,
        secret=settings.secret_key.get_secret_value(),
        api_url=settings.telegram_api_url,
        forget_context=rasa.forget,
        public_url=settings.public_url or None,
    )


def _zalo(
    settings: Settings, database: Database, inbox: Inbox, library: Callable[[], Library]
) -> ZaloChannel | None:
    if not settings.zalo_app_id:
        return None
    return ZaloChannel(
        inbox,
        ZaloStore(database, settings.zalo_oa_id, settings.zalo_token_key.get_secret_value()),
        ZaloApi(
            settings.zalo_api_url,
            settings.zalo_oauth_url,
            settings.zalo_app_id,
            settings.zalo_app_secret.get_secret_value(),
        ),
        library,
        account=ZaloAccount(
            settings.zalo_app_id, settings.zalo_oa_id, settings.zalo_oa_secret.get_secret_value()
        ),
        secret=settings.secret_key.get_secret_value(),
    )


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


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise StartError(
            f"Nothing can be served at HOST {settings.host}, PORT {settings.port}: {reason}."
        ) from error
    # asyncio does so with sockets of its own making alone; without it each answer on a connection that is
    # kept waits 40 ms for an acknowledgement (Nagle's algorithm and delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before our parts are stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, server.handle_exit, number, None)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
