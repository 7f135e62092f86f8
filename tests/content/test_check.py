"""What the check tells an editor: each mistake is a change to a good answer, with the line it prints."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.content.check import check
from tests.support import ROOT

TODAY = datetime.date(2026, 11, 22)

OFFICES = """
culture:
  vi: {name: Sở Văn hóa}
  en: {name: Department of Culture}
"""

MARKET = """\
status: published
office: culture
checked: 2026-11-01
review_by: 2027-05-01
sources:
  - {title: Quyết định, number: 829/QĐ-BVHTTDL, date: 2016-03-10, url: "https://example.org/829"}
related: [culture.quay, culture.food]
vi:
  title: Chợ nổi Cái Răng
  answer: |
    Chợ họp từ 5 giờ sáng, là di sản theo Quyết định 829/QĐ-BVHTTDL ngày 10/3/2016. VI_FILLER
  questions:
    - chợ nổi họp mấy giờ
    - đi chợ nổi bằng cách nào
    - VI_QUESTIONS
  facets:
    price: Khoảng 1.500.000 đồng một chuyến tàu.
en:
  title: Cái Răng floating market
  answer: |
    Open from 5 a.m.; heritage under Decision 829/QĐ-BVHTTDL of 10 March 2016. EN_FILLER
  questions:
    - when does the floating market open
    - how do I get to the market on the river
    - EN_QUESTIONS
  facets:
    price: About VND 1,500,000 for a boat.
"""

RUMOUR = """\
verdict: refuted
clarified: {by: {vi: Phường Cái Răng, en: Cái Răng ward}, date: 2026-02-24}
"""


def answer(name: str) -> str:
    """A good answer, whose words and questions are its own."""
    filled = MARKET
    for language in ("VI", "EN"):
        filler = " ".join(f"chữ-{name}" for _ in range(60))
        questions = "\n    - ".join(f"{name} {language.lower()} {word}" for word in "abcdefghijkl")
        filled = filled.replace(f"{language}_FILLER", filler).replace(f"{language}_QUESTIONS", questions)
    return filled


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Three good answers that name each other."""
    directory = tmp_path / "content"
    (directory / "culture").mkdir(parents=True)
    (directory / "clarification").mkdir()
    shutil.copy(ROOT / "content" / "messages.yml", directory)
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    names = ("market", "quay", "food")
    for name in names:
        others = ", ".join(f"culture.{other}" for other in names if other != name)
        text = answer(name).replace("culture.quay, culture.food", others)
        if name != "market":
            text = text.replace("chợ nổi", name).replace("the floating market", name)
            text = text.replace("the market on the river", name)
        (directory / "culture" / f"{name}.yml").write_text(text, encoding="utf-8")
    return directory


def findings(content: Path) -> list[str]:
    """What is printed, without the directory."""
    return [str(finding).removeprefix(f"{content}/") for finding in check(content, TODAY)]


def change(content: Path, old: str, new: str, *, file: str = "culture/market.yml") -> None:
    """Change one place of a file, as a slip of the hand would."""
    path = content / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_good_answers_have_no_findings(content: Path) -> None:
    assert findings(content) == []


MISTAKES = [
    # What cannot be read at all
    ("title: Chợ nổi Cái Răng", "title: Chợ nổi: Cái Răng",
     "9: error: this is not valid YAML (mapping values are not allowed in this context); "
     "is a text with ': ' or '#' in quotes?"),
    ("status: published", "status: published\nstatus: draft",
     "2: error: status: this key stands twice; keep one"),
    # Keys and values
    ("office: culture\n", "", "1: error: office: this key is missing"),
    ("office: culture\n", "office: music\n", "2: error: office: music is not in offices.yml"),
    ("status: published", "id: culture.market\nstatus: published",
     "1: error: id: the id is the file's name; leave this key out"),
    ("related:", "realted:",
     "7: error: realted: this key is not known here; is it misspelt or indented wrongly?"),
    ("status: published", "status: publish",
     "1: error: status: write one of: 'draft', 'in_review', 'published' or 'withdrawn'"),
    ("checked: 2026-11-01", "checked: 1/11/2026",
     "3: error: checked: write a date as year-month-day: 2026-11-20"),
    ("date: 2016-03-10", "date: 2016-13",
     "6: error: sources.0.date: write a day (2016-03-10), a month ('2016-03') or a year (2016)"),
    ("title: Chợ nổi Cái Răng", "title: 2026", "9: error: vi.title: this must be text; put it in quotes"),
    ("title: Chợ nổi Cái Răng", 'title: ""', "9: error: vi.title: this is empty"),
    ("title: Chợ nổi Cái Răng", f"title: {'Chợ nổi ' * 9}",
     "9: error: vi.title: this is too long: at most 60 characters"),
    ("    price: About VND 1,500,000 for a boat.", "    season: All year.",
     "29: error: en: facets: price, season stands in one language only"),
    ("    price: About VND 1,500,000 for a boat.", "    prize: VND 1,500,000",
     "49: error: en.facets.prize: write one of: 'hours', 'price', 'location', 'getting_there', 'duration', "
     "'season', 'documents', 'law', 'source' or 'contact'"),
    ("status: published", f"{RUMOUR}status: published",
     "1: error: verdict, clarified and claim belong to clarifications only"),
    ('url: "https://example.org/829"', "url: example.org",
     "6: error: sources.0.url: write an address that begins with https://, without blanks"),
    ("related: [culture.quay, culture.food]", "related: culture.quay",
     "7: error: related: this must be a list: one item a line, after '- '"),
    ("  facets:\n    price: Khoảng 1.500.000 đồng một chuyến tàu.", "  facets: Khoảng 1.500.000 đồng",
     "27: error: vi.facets: this must have keys of its own, indented below it"),
    # Links
    ("culture.food]", "culture.foot]", "7: error: related.1: there is no answer culture.foot"),
    ("culture.food]", "culture.market]", "7: error: related.1: an answer is not related to itself"),
    ("culture.quay, culture.food", "culture.food", "7: warning: related: name two to four related answers"),
    # Dates
    ("review_by: 2027-05-01", "review_by: 2026-11-21",
     "4: warning: review_by: the facts are due to be checked again"),
    ("review_by: 2027-05-01", "review_by: 2026-10-01", "4: error: review_by: lies before `checked`"),
    ("review_by: 2027-05-01", "review_by: 2028-05-01",
     "4: warning: review_by: facts are checked again within a year, and within three months "
     "where they change often"),
    ("checked: 2026-11-01", "checked: 2026-12-01", "3: error: checked: lies in the future"),
    # Numbers in one language only
    ("ngày 10/3/2016", "ngày 3/10/2016", [
        "10: error: vi.answer: 10/3/2016 stands in English, not here",
        "31: error: en.answer: 3/10/2016 stands in Vietnamese, not here"]),
    ("5 a.m.", "5 p.m.", [
        "10: error: vi.answer: 17 stands in English, not here",
        "31: error: en.answer: 5 stands in Vietnamese, not here"]),
    ("VND 1,500,000", "VND 150,000", [
        "28: error: vi.facets.price: 150000 stands in English, not here",
        "49: error: en.facets.price: 1500000 stands in Vietnamese, not here"]),
    ("under Decision 829/QĐ-BVHTTDL", "since",
     "31: error: en.answer: 829/QĐ-BVHTTDL stands in Vietnamese, not here"),
    # Texts
    ("Chợ họp", f"{'Chợ họp ' * 200}",
     "10: error: vi.answer: 2348 characters of title and answer do not fit one card; at most 1600"),
    ("Chợ họp", f"{'Chợ họp ' * 70}", "10: warning: vi.answer: 213 words; 60 to 160 read best"),
    ("Khoảng 1.500.000 đồng", f"{'Khoảng ' * 300} 1.500.000 đồng",
     "28: error: vi.facets.price: 2131 characters do not fit one card; at most 1600"),
    ("Khoảng 1.500.000 đồng một chuyến tàu.", "About VND 1,500,000 for a boat.",
     "49: error: en.facets.price: is the same text as in Vietnamese; translate it"),
    ("Khoảng 1.500.000 đồng một chuyến tàu.", "Khoang 1.500.000 dong mot chuyen tau.",
     "28: warning: vi.facets.price: has no diacritics; is it Vietnamese, written with all of them?"),
    # Questions
    ("    - đi chợ nổi bằng cách nào\n", "    - Họp mấy giờ, chợ nổi?\n",
     "14: warning: vi.questions.1: is the same question as on line 13"),
    ("    - đi chợ nổi bằng cách nào\n", "    - '?'\n",
     "14: error: vi.questions.1: has no word to learn from"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "printed"), MISTAKES, ids=[str(case[2]) for case in MISTAKES])
def test_a_mistake_is_named_with_its_line(
    content: Path, old: str, new: str, printed: str | list[str]
) -> None:
    change(content, old, new)
    expected = [printed] if isinstance(printed, str) else printed
    found = [line for line in findings(content) if line.startswith("culture/market.yml:")]
    assert found == [f"culture/market.yml:{line}" for line in expected]


def test_one_question_under_two_answers_is_an_error_and_a_near_one_a_warning(content: Path) -> None:
    change(content, "food họp mấy giờ", "Đi CHỢ nổi bằng cách nào?", file="culture/food.yml")
    change(content, "đi quay bằng cách nào", "cho tui hỏi đi chợ nổi bằng cách nào", file="culture/quay.yml")
    change(content, "đi chợ nổi bằng cách nào", "tui hỏi đi chợ nổi bằng cách nào vậy")
    change(content, "chợ nổi họp mấy giờ", "đi chợ nổi bằng cách nào")
    assert findings(content) == [
        "culture/market.yml:13: error: vi.questions.0: the same question stands under culture.food (line 13)",
        "culture/quay.yml:14: warning: vi.questions.1: "
        "nearly the same question stands under culture.market (line 14)",
    ]


def test_a_question_may_move_on_from_an_answer_that_is_withdrawn(content: Path) -> None:
    change(content, "food họp mấy giờ", "chợ nổi họp mấy giờ", file="culture/food.yml")
    withdrawn = "status: withdrawn\nwithdrawn: {date: 2026-11-20}"
    change(content, "status: published", withdrawn, file="culture/food.yml")
    problem = "culture.food is not published (withdrawn), so nobody is shown this link"
    assert findings(content) == [
        f"culture/market.yml:7: warning: related.1: {problem}",
        f"culture/quay.yml:7: warning: related.1: {problem}",
    ]


def test_an_answer_that_nobody_is_shown_may_be_overdue(content: Path) -> None:
    change(content, "review_by: 2027-05-01", "review_by: 2026-11-21")
    change(content, "status: published", "status: withdrawn")
    assert not any("due to be checked" in line for line in findings(content))


def test_a_clarification_names_its_claim_and_its_numbers_too(content: Path) -> None:
    rumour = content / "clarification" / "rumour.yml"
    text = answer("rumour").replace("chợ nổi", "tin").replace("floating market", "rumour")
    rumour.write_text(text.replace("the market on", "news of"), encoding="utf-8")
    missing = "a clarification needs verdict, clarified, and a claim in both languages"
    assert findings(content) == [f"clarification/rumour.yml:1: error: {missing}"]

    text = rumour.read_text(encoding="utf-8").replace(
        "vi:\n", f"{RUMOUR}vi:\n  claim: Chợ đóng cửa năm 2026.\n"
    )
    rumour.write_text(text.replace("en:\n", "en:\n  claim: The market closed in 2025.\n"), encoding="utf-8")
    assert findings(content) == [
        "clarification/rumour.yml:11: error: vi.claim: 2025 stands in English, not here",
        "clarification/rumour.yml:33: error: en.claim: 2026 stands in Vietnamese, not here",
    ]

    change(content, "Chợ đóng cửa năm 2026.", f"Chợ đóng cửa năm 2025{' thật' * 300}.", file=f"{rumour}")
    assert findings(content) == [
        "clarification/rumour.yml:13: error: vi.answer: "
        "2277 characters of title, claim and answer do not fit one card; at most 1600",
    ]


@pytest.mark.parametrize(
    ("name", "text", "printed"),
    [
        ("culture/Food.yaml", b"", "1: error: an answer stands in <topic>/<id>.yml; topics: "
         "city, investment, diaspora, culture, clarification"),
        ("culture/market.yml", b"", "1: error: this file is empty or not a list of keys"),
        ("culture/market.yml", "title: Chợ".encode("utf-16"), "1: error: save the file as UTF-8"),
        ("offices.yml", b"", "1: error: this file is empty or not a list of offices"),
        ("offices.yml", b"tax:\n  vi: {name: Thu\xe1\xba\xbf}\n", "1: error: tax.en: this key is missing"),
        ("messages.yml", b"labels: []",
         "1: error: labels: this must have keys of its own, indented below it"),
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_no_good_is_named(content: Path, name: str, text: bytes, printed: str) -> None:
    (content / name).parent.mkdir(exist_ok=True)
    (content / name).write_bytes(text)
    assert f"{name}:{printed}" in findings(content)


def test_a_phone_of_an_office_needs_a_source(content: Path) -> None:
    change(
        content, "  en: {name: Department of Culture}", "  en: {name: A}\n  phone: '113'", file="offices.yml"
    )
    assert findings(content) == [
        "offices.yml:2: warning: culture: a phone, an address or a website needs a `source` that gives it"
    ]


def test_a_file_name_that_makes_no_id_is_named(content: Path) -> None:
    (content / "culture" / "food.yml").rename(content / "culture" / "Món ngon.yml")
    assert (
        "culture/Món ngon.yml:1: error: id: an id is <topic>.<file name> in a-z, 0-9 and hyphens: "
        "culture.floating-market"
    ) in findings(content)


def test_the_command_prints_a_line_for_each_finding_and_a_summary(content: Path) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    for file in (content / "culture").iterdir():
        text = file.read_text(encoding="utf-8").replace("2026-11-01", f"{today}")
        soon = today + datetime.timedelta(days=90)
        file.write_text(text.replace("2027-05-01", f"{soon}"), encoding="utf-8")
    run = CliRunner().invoke(main, ["check", "--content", str(content)])
    assert (run.output, run.exit_code) == ("5 files read: 0 errors, 0 warnings\n", 0)

    change(content, "culture.quay, culture.food", "culture.food")
    run = CliRunner().invoke(main, ["check", "--content", str(content)])
    *lines, summary = run.output.splitlines()
    assert lines == [f"{content}/culture/market.yml:7: warning: related: name two to four related answers"]
    assert (summary, run.exit_code) == ("5 files read: 0 errors, 1 warnings", 0)

    change(content, "culture.food]", "culture.foot]")
    run = CliRunner().invoke(main, ["check", "--content", str(content)])
    assert run.output.splitlines()[-1] == "5 files read: 1 errors, 1 warnings"
    assert run.exit_code == 1


def test_the_command_reads_what_the_bot_reads(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENT_DIR", str(content))
    run = CliRunner().invoke(main, ["check"])
    assert "5 files read" in run.output

    monkeypatch.setenv("CONTENT_DIR", str(content / "nowhere"))
    run = CliRunner().invoke(main, ["check"])
    assert (run.output, run.exit_code) == (
        "The setting CONTENT_DIR is wrong: there is no such directory.\n",
        1,
    )
