"""One Rasa process with one model, on the loopback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nlu import rasa_environment  # first: Rasa reads it when it is imported

rasa_environment.redact_log()

import sanic.response
import structlog
from rasa.core.run import serve_application
from rasa.core.utils import AvailableEndpoints

from nlu import authentication, paths
from nlu.encoder import engines
from nlu.processes import WITHOUT_MODEL
from nlu.runner.graph_runner import InOrderRunner

log = structlog.get_logger(__name__)


async def _run_in_order(app: Any, _: Any) -> None:
    processor = app.ctx.agent.processor
    if processor:
        processor.graph_runner = InOrderRunner.of(processor.graph_runner)


async def _ask_who_asks(app: Any, _: Any) -> None:
    """Other people of this machine reach the loopback, too."""

    async def refuse(request: Any) -> Any:
        if refusal := authentication.refusal(request.method, request.headers):
            status, reason = refusal
            return sanic.response.text(reason, status)
        return None

    app.register_middleware(refuse, "request")


async def _end_without_model(app: Any, _: Any) -> None:
    """Rasa goes on without a model that it cannot load, or that other code made and this one cannot
    use; whoever started us would wait for nothing then."""
    agent = app.ctx.agent
    try:
        if agent.is_ready() and await agent.parse_message("Xin chào"):
            return
    except Exception as error:
        log.error("model_unusable", error=f"{type(error).__name__}: {error}")
    try:
        engines.engine()
    except engines.EncoderUnavailable as error:
        log.error("encoder_unavailable", error=str(error))
        os._exit(1)  # the model may be all right
    os._exit(WITHOUT_MODEL)


def serve(model: Path, port: int) -> None:
    """Serve until SIGTERM."""
    serve_application(
        model_path=str(model),
        interface="127.0.0.1",
        port=port,
        credentials=str(paths.CREDENTIALS),
        endpoints=AvailableEndpoints.read_endpoints(str(paths.ENDPOINTS)),
        enable_api=False,
        server_listeners=[
            (_ask_who_asks, "before_server_start"),
            (_run_in_order, "after_server_start"),
            (_end_without_model, "after_server_start"),
        ],
    )
