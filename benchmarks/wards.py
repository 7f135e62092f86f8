"""How long the recogniser of wards takes for a message: median, 99th percentile, and the slowest.

`python -m benchmarks.wards` prints a table. The aim is 5 ms at most. Seconds of the processor are counted, so
that what else runs does not matter, and of each message the faster of two tries, so that a collection of
garbage does not either.
"""

from __future__ import annotations

import gc
import time
from pathlib import Path

import yaml

from bot.content.wards_file import read_wards
from bot.domain.message import TEXT_LIMIT
from bot.rasa.training_set import ward_lines
from nlu.wards.recogniser import recognise
from nlu.wards.table import Names

STORY = "tui muốn hỏi chuyện đất đai ở quê nhà mình "
MANY = "xã Đông Phước giờ thuộc đâu phường quận huyện "


def main() -> None:
    names = Names.of(ward_lines(read_wards(Path("content/wards.yml"))[0]))
    questions = [
        question["q"]
        for file in sorted(Path("tests/nlu").rglob("*.yml")) + sorted(Path("tests/wards").glob("*.yml"))
        for question in yaml.safe_load(file.read_text(encoding="utf-8"))
        if "q" in question
    ]
    longest = [(text * TEXT_LIMIT)[:TEXT_LIMIT] for text in (STORY, MANY)]
    gc.collect()
    gc.freeze()
    print(f"{'':<34}{'median':>9}{'99 %':>9}{'slowest':>9}")
    for title, texts in (("questions of tests/", questions), ("1,000 characters", longest)):
        took = sorted(min(milliseconds(text, names), milliseconds(text, names)) for text in texts)
        middle, nearly, most = took[len(took) // 2], took[int(len(took) * 0.99)], took[-1]
        print(
            f"{title} ({len(texts)}){'':<8}".ljust(34) + f"{middle:>6.2f} ms{nearly:>6.2f} ms{most:>6.2f} ms"
        )


def milliseconds(text: str, names: Names) -> float:
    started = time.thread_time()
    recognise(text, names)
    return (time.thread_time() - started) * 1000


if __name__ == "__main__":
    main()
