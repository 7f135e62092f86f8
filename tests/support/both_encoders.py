"""Run by Rasa's Python: for each line of its input, a text as JSON, says how both engines read it.

.venv-rasa/bin/python -m tests.support.both_encoders
"""

from __future__ import annotations

import json
import sys

from nlu.encoder.engines import NanoEngine, OnnxEngine, tokeniser


def main() -> None:
    ours, theirs = OnnxEngine(), NanoEngine()
    for line in sys.stdin:
        text = json.loads(line)
        vector = ours.vector(text)
        told = {
            "ours": len(tokeniser().tokens(text)) + 2,
            "theirs": theirs.tokens(text),
            "likeness": float(vector @ theirs.vector(text)),
            "length": float(vector @ vector),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
