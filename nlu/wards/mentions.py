"""Where places are named in a text, and which ones each name may stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlu.wards.spelling import Token, slips, words_of
from nlu.wards.table import FUZZY_LETTERS, Key, Level, Names, Place, slips_most

_WARDS, _DISTRICTS = ("phường", "xã", "thị trấn"), ("quận", "huyện", "thị xã", "thành phố")

_BEFORE = {
    ("phuong",): ("phường",), ("p",): ("phường",), ("f",): ("phường",),
    ("xa",): ("xã",), ("x",): ("xã",),
    ("thi", "tran"): ("thị trấn",), ("tt",): ("thị trấn",),
    ("quan",): ("quận",), ("q",): ("quận",),
    ("huyen",): ("huyện",), ("h",): ("huyện",),
    ("thi", "xa"): ("thị xã",), ("tx",): ("thị xã",),
    ("thanh", "pho"): ("thành phố",), ("tp",): ("thành phố",),
    ("tinh",): ("tỉnh",),
}  # fmt: skip
"""The word for a unit's type before its name, and the types that it means."""

_BEFORE_FIRST = frozenset(words[0] for words in _BEFORE)

_BEHIND = {
    "ward": ("phường",), "commune": ("xã",), "village": ("xã",), "town": ("thị trấn", "thị xã"),
    "township": ("thị trấn",), "district": ("quận", "huyện"), "city": ("thành phố", "thị xã"),
    "province": ("tỉnh",),
}  # fmt: skip
"""The English word for it, behind the name; before a number."""

_SHORT = frozenset({"p", "f", "x", "tt", "q", "h", "tx", "tp"})
"""Words for a type that mean something else where no known name follows."""

_NO_NAME = words_of("""
    nao gi ji j chi cu moi minh toi tui em anh co bac ong ba nha ben do day nay kia kie o va hay hoac voi thi
    la con khong ko hok hong duoc bi da dang se roi gio bay hien truoc sau khi luc may bao nhieu cua cho tren
    duoi trong ngoai tai ve den tu theo lan gan khac cung a z v vay ha ta nhi nhe the lam hoi noi nguoi dan
    cap ubnd cong an gom thuoc nhap sap xep that nhat que doi ten trung tam
""")
"""Words that follow a type and begin no name: "phường nào", "xã mới", "xã tôi"."""

NUMBER_MOST = 30
"""No ward had a higher number: "31 phường, 72 xã" counts them."""

UNTYPED_LETTERS = 8
UNTYPED_MOST = 24
"""Tokens of a text in which a name with a slip is looked for that has no word for a type."""

SYLLABLE = 3
"""Letters of a syllable that is no particle: "Trường Long Tây", but "Trường Long à"."""

TOO_MANY = 99
"""Slips of what is another name."""

_HAMLET = frozenset({"ap", "kv", "vuc", "khom", "hamlet", "duong", "hem", "street"})
"""Words before the name of a smaller place, or of a street, that may be called like a unit."""


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    first, end: its tokens, with the word for the type. types: what that word means. places: what the name may
    stand for; none if it is named with a type and not known.
    """

    first: int
    end: int
    places: tuple[Place, ...]
    types: tuple[str, ...] = ()

    @property
    def wards(self) -> tuple[Place, ...]:
        """The units that it may stand for, of today and of before."""
        return tuple(place for place in self.places if place.is_ward)

    def of_level(self, level: Level) -> tuple[Place, ...]:
        """The places of a level that it may stand for."""
        return tuple(place for place in self.places if place.level is level)


def mentions(said: Sequence[Token], names: Names) -> list[Mention]:
    """The names in a text, in order; none overlaps another."""
    found: list[Mention] = []
    at = 0
    while at < len(said):
        mention = _named(said, at, names) or _unknown(said, at, names)
        if mention:
            found.append(mention)
            at = mention.end
        else:
            at += 1
    found = [one for one in found if one.types or not one.first or said[one.first - 1].bare not in _HAMLET]
    if not any(mention.wards for mention in found):
        found = _add_untyped_with_slips(said, found, names)
    return found


def _named(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """The name that begins here: as it is written, unless one with a slip is longer by a syllable."""
    exact = _exact(said, at, names)
    if exact is None:
        return _with_slips(said, at, names)
    ends_in_number = said[exact.end - 1].number is not None
    if ends_in_number or exact.end == len(said) or len(said[exact.end].bare) < SYLLABLE:
        return exact
    near = _with_slips(said, at, names)
    return near if near and near.end > exact.end and len(said[near.end - 1].bare) >= SYLLABLE else exact


def _type_at(said: Sequence[Token], at: int) -> tuple[int, tuple[str, ...]]:
    """How many tokens a Vietnamese word for a type has here, and what it means; 0 if there is none."""
    for length in (2, 1) if at < len(said) and said[at].bare in _BEFORE_FIRST else ():
        part = tuple(token.bare for token in said[at : at + length])
        if part in _BEFORE and len(part) == length and _may_be_type(said[at]):
            return length, _BEFORE[part]
    return 0, ()


def _may_be_type(token: Token) -> bool:
    # With its own diacritics it is another word: "xà", "phương", "thì".
    return token.is_bare or token.spelled in {
        "phương\u0300", "xa\u0303", "thi\u0323", "quân\u0323", "huyên\u0323", "thanh\u0300", "tinh\u0309",
    }  # fmt: skip


def _exact(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """A name as it is written, from this token on. A word for a type before it wins over a name that begins
    with the same letters: "phuong binh thuy" is Bình Thủy, not Phương Bình."""
    length, types = _type_at(said, at)
    plain = _longest(said, at, names, types=())
    if plain and length and not said[at].is_bare:
        plain = None  # "phường Bình"
    typed = _longest(said, at + length, names, types) if length else None
    if typed and (plain is None or typed[0] > plain[0]):
        end, places = typed
        return Mention(at, end, _of_types(places, types), types)
    if plain:
        end, places = plain
        types = _BEHIND.get(said[end].bare, ()) if end < len(said) else ()
        return Mention(at, end + bool(types), _of_types(places, types), types)
    return _english_number(said, at, names)


def _longest(
    said: Sequence[Token], at: int, names: Names, types: tuple[str, ...]
) -> tuple[int, tuple[Place, ...]] | None:
    """The end of the longest name from this token on, and its places. A number is one behind a type only."""
    if types and at + 1 < len(said) and said[at].bare == "so":
        at += 1
    key = tuple(
        token.number if token.number and token.bare.isdigit() else token.bare
        for token in said[at : at + names.longest]
    )
    may_begin = key and (key[0] in names.first or key[0] in names.joined)
    for length in range(len(key), 0, -1) if may_begin else ():
        part = said[at : at + length]
        if places := _spelled_so(part, names, key[:length], is_typed=bool(types)):
            return at + length, places
    if at < len(said) and types:
        first = said[at]
        if first.number and first.is_bare and (places := _of_number(first, names, types)):
            return at + 1, places
        if types[0] in _DISTRICTS and first.bare in names.initials:  # "q.nk"
            return at + 1, tuple(names.initials[first.bare])
    return None


def _of_number(token: Token, names: Names, types: tuple[str, ...]) -> tuple[Place, ...]:
    """The units that are called by a number."""
    return tuple(place for place in names.places.get((token.number or "",), ()) if place.type in types)


def _spelled_so(part: Sequence[Token], names: Names, key: Key, *, is_typed: bool) -> tuple[Place, ...]:
    """The places whose names syllables may be that have the letters of one: with its diacritics, without any,
    or with one mark that is wrong, if the name is long or a word for its type stands before it."""
    if len(key) == 1:
        if key[0].isdigit():
            return ()
        key = names.joined.get(key[0], key)  # "caikhe"
    wrong = {place: slips(part, names.written[place.name]) for place in names.places.get(key, ())}
    least = min(wrong.values(), default=0)
    is_long = sum(len(token.bare) for token in part) >= FUZZY_LETTERS
    if least > 1 or (least == 1 and not is_typed and not is_long):
        return ()
    return tuple(place for place in wrong if wrong[place] == least)


def _english_number(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """ "ward 8", "Ward No. 8"."""
    types = _BEHIND.get(said[at].bare)
    number = at + 2 if at + 1 < len(said) and said[at + 1].bare == "no" else at + 1
    if not types or number >= len(said) or not _is_number(said[number]):
        return None
    return Mention(at, number + 1, _of_number(said[number], names, types), types)


def _is_number(token: Token) -> bool:
    """Whether it is a number, also a Roman one; not "I" and "V", which are other words, too."""
    return token.bare.isdigit() or (token.number is not None and token.is_bare and len(token.bare) > 1)


def _of_types(places: Sequence[Place], types: tuple[str, ...]) -> tuple[Place, ...]:
    """Those of the types that were written, else those of their level: people mix them up."""
    if not types:
        return tuple(places)
    same = tuple(place for place in places if place.type in types)
    level = _WARDS if types[0] in _WARDS else _DISTRICTS if types[0] in _DISTRICTS else types
    return same or tuple(place for place in places if place.type in level) or tuple(places)


def _with_slips(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """A name with a slip in it, behind a word for its type or before an English one."""
    length, types = _type_at(said, at)
    if length and _type_at(said, at + length)[0]:
        return None  # "phường quận huyện"
    if length:
        found = _nearest(said, at + length, names, types)
        return replace(found, first=at) if found else None
    for end in range(at + 1, min(len(said), at + names.longest + 1)):
        if end < len(said) and (types := _BEHIND.get(said[end].bare, ())):
            found = _nearest(said[:end], at, names, types)
            if found and found.end == end:
                return replace(found, end=end + 1)
            break
    return None


def nearest_in(
    said: Sequence[Token], mention: Mention, names: Names, districts: frozenset[str]
) -> Mention | None:
    """The unit of some districts, by their ids, whose name comes nearest to that of a mention."""
    first = mention.first + _type_at(said, mention.first)[0]
    found = _nearest(said, first, names, mention.types, districts)
    return replace(found, first=mention.first) if found else None


def _nearest(
    said: Sequence[Token],
    at: int,
    names: Names,
    types: tuple[str, ...],
    districts: frozenset[str] = frozenset(),
) -> Mention | None:
    """The name that comes nearest to what begins here, if it has few slips, is of a type that is meant, and
    lies in one of the districts, if there are any."""
    best: tuple[int, int, Mention] | None = None
    for end in range(min(len(said), at + names.longest + 1), at, -1):
        part = said[at:end]
        for key in names.near("".join(token.bare for token in part)):
            same = [
                place
                for place in names.places[key]
                if (not types or place.type in types) and (not districts or place.district in districts)
            ]
            counts = {place: _slips_in(part, names.written[place.name], key) for place in same}
            wrong = min(counts.values(), default=TOO_MANY)
            if wrong == TOO_MANY:
                continue
            places = tuple(place for place in same if counts[place] == wrong)
            if best is None or (wrong, -end) < best[:2]:
                best = (wrong, -end, Mention(at, end, places, types))
            elif (wrong, -end) == best[:2]:
                best = (*best[:2], replace(best[2], places=(*best[2].places, *places)))
    return best[2] if best else None


def _slips_in(part: Sequence[Token], name: Sequence[Token], key: Key) -> int:
    """How many slips a name has here; TOO_MANY, also if a number is another."""
    numbers = [token.number for token in part if token.bare.isdigit()]
    if numbers != [part for part in key if part.isdigit()]:
        return TOO_MANY
    wrong = slips(part, name)
    return wrong if wrong <= slips_most("".join(key)) else TOO_MANY


def _unknown(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """A unit with a word for its type that is none of the known ones: "phường An Cư"."""
    length, types = _type_at(said, at)
    word = "".join(token.bare for token in said[at : at + length])
    start = at + length
    if not length or word in _SHORT - {"p", "q"} or types == ("tỉnh",) or start >= len(said):
        return None
    first = said[start]
    if first.start > said[start - 1].end + 1:  # "ở xã, cán bộ"
        return None
    if first.bare.isdigit():
        return Mention(at, start + 1, (), types) if int(first.bare) <= NUMBER_MOST else None
    if word in _SHORT:
        return None
    end = start
    while (
        end < min(len(said), start + 3) and said[end].is_capital and not _begins_else(said, end, start, names)
    ):
        end += 1
    if end > start:
        return Mention(at, end, (), types)
    two = said[start : start + 2]
    is_name = len(two) == 2 and first.bare in names.first and not _type_at(said, start)[0]
    is_name = is_name and all(token.bare not in _NO_NAME or token.bare == "an" for token in two)
    return Mention(at, start + 2, (), types) if is_name else None


def _begins_else(said: Sequence[Token], at: int, start: int, names: Names) -> bool:
    """Whether a name that begins at `start` ends before this token: at a comma, a type or a known name."""
    if at == start:
        return bool(_type_at(said, at)[0])
    is_apart = said[at].start > said[at - 1].end + 1
    return is_apart or bool(_type_at(said, at)[0]) or _exact(said, at, names) is not None


def _add_untyped_with_slips(said: Sequence[Token], found: list[Mention], names: Names) -> list[Mention]:
    """Where no unit is named otherwise: long names with a slip, without a type."""
    taken = {place for mention in found for place in range(mention.first, mention.end)}
    at = 0
    while at < len(said) <= UNTYPED_MOST:
        # "đổi thành" is not Đại Thành, "thanh pho" not Thạnh Phú, "hợp đồng" not Hòa Đông.
        is_other = at in taken or said[at].bare in _NO_NAME or _type_at(said, at)[0]
        mention = None if is_other else _nearest(said[: _free(at, len(said), taken)], at, names, ())
        if mention and sum(len(token.bare) for token in said[at : mention.end]) >= UNTYPED_LETTERS:
            found = sorted([*found, mention], key=lambda one: one.first)
            at = mention.end
        else:
            at += 1
    return found


def _free(at: int, length: int, taken: set[int]) -> int:
    while at < length and at not in taken:
        at += 1
    return at
