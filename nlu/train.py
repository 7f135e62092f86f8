"""`python -m nlu.train`: trains the model of what is in the directory now, and prints its name."""

from __future__ import annotations

import os
import sys
import time

from nlu import quiet

quiet.keep_private()

import rasa.model_training

from nlu import paths

NICENESS = 10
"""Training gives way to answering."""


def main() -> int:
    """Train; 0 if a model was made."""
    os.nice(NICENESS)
    started = time.monotonic()
    name = paths.fingerprint()
    print(f"training model {name}", flush=True)
    result = rasa.model_training.train(
        domain=str(paths.DOMAIN),
        config=str(paths.CONFIG),
        training_files=[str(directory) for directory in paths.TRAINING_DATA],
        output=str(paths.MODELS),
        fixed_model_name=name,
        force_training=True,
    )
    print(f"trained model {name} in {time.monotonic() - started:.0f} s", flush=True)
    return int(result.code)


if __name__ == "__main__":
    sys.exit(main())
