"""`python -m nlu.serve MODEL PORT`: one Rasa process with one model, on the loopback."""

from __future__ import annotations

import os
import sys
from typing import Any

from nlu import quiet  # first: it sets up the environment that Rasa reads when imported

quiet.keep_private()

from rasa.core.run import serve_application
from rasa.core.utils import AvailableEndpoints

from nlu import paths


async def _end_without_model(app: Any, _: Any) -> None:
    """Rasa goes on without a model that it cannot load; whoever started us waits for nothing then."""
    if not app.ctx.agent.is_ready():
        os._exit(3)


def main() -> None:
    """Serve until SIGTERM."""
    model, port = sys.argv[1:]
    serve_application(
        model_path=model,
        interface="127.0.0.1",
        port=int(port),
        credentials=str(paths.CREDENTIALS),
        endpoints=AvailableEndpoints.read_endpoints(str(paths.ENDPOINTS)),
        enable_api=False,
        server_listeners=[(_end_without_model, "after_server_start")],
    )


if __name__ == "__main__":
    main()
