"""`python -m nlu.serve MODEL PORT`: one Rasa process with one model, on the loopback."""

from __future__ import annotations

import sys

from nlu import quiet  # first: it sets up the environment that Rasa reads when imported

quiet.keep_private()

from rasa.core.run import serve_application
from rasa.core.utils import AvailableEndpoints

from nlu import paths


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
    )


if __name__ == "__main__":
    main()
