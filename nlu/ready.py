"""Whether this Rasa side answers with the model that is published: for an orchestrator's readiness probe.

It ends with status 0 if so, else with 1 and a sentence.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

URL = "http://127.0.0.1:5005/status"


def main() -> None:
    """The command `nlu/ready.py`."""
    token = os.environ.get("RASA_TOKEN", "")
    request = urllib.request.Request(URL, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:  # noqa: S310
            status = json.load(answer)
    except (OSError, ValueError) as error:
        sys.exit(f"its server does not answer: {error}")
    if status["model"] is None:
        sys.exit("it has no model yet")
    # One that follows has to come along; a trainer answers with the one before while it makes the next.
    if status.get("follows") and status["model"] != status["wanted"] and not status["training"]:
        sys.exit(f"it answers with {status['model']}, and {status['wanted']} is published")


if __name__ == "__main__":
    main()
