"""`python -m tests.dialogues`: plays the dialogues with a bot that runs, and prints a table."""

from __future__ import annotations

import argparse

import httpx

from tests.dialogues.play import Outcome, dialogues, play


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the bot; it needs WEB_RATE_LIMIT=0")
    parser.add_argument("--kind", help="only the dialogues of this file")
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []
    with httpx.Client(base_url=arguments.url, timeout=60, trust_env=False) as http:
        for dialogue in dialogues():
            if arguments.kind in {None, dialogue.kind}:
                outcomes += play(dialogue, http)
    for wrong in (outcome for outcome in outcomes if outcome.misses):
        print(wrong)
    print(f"\n{'kind':<28}{'turns':>6}{'right':>7}")
    for kind in sorted({outcome.dialogue.kind for outcome in outcomes}):
        _line(kind, [outcome for outcome in outcomes if outcome.dialogue.kind == kind])
    _line("all", outcomes)


def _line(name: str, outcomes: list[Outcome]) -> None:
    right = sum(not outcome.misses for outcome in outcomes)
    share = f"{right / len(outcomes):.1%}" if outcomes else "-"
    print(f"{name:<28}{len(outcomes):>6}{right:>7}{share:>8}")


if __name__ == "__main__":
    main()
