"""`python -m bot new`: the file of a new answer, to fill in."""

from __future__ import annotations

import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.content.directory import OFFICES_FILE
from bot.content.schema import MARK, TITLE_LIMIT, AnswerId
from bot.content.yaml_file import ContentError, read_yaml
from bot.domain.answer import TOPICS, Facet, Verdict
from bot.domain.errors import NotPossible

CLARIFICATION = "clarification"


def write_draft(directory: Path, answer_id: str, today: datetime.date) -> Path:
    """Write the file of a new answer, with a comment for each key.

    Args:
        directory: the editors' directory.
        answer_id: as in clarification.some-id.
        today: the day of writing.

    Returns:
        The file. It is a draft that loads as it is.

    Raises:
        NotPossible: the id is bad or taken, or there is no office yet.
    """
    topic, _, name = answer_id.partition(".")
    try:
        TypeAdapter(AnswerId).validate_python(answer_id)
    except ValidationError as error:
        raise NotPossible(
            f"{answer_id} is no id: write a topic, a dot, and a name of small letters without diacritics, "
            "digits and hyphens, as in clarification.some-id."
        ) from error
    if topic not in TOPICS:
        raise NotPossible(f"There is no topic {topic}; the topics are {', '.join(TOPICS)}.")
    file = directory / topic / f"{name}.yml"
    text = _text(topic, _offices(directory), today)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise NotPossible(f"{file} is there already; change that file, or take another id.") from error
    except OSError as error:
        raise NotPossible(f"{file} cannot be written: {error.strerror}.") from error
    return file


def _offices(directory: Path) -> list[str]:
    try:
        value = read_yaml(directory / OFFICES_FILE).value
    except (ContentError, OSError) as error:
        raise NotPossible(f"{directory / OFFICES_FILE} cannot be read; mend it first: {error}") from error
    if not isinstance(value, dict) or not value:
        raise NotPossible(f"{directory / OFFICES_FILE} names no office; write one there first.")
    return [str(office) for office in value]


def _text(topic: str, offices: list[str], today: datetime.date) -> str:
    is_claim = topic == CLARIFICATION
    verdicts = ", ".join(Verdict)
    facets = ", ".join(facet for facet in Facet if facet is not Facet.SOURCE)
    return "\n".join(
        [
            *_HEAD.format(mark=MARK).splitlines(),
            "",
            "# Nobody is shown a draft or what is in_review. Then: published. Later, perhaps: withdrawn.",
            "status: draft",
            "# Only if it is to begin or end at a certain time, in Việt Nam:",
            f"# publish_at: {today} 08:00",
            f"# withdraw_at: {today + datetime.timedelta(days=365)} 08:00",
            "# Only if it takes the place of other answers: their old links then show this one.",
            f"# supersedes: [{topic}.old-id]",
            f"# Who answers for it, from {OFFICES_FILE}:",
            *(f"#   {office}" for office in offices),
            f"office: {offices[0]}  # {MARK} is it this one?",
            "# When the facts were last checked, and when they must be checked again.",
            f"checked: {today}",
            f"review_by: {today + datetime.timedelta(days=180)}",
            "# Where the facts come from, the best first; with number, issuer, date and url if any.",
            "sources:",
            f'  - title: "{MARK} what the document or article is called"',
            "    # number: 118/2025/QH15",
            '    # issuer: "Quốc hội"',
            "    # date: 2025-12-12        # or a month ('2025-12') or a year",
            "    # url: https://...",
            "# Two to four other answers that people may want next.",
            "related: []",
            "# Only for a place: what to search for on a map.",
            "# map: Chợ nổi Cái Răng, phường Cái Răng, Cần Thơ",
            *(
                [
                    f"# What is true of the claim: {verdicts}.",
                    f"verdict: {Verdict.REFUTED}  # {MARK} is it this one?",
                    "# Who said so officially, in both languages, and when.",
                    "clarified:",
                    f'  by: {{vi: "{MARK} cơ quan đính chính", en: "{MARK} who clarified it"}}',
                    f"  date: {today}",
                ]
                if is_claim
                else []
            ),
            "",
            *_language("vi", is_claim, facets),
            "",
            *_language("en", is_claim, facets),
            "",
        ]
    )


_HEAD = """\
# A new answer. Replace everything that is marked {mark} in both languages; lines that begin with # are
# notes and may be deleted. `python -m bot check` says what is missing. Then set the status to published."""

_WORDS = {
    "vi": ("tựa ngắn", "tin đồn, như người ta kể", "câu trả lời, 60 đến 160 chữ", "người dân hỏi thế nào"),
    "en": ("a short title", "the claim, as people tell it", "the answer, 60 to 160 words", "how people ask"),
}


def _language(language: str, is_claim: bool, facets: str) -> list[str]:
    title, claim, answer, question = _WORDS[language]
    return [
        f"{language}:",
        f"  # At most {TITLE_LIMIT} characters: it stands on buttons.",
        f'  title: "{MARK} {title}"',
        *([f'  claim: "{MARK} {claim}"'] if is_claim else []),
        "  # Paragraphs, **bold**, lists and [links](https://...). The same numbers in both languages.",
        "  answer: |",
        f"    {MARK} {answer}",
        "  # At least twelve ways in which people really ask, one a line: the bot learns from them.",
        "  questions:",
        f'    - "{MARK} {question}"',
        f"  # Short answers to follow-up questions, if you have any: {facets}.",
        "  # facets:",
        '  #   contact: "..."',
    ]
