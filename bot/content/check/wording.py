"""What a reader stumbles on although it is no mistake of writing: the rules of the check that read sentences.

Each gives the key below the answer's file and what to do. They go by signs, so each is advice.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Mapping

from bot.content.check.laws import Law
from bot.content.schema import Answer, Office
from bot.content.yaml_file import KeyPath
from bot.domain.answer import TOPICS, Facet
from bot.domain.language import Language

Advice = Iterator[tuple[KeyPath, str]]

DIASPORA = TOPICS[2]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)|<https?://[^>]*>")
_ADDRESS = re.compile(
    r"https?://[^\s,;)]+|(?<![\w@./-])(?:(?=[a-z0-9-]*[a-z])[a-z0-9-]+\.)+(?:vn|com|org|net|info|edu|gov|asia|eu|int|io)\b"
    r"(?!@)(?:/[^\s,;)]*)?",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"\b(?:tên miền|đuôi|domain|ends? (?:in|with)|ending (?:in|with))\W*$", re.IGNORECASE)
"""What stands before an address that is not to be visited."""

# -- offices

_CITY = re.compile(r"^(?:Cần Thơ City )|\s*\(.*\)$| (?:thành phố|TP\.?) Cần Thơ$| of Cần Thơ City$")
_ASK = re.compile(
    r"\b(?:liên hệ|hỏi|gọi|báo|tới|đến|gửi|nộp|phản ánh|gặp"
    r"|contact|ask|call|tell|report to|go to|write to|send|apply|complain|see|visit)\b[^.,;:(]{0,25}$",
    re.IGNORECASE,
)
_A_WAY = re.compile(
    r"\d[\d .]{5,}\d|\]\(|@|https?://|\b\d+ [A-ZĐ]|\bsố \d|\b(?:quầy|counter)\b", re.IGNORECASE
)
_NO_WAY = re.compile(
    r"\bchưa (?:có|công bố|tìm thấy|thấy)|\bkhông có số"
    r"|\bno (?:phone|telephone|number|contact)|\bnot? published",
    re.IGNORECASE,
)

# -- days

_SAID_IN = re.compile(
    r"(?:hồi|tin|báo|thông tin|số liệu|dự thảo|công bố|kế hoạch|phương án|nghị quyết|quyết định|văn bản|"
    r"as of|news|reported|published|draft|plan|resolution|decision|said|version|option)[^.;,]{0,25}$",
    re.IGNORECASE,
)
"""Before the day of a piece of news or of a document, and not of what is to come."""

_SAYS = re.compile(
    r"\b(?:cho biết|nói|thông báo|trả lời|theo tin|theo báo|said|says|announced|reported|according to)\b",
    re.IGNORECASE,
)
_FUTURE = re.compile(
    r"\b(?:sẽ|dự kiến|sắp(?! xếp))\b"
    r"|\b(?:will|(?<!that )(?:is|are) (?:to|(?:expected|planned|scheduled|set|about) to|due))\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:chưa (?:thấy|rõ|có tin|biết)|không thấy tin|đã (?:được )?dự kiến|lẽ ra)\b"
    r"|\b(?:no news|no word|no report|not (?:been )?(?:seen|known|found))\b"
    r"|\bwas (?:to|due|planned|expected)\b|\bwere to\b",
    re.IGNORECASE,
)
"""The sentence says itself that the day has passed."""

_NAMES = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = re.compile(
    rf"(?<![\d/])(?:(?P<day>\d{{1,2}})/)?(?P<month>\d{{1,2}})/(?P<year>20\d\d)(?![\d/])"
    rf"|(?:(?P<day_en>\d{{1,2}}) )?\b(?P<month_en>{_NAMES}),? (?P<year_en>20\d\d)\b"
    r"|(?<!từ )(?<!from )\b(?:năm|in|by|end of|during) (?P<year_alone>20\d\d)\b",
    re.IGNORECASE,
)
_AT_THE_START = re.compile(
    r"\W*(?:(?:kể|từ|vào|đến|tới|trong|đầu|giữa|cuối|tháng|ngày|năm"
    r"|in|on|by|from|until|since|the|early|mid|late|end|of)[ -])*\W*",
    re.IGNORECASE,
)
"""Before a day that a sentence begins with: "Từ tháng 7/2026 cầu sẽ mở"."""

_RANGE = re.compile(r"\s*(?:-|–|đến|tới|to|until)\s*\w")

# -- abroad

_HOME_NUMBER = re.compile(
    r"(?<![\d+/.,])(?:\(0\d{2,3}\)|0\d{2,3})(?:[ .]?\d{2,4}){2,3}(?![\d/])|\b1[89]00[ .]?\d{4,6}\b"
)
_SHORT_NUMBER = re.compile(
    r"\b(?:gọi|số|báo|tổng đài|call|ring|dial|number|line|phone)\W{0,4}(?:\w+\W+){0,2}?"
    r"(?P<number>11[1-5]|1022|156)\b",
    re.IGNORECASE,
)
_AT_HOME = re.compile(
    r"trong nước|(?:ở|tại) Việt Nam|người nhà|(?:with|ins)?in(?:side)? Việt Nam|in the country", re.IGNORECASE
)
_CLOCK = re.compile(
    r"\b\d{1,2}[:hg]\d{2}\b|\b\d{1,2} ?(?:giờ|h) ?(?:sáng|chiều|tối)\b|\b\d{1,2} ?[ap]\.m\.",
    re.IGNORECASE,
)
_OF_VIETNAM = re.compile(r"giờ Việt Nam|Việt Nam time", re.IGNORECASE)


def advice(
    answer: Answer, offices: Mapping[str, Office], laws: Collection[Law], today: datetime.date
) -> Advice:
    """What to look at again in an answer."""
    without = _without_contact(offices)
    for language in Language:
        for key, text in texts(answer, language):
            place: KeyPath = (language.value, *key)
            rules = [
                _offices(text, key, without),
                _addresses(text, key),
                _passed(text, today),
                _laws(text, laws, today),
                _abroad(text, answer, language),
            ]
            for problem in (problem for rule in rules for problem in rule):
                yield place, problem


def texts(answer: Answer, language: Language) -> Iterator[tuple[KeyPath, str]]:
    """What people read of an answer, and where it stands below its language."""
    text = answer[language]
    yield ("title",), text.title
    if text.claim:
        yield ("claim",), text.claim
    yield ("answer",), text.answer
    for facet, stated in text.facets.items():
        yield ("facets", facet.value), stated


def sentences(text: str) -> list[str]:
    """The sentences of a text, its list items and its lines."""
    return [sentence for sentence in _SENTENCE.split(text) if sentence]


def _without_contact(offices: Mapping[str, Office]) -> dict[str, str]:
    """The names of the city's offices that nobody can reach, as texts write them: by name, the office."""
    found: dict[str, str] = {}
    for office_id, office in offices.items():
        has_way = office.phone or office.website or office.vi.address or office.en.address
        if has_way or "Cần Thơ" not in office.vi.name:
            continue
        for language in Language:
            found[_CITY.sub("", _CITY.sub("", office[language].name))] = office_id
    return found


def _offices(text: str, key: KeyPath, without: Mapping[str, str]) -> Iterator[str]:
    is_contact = key == ("facets", Facet.CONTACT.value)
    for sentence in [text] if is_contact else sentences(text):
        if _A_WAY.search(sentence) or _NO_WAY.search(sentence):
            continue
        for name, office_id in without.items():
            place = re.search(rf"\b{re.escape(name)}\b", sentence)
            if place and (is_contact or _ASK.search(sentence[: place.start()])):
                yield (
                    f"{name} has no phone, address or website in offices.yml ({office_id}): say how to "
                    f'reach it, or send people elsewhere: "{_shown(sentence)}"'
                )
                break


def _addresses(text: str, key: KeyPath) -> Iterator[str]:
    if key in (("title",), ("claim",)):  # shown without links
        return
    plain = _LINK.sub(lambda link: " " * len(link.group()), text)
    for match in _ADDRESS.finditer(plain):
        if _DOMAIN.search(plain[: match.start()]):
            continue
        address = match.group().rstrip(".,;:")
        target = address if address.startswith("http") else f"https://{address}"
        label = address.removeprefix("https://").removeprefix("http://")
        yield f"{address} is no link: write [{label}]({target})"


def _passed(text: str, today: datetime.date) -> Iterator[str]:
    for sentence in sentences(text):
        future = _FUTURE.search(sentence)
        if future is None or _OPEN.search(sentence) or _SAYS.search(sentence):
            continue
        for day in _DAY.finditer(sentence):
            before, after = sentence[: day.start()], sentence[day.end() :]
            is_of_it = day.start() > future.start() or _AT_THE_START.fullmatch(before)
            if not is_of_it or _SAID_IN.search(before) or _RANGE.match(after) or not _is_over(day, today):
                continue
            problem = f"{day.group()} has passed, and the sentence speaks of the future: say how it is now"
            yield f'{problem}: "{_shown(sentence)}"'
            break


def _is_over(day: re.Match[str], today: datetime.date) -> bool:
    if day["year_alone"]:
        return int(day["year_alone"]) < today.year
    month = int(day["month"] or 0) or _NAMES.split("|").index(day["month_en"].capitalize()) + 1
    year = int(day["year"] or day["year_en"])
    date = int(day["day"] or day["day_en"] or 31)
    return (year, month, date) < (today.year, today.month, today.day)


def _laws(text: str, laws: Collection[Law], today: datetime.date) -> Iterator[str]:
    for sentence in sentences(text):
        for law in laws:
            if problem := law.advice(sentence, text, today):
                yield f'{problem}: "{_shown(sentence)}"'


def _abroad(text: str, answer: Answer, language: Language) -> Iterator[str]:
    """For who reads it abroad: all of the diaspora's answers, and what is written in English."""
    is_diaspora = answer.topic == DIASPORA
    if not is_diaspora and language is not Language.EN:
        return
    digits = re.sub(r"[ .()]", "", text)
    for match in _HOME_NUMBER.finditer(text):
        number = re.sub(r"[ .()]", "", match.group())
        if number.startswith("1"):
            if "+84" not in digits and not _AT_HOME.search(text):
                yield f"{match.group()} cannot be dialled from abroad: give a number with +84 as well"
        elif f"+84{number.removeprefix('0')}" not in digits:
            abroad = re.sub(r"^\(?0", "+84 ", match.group()).replace(")", "")
            yield f"{match.group()} cannot be dialled from abroad: write {abroad} as well"
    for match in _SHORT_NUMBER.finditer(text):
        if "+84" not in digits and not _AT_HOME.search(text):
            yield (
                f"{match['number']} can be called in Việt Nam only: say so, "
                "and what to do from abroad (a number with +84)"
            )
            break
    if is_diaspora and (clock := _CLOCK.search(text)) and not _OF_VIETNAM.search(text):
        words = "giờ Việt Nam" if language is Language.VI else "Việt Nam time"
        yield f'{clock.group()}: say that it is "{words}"'


def _shown(sentence: str) -> str:
    """So much of a sentence that it is found again."""
    return sentence if len(sentence) <= 90 else f"{sentence[:90]}..."
