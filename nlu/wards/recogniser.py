"""Which wards and communes a message is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nlu.text.forms import fold
from nlu.wards.mentions import Mention, mentions, nearest_in
from nlu.wards.spelling import Token, tokens, words_of
from nlu.wards.table import Level, Names, Place

SUBJECTS_MOST = 3
"""Names in one message that are answered."""

IDS_MOST = 8

_MADE_OF = re.compile(
    r"\b(gom|gop tu|hop thanh tu|nhap tu|lap tu|hinh thanh tu|thanh lap tu|tu (nhung|may) (phuong|xa)"
    r"|made (up )?(of|from|out of)|make up|makes up|formed (of|from|by)|consists?|includes?|compris\w+"
    r"|which old|what old|old (units|wards|communes))\b"
)
"""Asks of which units one of today was made."""

_BEFORE = re.compile(
    r"\b(hoi do|hoi truoc|hoi xua|truoc day|truoc kia|truoc do|truoc thang|ngay xua|xua (la|kia)|ten cu"
    r"|before|used to be|formerly|former name|previously)\b"
)
_TODAY = re.compile(
    r"\b(gio|nay|hien|now|today|nowadays|currently|these days|after|doi thanh|thanh gi|nhap (vo|vao|ve))\b"
)

_BESIDE = words_of("""
    va con the thi sao roi vay nha o a ad oi and what about how or in is it then ward commune z v cu moi old
    new hay voi cho hoi ok da vang xin biet giup
""")
"""Words that ask nothing beside a name: "còn Thới Lai thì sao"."""

_STREET = re.compile(
    r"(?<!\w)(\d[\w/.-]*|số|so|đường|duong|đ\.|hẻm|hem|kiệt|ngõ|ấp|ap|tổ|khu|kv|khóm|khom|kdc|lô|thôn"
    r"|chung cư|chung cu|quốc lộ|ql|hamlet|house|no\.|area|lane|alley|road|street)(?!\w)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[:;!?\n(\"“]|\.\s|\b(?:ghi|is|says|la|là|ở|o|at|convert|chi|chỉ)\s")


@dataclass(frozen=True)
class Recognition:
    """What a message names.

    ids: the units, as in the lookup table, those that it most likely means first; empty if there is none.
    is_unknown: something with a word for a type is named that is not in the table.
    is_typed: a word for a type stands with a name. is_bare: nothing else stands in the message.
    spans: where the names stand in the text, with their types, in order.
    place: where an address begins in the text, where the unit in it does, and where that ends; None if no
        street, number or hamlet stands before the unit.
    """

    ids: tuple[str, ...] = ()
    is_unknown: bool = False
    is_typed: bool = False
    is_bare: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    place: tuple[int, int, int] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no unit is named, known or not."""
        return not self.ids and not self.is_unknown


def recognise(text: str, names: Names) -> Recognition:
    """What a text names."""
    said = tokens(text)
    found = mentions(said, names)
    subjects = _subjects(found)
    asked = fold(text)
    subjects = [_in_district(mention, found, said, names) for mention in subjects]
    ids = [place.id for mention in subjects for place in _meant(mention, said, asked)]
    unknown = [
        mention
        for mention in found
        if not mention.places and mention.types[0] in {"phường", "xã", "thị trấn"}
    ]
    is_unknown = bool(unknown) and all(_may_say_where(mention) for mention in subjects)
    if is_unknown:
        ids = [place.id for mention in found for place in mention.of_level(Level.DISTRICT)]
    about = [*subjects, *unknown]
    return Recognition(
        ids=tuple(dict.fromkeys(ids))[:IDS_MOST],
        is_unknown=is_unknown,
        is_typed=any(mention.types for mention in about),
        spans=tuple((said[one.first].start, said[one.end - 1].end) for one in found),
        is_bare=bool(about) and _is_bare(said, found),
        place=_address(text, said, found, subjects[0]) if subjects and not is_unknown else None,
    )


def _subjects(found: Sequence[Mention]) -> list[Mention]:
    """The names that are asked about: not those that only say where, or what a unit became."""
    known = [mention for mention in found if mention.places]
    subjects = [
        mention
        for mention in known
        if not _is_province(mention)
        and not any(_says_where(mention, other) for other in known if other is not mention)
    ]
    first = next((mention for mention in subjects if mention.wards), None)
    became = {code for place in first.wards for code in place.became} if first else set()
    return [
        mention
        for mention in subjects
        if mention is first or became.isdisjoint(place.id for place in mention.of_level(Level.NOW))
    ][:SUBJECTS_MOST]


def _is_province(mention: Mention) -> bool:
    """Whether a name is a province's; without a word for its type, so is that of a city called alike."""
    provinces = mention.of_level(Level.PROVINCE)
    return bool(provinces) and (not mention.types or len(provinces) == len(mention.places))


def _may_say_where(mention: Mention) -> bool:
    """Whether a name may be a district's or province's."""
    return any(not place.is_ward for place in mention.places)


def _says_where(mention: Mention, other: Mention) -> bool:
    """Whether a name is that of the district or province in which another one is looked for."""
    districts = {place.id for place in mention.of_level(Level.DISTRICT)}
    provinces = {place.name for place in mention.of_level(Level.PROVINCE)}
    if not districts and not provinces:
        return False
    is_typed_ward = mention.types and not (districts or provinces)
    if is_typed_ward or (not other.wards and other.places and not (provinces and not mention.wards)):
        return False
    lies_in = any(
        place.district in districts or place.province in provinces
        for place in other.places
        if place.level is Level.FORMER or (place.level is Level.DISTRICT and not districts)
    )
    if lies_in and mention.wards and not mention.types and _would_lie_in(other, mention):
        return mention.first > other.first  # "Châu Thành, Châu Thành"
    return lies_in


def _would_lie_in(mention: Mention, other: Mention) -> bool:
    districts = {place.id for place in mention.of_level(Level.DISTRICT)}
    return any(place.district in districts for place in other.of_level(Level.FORMER))


def _meant(mention: Mention, said: Sequence[Token], asked: str) -> Iterable[Place]:
    """Which of its places a name stands for, by what stands around it and what is asked."""
    former, now = mention.of_level(Level.FORMER), mention.of_level(Level.NOW)
    districts = mention.of_level(Level.DISTRICT)
    behind = said[mention.end].bare if mention.end < len(said) else ""
    before = said[mention.first - 1].bare if mention.first else ""
    if now and (behind == "moi" or before == "new"):
        return now
    if former and (behind == "cu" or before in {"old", "former"}):
        return former
    if now and (_MADE_OF.search(asked) or (_BEFORE.search(asked) and not _TODAY.search(asked))):
        return now
    if former:
        return (*former, *districts)
    return (*now, *districts)


def _in_district(mention: Mention, found: Sequence[Mention], said: Sequence[Token], names: Names) -> Mention:
    """The mention with those of its places that lie in the district, and in the province, that are named as
    well; if none does, with the one there that is called nearly so. A district with a word for its type goes
    before one without, which may be a province."""
    others = [other for other in found if other.first != mention.first]
    districts = [frozenset(place.id for place in other.of_level(Level.DISTRICT)) for other in others]
    typed = [some for some, other in zip(districts, others, strict=True) if some and other.types]
    provinces = {place.name for other in others for place in other.of_level(Level.PROVINCE)}
    inside = [place for place in mention.places if place.province in provinces]
    mention = replace(mention, places=tuple(inside) or mention.places)
    for some in typed or districts:
        if inside := [place for place in mention.places if place.district in some]:
            return replace(mention, places=tuple(inside))
    for some in typed:
        if mention.wards and (near := nearest_in(said, mention, names, some)):
            return near
    return mention


def _is_bare(said: Sequence[Token], found: Sequence[Mention]) -> bool:
    taken = {at for mention in found for at in range(mention.first, mention.end)}
    return all(token.bare in _BESIDE for at, token in enumerate(said) if at not in taken)


def _address(
    text: str, said: Sequence[Token], found: Sequence[Mention], subject: Mention
) -> tuple[int, int, int] | None:
    """Where an address stands in which the unit is one; None if it is not in one."""
    after = [mention for mention in found if mention.first >= subject.first]
    last = subject
    for mention in after[1:]:
        between = text[said[last.end - 1].end : said[mention.first].start]
        if not re.fullmatch(r"[\s,.()-]*", between):
            break
        last = mention
    unit, end = said[subject.first].start, said[last.end - 1].end
    clause = 0
    for match in _CLAUSE.finditer(text, 0, unit):
        clause = match.end()
    street = _STREET.search(text, clause, unit)
    if street:
        return street.start(), unit, end
    head = text[clause:unit]
    if re.search(r",\s*$", head) and len(head.split()) > 1 and head[:1].isupper():
        return clause, unit, end
    return None
