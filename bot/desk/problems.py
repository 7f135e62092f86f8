"""What is to be mended before an answer can go out, field by field, in phrases that the pages can say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.error import YAMLError

from bot.content.bulletins import Bulletin
from bot.content.fields import FIELDS, Value, flat, nested, typed
from bot.content.messages import Messages
from bot.content.schema import MARK, Answer, Office
from bot.content.ward_offices import WARDS, as_written
from bot.content.wards import WardOffice
from bot.content.writing import NotWritable
from bot.content.yaml_file import ContentError, Finding
from bot.desk.content_files import edited, findings_of
from bot.desk.editing import BULLETINS, MESSAGES, OFFICES, EditingDesk, Problem
from bot.domain.language import Language

NEEDED = (
    "office", "checked", "review_by", "sources",
    *(f"{language}.{name}" for language in Language for name in ("title", "answer", "questions")),
)  # fmt: skip
"""What every answer has."""

NEEDED_OF_CLAIMS = (
    "verdict", "clarified.by.vi", "clarified.by.en", "clarified.date", "vi.claim", "en.claim",
)  # fmt: skip
"""What a clarification has beside it."""

_KINDS = {
    "missing": "problem_missing",
    "string_too_short": "problem_missing",
    "too_short": "problem_missing",
    "string_too_long": "problem_too_long",
    "too_long": "problem_too_long",
    "date_from_datetime_parsing": "problem_date",
    "date_type": "problem_date",
    "date_parsing": "problem_date",
    "enum": "problem_choice",
    "extra_forbidden": "problem_unknown",
}
"""By pydantic's name of an error, the phrase that says it."""

_FINDINGS: tuple[tuple[str, str], ...] = (
    (r"the facts are due to be checked again", "finding_due"),
    (r"facts are checked again within a year.*", "finding_review_late"),
    (r"lies in the future", "finding_future"),
    (r"has no effect while the status is (?P<status>\w+);.*", "finding_no_effect"),
    (r"name two to four related answers", "finding_related_few"),
    (r"(?P<answer>\S+) is not published \(\w+\), so nobody is shown this link", "finding_related_hidden"),
    (r"an answer is not related to itself", "finding_related_self"),
    (r"there is no answer (?P<answer>\S+)", "finding_related_gone"),
    (r"an answer does not supersede itself, nor in a circle", "finding_circle"),
    (r"(?P<count>\d+) characters of .+ do not fit one card; at most (?P<limit>\d+)", "finding_card"),
    (r"(?P<count>\d+) characters do not fit one card; at most (?P<limit>\d+)", "finding_card"),
    (r"(?P<count>\d+) words; (?P<least>\d+) to (?P<most>\d+) read best", "finding_words"),
    (r"(?P<count>\d+) questions; the bot needs (?P<least>\d+) to learn from", "finding_questions_few"),
    (r"is the same text as in Vietnamese; translate it", "finding_untranslated"),
    (r"has no diacritics; .*", "finding_diacritics"),
    (r"(?P<numbers>.+) stands in Vietnamese, not here", "finding_number_vi"),
    (r"(?P<numbers>.+) stands in English, not here", "finding_number_en"),
    (r"(?P<text>.+) is not shown as it is written: .*", "finding_markup"),
    (r"the picture cannot be shown: (?P<why>.+)", "finding_picture"),
    (r"the name of a file in content/media/, .*", "problem_picture_name"),
    (r"has no word to learn from", "finding_no_word"),
    (r"is the same question as on line \d+", "finding_twice"),
    (r"the same question stands under (?P<answer>\S+) .*", "finding_same"),
    (r"nearly the same question stands under (?P<answer>\S+) .*", "finding_near"),
    (r"(?P<office>.+) has no phone, address or website in offices\.yml .*", "finding_office"),
    (r"(?P<address>\S+) is no link: write (?P<link>.+)", "finding_link"),
    (r"(?P<day>.+) has passed, and the sentence speaks of the future: .*", "finding_passed"),
    (r"(?P<law>.+?) was replaced.*", "finding_law_replaced"),
    (r"(?P<law>.+?) ended.*: say so, .*", "finding_law_ended"),
    (r"(?P<law>.+?) was overtaken.*", "finding_law_replaced"),
    (r"(?P<law>.+?) was amended.*", "finding_law_amended"),
    (r"(?P<number>.+) cannot be dialled from abroad: .*", "finding_abroad"),
    (r"(?P<number>\S+) can be called in Việt Nam only: .*", "finding_home_only"),
    (r'(?P<time>.+): say that it is "(?P<words>.+)"', "finding_clock"),
    (r"a phone, an address or a website needs a `source` that gives it", "finding_office_source"),
    (r"an address, a phone or a page needs a `source` that gives it", "finding_office_source"),
    (r"(?P<office>\S+) is not in offices\.yml", "finding_office_unknown"),
    (r"(?P<answer>\S+) is not published, so nobody is led there", "finding_bulletin_answer"),
    (rf"fill this in, in place of {MARK}", "finding_mark"),
    (r"what stands after # is not read; .*", "finding_cut"),
    (r"say since when, for people who ask: .*", "finding_withdrawn_undated"),
    (r"lies before `checked`", "problem_review_before_check"),
    (r"does not lie after `publish_at`", "problem_end_before_beginning"),
    (r"write a day and a time in Việt Nam: .*", "problem_moment"),
    (r"write a day \(.*", "problem_partial_date"),
    (r"write an address that begins with https://, .*", "problem_address"),
    (r"facets: 'source' needs no entry, .*", "problem_facet_source"),
    (r"verdict, clarified and claim belong to clarifications only", "problem_no_claim"),
    (r"an id is .*", "problem_id"),
    (r"(?P<language>vi|en): a brace is open or closed alone", "problem_brace"),
    (
        r"(?P<language>vi|en): (?P<brace>.+) is not filled in here; what is: (?P<known>.+)",
        "problem_placeholder",
    ),
    (r"does not lie after `from`", "problem_end_before_beginning"),
)  # fmt: skip
"""By what the check says: the phrase of the pages, with what the named groups hold."""

_COMPILED = [(re.compile(pattern, re.DOTALL), key) for pattern, key in _FINDINGS]


async def problems_of(desk: EditingDesk, name: str, value: Value) -> tuple[Problem, ...]:
    """What is wrong with a value as it would go out, errors first: what is missing, what does not fit, what
    the check of content/ advises. Takes a second."""
    value = as_published(name, value)
    live = await desk.live(name)
    found = unfinished(name, value)
    if name == OFFICES:
        gone = sorted((live.value or {}).keys() - value.keys())
        found += tuple(Problem(key, "problem_office_gone", "Answers may name this office.") for key in gone)
    if found:
        return found
    text = live.text or ""
    findings = await asyncio.to_thread(_findings, desk.directory, name, text, value, desk.today)
    return tuple(dict.fromkeys(findings))


def as_published(name: str, value: Value) -> Value:
    """The value of an answer with the status in which it goes out."""
    if "." not in name:
        return value
    fields = flat({**value, "status": "published"})
    if not fields.get("withdraw_at"):
        fields = {path: content for path, content in fields.items() if not path.startswith("withdrawn.")}
    return nested(fields)


def unfinished(name: str, value: Value) -> tuple[Problem, ...]:
    """What keeps a value from being what its file has to be, field by field; empty if nothing does."""
    if "." in name:
        found = [*_missing(name, value), *_not_in_both(value)]
        known = {problem.field for problem in found}
        found += _invalid(partial(Answer.model_validate, {**typed(value), "id": name}), known)
    elif name == OFFICES:
        found = [
            problem
            for key, office in value.items()
            for problem in _invalid(partial(Office.model_validate, typed(office)), set(), key)
        ]
    elif name == WARDS:
        found = [problem for code, office in value.items() for problem in _of_ward(code, office)]
    elif name == BULLETINS:
        found = [problem for key, entry in value.items() for problem in _of_bulletin(key, entry)]
    elif name == MESSAGES:
        found = list(_invalid(partial(Messages.model_validate, typed(value)), set()))
    return tuple(dict.fromkeys(found))


def _of_bulletin(key: str, entry: object) -> Iterator[Problem]:
    fields = dict(typed(entry)) if isinstance(entry, Mapping) else {}
    return _invalid(partial(Bulletin.model_validate, {**fields, "id": key}), set(), key)


def of_findings(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """What the check of content/ found in a file, in phrases of the pages."""
    return tuple(_of_finding(finding) for finding in findings)


def _findings(directory: Path, name: str, text: str, value: Value, today: date) -> tuple[Problem, ...]:
    try:
        written = edited(name, text, value)
    except (NotWritable, ContentError, YAMLError) as error:
        message = f"The file cannot be written: {error}."
        return (Problem("", "problem_not_written", message, (("problem", str(error)),)),)
    return of_findings(findings_of(directory, name, written, today))


def _missing(name: str, value: Mapping[str, object]) -> Iterator[Problem]:
    fields = flat(value)
    is_claim = name.startswith("clarification.")
    for path in (*NEEDED, *(NEEDED_OF_CLAIMS if is_claim else ())):
        content = fields.get(path)
        is_empty = not content.strip() if isinstance(content, str) else not content
        if is_empty:
            yield Problem(path, "problem_missing", "This is still to be filled in.")


def _not_in_both(value: Mapping[str, object]) -> Iterator[Problem]:
    fields = {path for path, content in flat(value).items() if str(content).strip()}
    for language in Language:
        for path in fields:
            twin = path.replace(f"{language.other}.facets.", f"{language}.facets.", 1)
            if path.startswith(f"{language.other}.facets.") and twin not in fields:
                yield Problem(twin, "problem_one_language", "This stands in the other language only.")


def _invalid(validate: Callable[[], object], known: set[str], above: str = "") -> Iterator[Problem]:
    """What the schema says; of fields of which something is said already, nothing more."""
    try:
        validate()
    except ValidationError as error:
        places = [detail["loc"] for detail in error.errors()]
        for detail in error.errors():
            place = detail["loc"]
            if any(other != place and other[: len(place)] == place for other in places):
                continue  # a list without its faulty item is too short; only the item is to be mended
            problem = _of_error(detail, above)
            follows = bool(known) and problem.field in {"vi", "en", ""}
            if not follows and not any(f"{field}.".startswith(f"{problem.field}.") for field in known):
                yield problem


def _of_ward(code: str, office: object) -> Iterator[Problem]:
    """What is wrong with the entry of a ward's office; of a point, one thing."""
    if not isinstance(office, Mapping) or not office:
        return
    at = f"{code}.map"
    for problem in _invalid(partial(WardOffice.model_validate, typed(as_written(office))), set(), code):
        is_point = f"{problem.field}.".startswith(f"{at}.")
        yield Problem(at, "problem_point", "This is no place in Cần Thơ.") if is_point else problem


def _of_error(detail: ErrorDetails, above: str) -> Problem:
    field = field_of(".".join(filter(None, [above, *(str(part) for part in detail["loc"])])))
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return _said(field, str(context.get("error", detail["msg"])), is_error=True)
    key = _KINDS.get(kind)
    if key is None:
        return Problem(field, "problem_other", detail["msg"], (("problem", detail["msg"]),))
    values = (("limit", str(context["max_length"])),) if "max_length" in context else ()
    return Problem(field, key, detail["msg"], values)


def _of_finding(finding: Finding) -> Problem:
    return _said(field_of(finding.key), finding.problem, is_error=finding.is_error)


def _said(field: str, message: str, *, is_error: bool) -> Problem:
    for pattern, key in _COMPILED:
        if match := pattern.fullmatch(message):
            return Problem(field, key, message, tuple(sorted(match.groupdict().items())), is_error)
    return Problem(field, "problem_other", message, (("problem", message),), is_error)


def field_of(key: str) -> str:
    """The field in which a key of the file lies: `sources` of `sources.0.title`."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        path = ".".join(parts[:length])
        if path in FIELDS:
            return path
    return key
