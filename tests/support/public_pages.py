"""The public pages without a server: content of the tests' own, and a stand-in for the Rasa side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.content.library import Library
from bot.content.loading import load
from stand_ins.rasa import RasaStandIn

PUBLIC_URL = "https://hoi.example"

CLARIFICATION = """
status: published
office: culture
checked: 2026-11-20
review_by: 2100-01-01
sources:
  - {{title: "A <law>", number: 1/2026, issuer: An issuer, date: 2026-11, url: "https://law.example/a?b=1&c=2"}}
related: [culture.food]
verdict: refuted
clarified: {{by: {{vi: Một cơ quan, en: An office}}, date: 2026-11-10}}
{more}
vi:
  title: "{name}: tin </script><b>giả</b>?"
  claim: Tin {name} là thật & đúng.
  answer: |
    Không đúng: **{name}** là "giả" <script>alert(1)</script>.

    - Xem [trang](https://law.example/a).
  questions: ["{name} có thật không"]
  facets: {{law: "Theo **luật**."}}
en:
  title: "{name}: a fake </script><b>claim</b>?"
  claim: The {name} claim is true & right.
  answer: |
    Not true: **{name}** is "fake" <script>alert(1)</script>.

    - See [the page](https://law.example/a).
  questions: ["is the {name} claim true"]
  facets: {{law: "By **law**."}}
"""

FIRST_SEEN = """
first_seen: {url: "https://rumour.example/1", date: 2026-11-01, who: A page}
corrected: {date: 2026-11-15, what: {vi: Ngày đã sửa., en: The date was put right.}}
map: Bến Ninh Kiều
"""

REASON = """
withdrawn: {date: 2026-11-22, reason: {vi: Luật đã đổi., en: The law has changed.}}
"""


@dataclass
class Public:
    """The pages: a client of them, the content that they show, and the stand-in for Rasa."""

    http: httpx.AsyncClient
    directory: Path
    library: Library
    rasa: RasaStandIn

    def reload(self) -> None:
        """Serve what the files say now."""
        loaded = load(self.directory)
        assert not loaded.findings
        self.library = loaded.library

    def write(self, answer_id: str, text: str) -> None:
        write(self.directory, answer_id, text)


def write(directory: Path, answer_id: str, text: str) -> None:
    """Write an answer's file."""
    topic, _, name = answer_id.partition(".")
    (directory / topic).mkdir(exist_ok=True)
    (directory / topic / f"{name}.yml").write_text(text, encoding="utf-8")


def clarification(name: str, more: str = "", status: str = "published") -> str:
    text = CLARIFICATION.format(name=name, more=more)
    return text.replace("status: published", f"status: {status}")
