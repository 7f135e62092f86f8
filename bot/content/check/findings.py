"""The check of the whole directory, and of each answer in it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from bot.content.catalogue import lost
from bot.content.check.laws import read_laws
from bot.content.check.numbers import differences
from bot.content.check.pictures import picture_findings
from bot.content.check.same_questions import alike
from bot.content.check.wording import advice
from bot.content.directory import BULLETINS_FILE, CATALOGUE_FILE, LAWS_FILE, OFFICES_FILE, WARDS_FILE
from bot.content.library import Library
from bot.content.loading import LoadedContent, load
from bot.content.schema import Answer, AnswerStatus
from bot.content.yaml_file import ContentError, Finding, KeyPath, YamlFile
from bot.domain.language import Language
from bot.text.dialect import misread
from bot.text.folding import fold, words

CARD_LIMIT = 1600
"""Characters of what an editor writes on one card: title, claim and answer, or a facet. With verdict
and date it fits 2,000 characters, the smallest that a platform takes (Zalo's text message); sources
for which no room is left follow in a second one."""

WORDS = range(60, 161)
QUESTIONS_LEAST = 12
RELATED = range(2, 5)
REVIEW_DAYS_MOST = 366
"""What is advised: words of an answer, questions in each language, answers that it is related to, and days
until its facts are looked up again."""

DIACRITICS_FROM = 4
"""So many words of Vietnamese never come without a diacritic; a shorter text may."""


def check(directory: Path, today: datetime.date, only: str | None = None) -> list[Finding]:
    """Everything an editor should mend in content/, errors and warnings, in the files' order.

    Args:
        directory: content/.
        today: the day by which dates are judged.
        only: the id of the one answer that is read over, in a quarter of the time; what it has in common
            with another one is said of it.
    """
    try:
        content = load(directory)
    except ContentError as error:
        return error.findings
    library, findings = content.library, content.findings
    answers = [answer for answer in library.answers.values() if only in {None, answer.id}]
    for answer in answers:
        file = content.files[answer.id]
        findings += _date_findings(file, answer, today)
        findings += _life_findings(file, answer)
        findings += _related_findings(file, answer, library)
        findings += _text_findings(file, answer)
        findings += _number_findings(file, answer)
        findings += _markup_findings(file, answer)
        findings += picture_findings(directory, file, answer)
    laws, of_laws = read_laws(directory / LAWS_FILE)
    findings += of_laws
    for answer in answers:
        if answer.status is not AnswerStatus.WITHDRAWN:
            file = content.files[answer.id]
            advised = advice(answer, library.offices, laws, today)
            findings += [file.finding(key, problem, is_error=False) for key, problem in advised]
    findings += lost(directory / CATALOGUE_FILE, library)
    findings += _office_findings(content)
    findings += _ward_findings(content)
    findings += _bulletin_findings(content)
    findings += alike(content, only)
    return sorted(findings, key=lambda finding: (str(finding.file), finding.line))


def _date_findings(file: YamlFile, answer: Answer, today: datetime.date) -> Iterator[Finding]:
    if answer.status is AnswerStatus.PUBLISHED and answer.review_by < today:
        yield file.finding(("review_by",), "the facts are due to be checked again", is_error=False)
    if (answer.review_by - answer.checked).days > REVIEW_DAYS_MOST:
        problem = "facts are checked again within a year, and within three months where they change often"
        yield file.finding(("review_by",), problem, is_error=False)
    if answer.checked > today:
        yield file.finding(("checked",), "lies in the future")


def _life_findings(file: YamlFile, answer: Answer) -> Iterator[Finding]:
    """A schedule or a withdrawal that says less than the editor means."""
    if answer.status is not AnswerStatus.PUBLISHED:
        for key in ("publish_at", "withdraw_at"):
            if getattr(answer, key):
                problem = f"has no effect while the status is {answer.status}; it takes `status: published`"
                yield file.finding((key,), problem, is_error=False)
    if answer.status is AnswerStatus.WITHDRAWN and answer.withdrawn_on is None:
        problem = "say since when, for people who ask: `withdrawn: {date: 2026-11-25}`"
        yield file.finding(("status",), problem, is_error=False)


def _related_findings(file: YamlFile, answer: Answer, library: Library) -> Iterator[Finding]:
    """Loading has found the links to answers that are not there."""
    if len(answer.related) not in RELATED:
        yield file.finding(("related",), "name two to four related answers", is_error=False)
    for position, related in enumerate(answer.related):
        other = library.answers.get(related)
        is_hidden = other and other.status is not AnswerStatus.PUBLISHED and not library.published(related)
        if answer.status is AnswerStatus.PUBLISHED and other and is_hidden:
            problem = f"{related} is not published ({other.status.value}), so nobody is shown this link"
            yield file.finding(("related", position), problem, is_error=False)


def _text_findings(file: YamlFile, answer: Answer) -> Iterator[Finding]:
    for language in Language:
        text = answer[language]
        key: KeyPath = (language.value, "answer")
        if (length := len(text.title) + len(text.claim or "") + len(text.answer)) > CARD_LIMIT:
            parts = "title, claim and answer" if text.claim else "title and answer"
            problem = f"{length} characters of {parts} do not fit one card; at most {CARD_LIMIT}"
            yield file.finding(key, problem)
        elif (count := len(text.answer.split())) not in WORDS:
            problem = f"{count} words; {WORDS.start} to {WORDS.stop - 1} read best"
            yield file.finding(key, problem, is_error=False)
        for facet, short in text.facets.items():
            if len(short) > CARD_LIMIT:
                problem = f"{len(short)} characters do not fit one card; at most {CARD_LIMIT}"
                yield file.finding((language.value, "facets", facet.value), problem)
        if len(text.questions) < QUESTIONS_LEAST:
            problem = f"{len(text.questions)} questions; the bot needs {QUESTIONS_LEAST} to learn from"
            yield file.finding((language.value, "questions"), problem, is_error=False)
    for vietnamese, english, key in _texts(answer):
        if len(words(vietnamese)) < DIACRITICS_FROM:
            continue
        if vietnamese == english:
            yield file.finding(("en", *key), "is the same text as in Vietnamese; translate it")
        elif fold(vietnamese) == vietnamese.casefold():
            problem = "has no diacritics; is it Vietnamese, written with all of them?"
            yield file.finding(("vi", *key), problem, is_error=False)


def _number_findings(file: YamlFile, answer: Answer) -> Iterator[Finding]:
    for vietnamese, english, key in _texts(answer):
        if vietnamese == english and len(words(vietnamese)) >= DIACRITICS_FROM:
            continue  # it is to be translated first
        only_vi, only_en = differences(vietnamese, english)
        if only_vi:
            yield file.finding(("en", *key), f"{', '.join(only_vi)} stands in Vietnamese, not here")
        if only_en:
            yield file.finding(("vi", *key), f"{', '.join(only_en)} stands in English, not here")


def _markup_findings(file: YamlFile, answer: Answer) -> Iterator[Finding]:
    """Texts that readers would not see as they were written."""
    for vietnamese, english, key in _texts(answer):
        for language, text in ((Language.VI, vietnamese), (Language.EN, english)):
            if key != ("title",) and (found := misread(text)):
                problem = (
                    f"{', '.join(found[:3])} is not shown as it is written: bold stands around whole words, "
                    "and a code with asterisks between backticks (`*101#`)"
                )
                yield file.finding((language.value, *key), problem, is_error=False)


def _texts(answer: Answer) -> Iterator[tuple[str, str, KeyPath]]:
    """What a citizen reads, in Vietnamese and in English, and where it stands below its language."""
    yield answer.vi.title, answer.en.title, ("title",)
    if answer.vi.claim and answer.en.claim:
        yield answer.vi.claim, answer.en.claim, ("claim",)
    yield answer.vi.answer, answer.en.answer, ("answer",)
    for facet, text in answer.vi.facets.items():
        yield text, answer.en.facets[facet], ("facets", facet.value)


def _ward_findings(content: LoadedContent) -> Iterator[Finding]:
    """Answers to which the cards on wards would lead."""
    wards = content.library.wards
    for key in ("answer", "papers"):
        answer_id = getattr(wards, key, None)
        if answer_id and content.library.published(answer_id) is None:
            problem = f"{answer_id} is not published, so nobody is shown it"
            yield content.files[WARDS_FILE].finding((key,), problem, is_error=False)


def _bulletin_findings(content: LoadedContent) -> Iterator[Finding]:
    """Answers to which a bulletin would lead."""
    for bulletin in content.library.bulletins.values():
        for position, answer_id in enumerate(bulletin.answers):
            if content.library.published(answer_id) is None and BULLETINS_FILE not in content.kept:
                problem = f"{answer_id} is not published, so nobody is led there"
                yield content.files[BULLETINS_FILE].finding((bulletin.id, "answers", position), problem)


def _office_findings(content: LoadedContent) -> Iterator[Finding]:
    """A way to reach an office that nobody can look up."""
    for name, office in content.library.offices.items():
        if office.source is None and (
            office.phone or office.website or office.vi.address or office.en.address
        ):
            problem = "a phone, an address or a website needs a `source` that gives it"
            yield content.files[OFFICES_FILE].finding((name,), problem, is_error=False)
