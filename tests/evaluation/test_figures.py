"""Each figure of the texts is looked up in the facts behind them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bot.cli import main
from tests.support.content import ANSWER

FACTS = """
food:
  facts:
    - {text_vi: "Giá 2.500 đồng, gọi 0292 3817 696", text_en: "VND 2,500", basis: found}
    - {text_vi: "Có 77 quán", text_en: "77 stalls", basis: uncertain}
  sources: {s1: {title: A page, date: 2025-08-15}}
other:
  facts: [{text_vi: "Dài 188,2 km", text_en: "188.2 km", basis: found}]
"""

CORRECTIONS = """\
# Corrections: culture

## 1. culture.music: found

```yaml
facts:
  - text_vi: Có 31 bài
    basis: found
  - text_vi: Có 32 bài
    basis: outdated
sources:
```

## food

- **B.** Open since 1998.
"""


def test_a_figure_stands_in_the_facts_or_is_told(small_content: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "culture.yml").write_text(FACTS, encoding="utf-8")
    (facts / "culture.md").write_text(CORRECTIONS, encoding="utf-8")
    content = tmp_path / "content"
    (content / "culture").mkdir(parents=True)
    for name in ("messages.yml", "offices.yml"):
        (content / name).write_bytes((small_content / name).read_bytes())
    texts = {
        "food": (
            "2.500 đồng, từ tháng 8/2025, +84 292 3817 696; mở 1998, 188,2 km, 77 quán, 13 bàn, 1/11/2026",
            "VND 2,500, August 2025, +84 292 3817 696; open 1998, 188.2 km, 77, 13, 1 November 2026",
        ),
        "music": ("31 bài, 32 bài", "31, 32"),
    }
    for name, (vietnamese, english) in texts.items():
        text = ANSWER.format(name=name)
        text = text.replace(f"answer: Câu trả lời về {name}.", f'answer: "{vietnamese}"')
        text = text.replace(f"answer: The answer on {name}.", f'answer: "{english}"')
        (content / "culture" / f"{name}.yml").write_text(text, encoding="utf-8")

    run = CliRunner().invoke(main, ["check", "--content", str(content), "--facts", str(facts)])
    told = [line.split(": ", 1)[1] for line in run.output.splitlines() if " stands " in line]
    assert told == [
        f"{language}.answer: {figure} stands {place}"
        for name in ("food", "music")
        for language in ("vi", "en")
        for figure, place in {
            "food": [
                ("13", "nowhere"),
                ("188.2", "in those of other answers only"),
                ("77", "in those that are uncertain or outdated"),
            ],
            "music": [("32", "in those that are uncertain or outdated")],
        }[name]
    ]
    assert "2 (10.0%) nowhere" in run.output
