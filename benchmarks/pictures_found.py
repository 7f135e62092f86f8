"""How many of the answers are found by what was read in pictures that the same words find when typed.

    .venv-rasa/bin/python -m benchmarks.pictures_found FILE

FILE is what `python -m benchmarks.pictures --json FILE` wrote. The aim: 90 %.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.dialogues import Player
from nlu import models


def main() -> None:
    player = Player(models.file_of(json.loads(Path("models/live.json").read_text())["name"]))
    typed_finds = also_read = read_finds = number = 0
    for case in json.loads(Path(sys.argv[1]).read_text("utf-8")):
        number += 1
        (typed,), (read,) = (
            [plans[0].get("id") for plans, _ in player.play([case[how]])] for how in ("typed", "read")
        )
        typed_finds += typed == case["answer"]
        read_finds += read == case["answer"]
        also_read += typed == read == case["answer"]
        if typed == case["answer"] != read:
            print(f"{case['name']}: {read}: {case['read']}")
    print(
        f"{number} pictures. Found typed: {typed_finds}; read: {read_finds}; of those found typed, also "
        f"read: {also_read} ({also_read / typed_finds:.0%})."
    )


if __name__ == "__main__":
    main()
