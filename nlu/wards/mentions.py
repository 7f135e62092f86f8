"""Where places are named in a text, and which ones each name may stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nlu.wards.spelling import Token, slips
from nlu.wards.table import Key, Level, Names, Place

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

_BEHIND = {
    "ward": ("phường",), "commune": ("xã",), "village": ("xã",), "town": ("thị trấn", "thị xã"),
    "township": ("thị trấn",), "district": ("quận", "huyện"), "city": ("thành phố", "thị xã"),
    "province": ("tỉnh",),
}  # fmt: skip
"""The English word for it, behind the name; before a number."""

_SHORT = frozenset({"p", "f", "x", "tt", "q", "h", "tx", "tp"})
"""Words for a type that mean something else where no known name follows."""

_NO_NAME = frozenset(
    "nao gi ji j chi cu moi minh toi tui em anh chi co bac ong ba nha ben do day nay kia kie o va hay hoac voi "
    "thi la co con khong ko hok hong duoc bi da dang se roi gio bay hien truoc sau khi luc may bao nhieu cua "
    "cho tren duoi trong ngoai tai ve den toi tu theo lan gan khac cung a z v vay ha ta nhi nhe the lam "
    "hoi noi nguoi dan cap hoi ubnd cong an gom thuoc nhap sap xep that nhat que doi ten trung tam".split()
)
"""Words that follow a type and begin no name: "phường nào", "xã mới", "xã tôi"."""

SLIPS_LETTERS = 12
"""From so many letters on a name may have two slips; below, one."""


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    first, end: its tokens, with the word for the type. places: what it may stand for; empty: what is named with
    a type is none of the known ones. types: what its word for the type means. is_exact: no slip in it.
    """

    first: int
    end: int
    places: tuple[Place, ...]
    types: tuple[str, ...] = ()
    is_exact: bool = True

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
        mention = _exact(said, at, names) or _with_slips(said, at, names) or _unknown(said, at)
        if mention:
            found.append(mention)
            at = mention.end
        else:
            at += 1
    if not any(mention.wards for mention in found):
        found = _add_untyped_with_slips(said, found, names)
    return found


def _type_at(said: Sequence[Token], at: int) -> tuple[int, tuple[str, ...]]:
    """How many tokens a Vietnamese word for a type has here, and what it means; 0 if there is none."""
    for length in (2, 1):
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
    if types and at < len(said) and (at + 1 == len(said) or True) and said[at].bare == "so":
        at += 1
    for end in range(min(len(said), at + names.longest), at, -1):
        part = said[at:end]
        key = tuple((token.number if token.bare.isdigit() else None) or token.bare for token in part)
        if len(key) == 1 and types and part[0].number:
            key = (part[0].number,)
        if len(key) == 1 and key[0].isdigit() and not types:
            continue
        if key in names.places and _is_spelled(part, names.written[key], is_typed=bool(types)):
            return end, tuple(names.places[key])
        if len(part) == 1 and key[0] in names.joined:  # "caikhe"
            return end, tuple(names.places[names.joined[key[0]]])
        if len(part) == 1 and set(types) & set(_DISTRICTS) and key[0] in names.initials:  # "q.nk"
            return end, tuple(place for place in names.initials[key[0]] if place.type in types) or None and ()
    return None


def _is_spelled(part: Sequence[Token], written: Sequence[tuple[Token, ...]], *, is_typed: bool) -> bool:
    """Whether syllables with the letters of a name may be that name: with its diacritics, without any, or
    with one mark that is wrong, if the name is long or a word for its type stands before it."""
    if all(token.number for token in part):
        return True
    wrong = min(slips(part, name) for name in written)
    letters = sum(len(token.bare) for token in part)
    return wrong == 0 or (wrong == 1 and (is_typed or letters >= SLIPS_LETTERS // 2))


def _english_number(said: Sequence[Token], at: int, names: Names) -> Mention | None:
    """ "ward 8", "Ward No. 8"."""
    types = _BEHIND.get(said[at].bare)
    number = at + 2 if at + 1 < len(said) and said[at + 1].bare == "no" else at + 1
    if not types or number >= len(said) or not said[number].bare.isdigit():
        return None
    places = names.places.get((str(said[number].number),), [])
    return Mention(at, number + 1, _of_types(places, types), types)


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


def _nearest(said: Sequence[Token], at: int, names: Names, types: tuple[str, ...]) -> Mention | None:
    """The name that comes nearest to what begins here, if it has few slips and is of a type that is meant."""
    best: tuple[int, int, Mention] | None = None
    for end in range(min(len(said), at + names.longest + 1), at, -1):
        part = said[at:end]
        word = "".join(token.number if token.bare.isdigit() and token.number else token.bare for token in part)
        for joined, _, _ in process.extract(
            word, names.joined.keys(), scorer=OSA.distance, score_cutoff=2, limit=4
        ):
            key = names.joined[joined]
            wrong = _slips_in(part, names, key)
            places = tuple(place for place in names.places[key] if not types or place.type in types)
            if wrong is None or not places:
                continue
            if best is None or (wrong, -end) < best[:2]:
                best = (wrong, -end, Mention(at, end, places, types, is_exact=False))
            elif (wrong, -end) == best[:2]:
                best = (*best[:2], replace(best[2], places=(*best[2].places, *places)))
    return best[2] if best else None


def _slips_in(part: Sequence[Token], names: Names, key: Key) -> int | None:
    """How many slips a name has here; None if they are too many, or a number is another."""
    numbers = [token.number for token in part if token.bare.isdigit()]
    if numbers != [part for part in key if part.isdigit()]:
        return None
    most = 2 if sum(map(len, key)) >= SLIPS_LETTERS else 1
    wrong = min(slips(part, name) for name in names.written[key])
    return wrong if wrong <= most else None


def _unknown(said: Sequence[Token], at: int) -> Mention | None:
    """A unit with a word for its type that is none of the known ones: "phường An Cư"."""
    length, types = _type_at(said, at)
    word = "".join(token.bare for token in said[at : at + length])
    start = at + length
    if not length or word in _SHORT - {"p", "q"} or types == ("tỉnh",) or start >= len(said):
        return None
    first = said[start]
    if first.bare.isdigit():
        return Mention(at, start + 1, (), types)
    end = start
    while end < min(len(said), start + 3) and said[end].is_capital and not _type_at(said, end)[0]:
        end += 1
    if end > start:
        return Mention(at, end, (), types) if word not in _SHORT else None
    is_name = first.bare not in _NO_NAME and start + 1 < len(said) and word not in _SHORT
    is_name = is_name and said[start + 1].bare not in _NO_NAME
    return Mention(at, start + 2, (), types) if is_name else None


def _add_untyped_with_slips(said: Sequence[Token], found: list[Mention], names: Names) -> list[Mention]:
    """Where no unit is named otherwise: names of two syllables and more with a slip, without a type."""
    taken = {place for mention in found for place in range(mention.first, mention.end)}
    at = 0
    while at < min(len(said), UNTYPED_MOST):
        mention = None if at in taken else _nearest(said[: _free(at, len(said), taken)], at, names, ())
        if mention and mention.end - mention.first > 1:
            found = sorted([*found, mention], key=lambda one: one.first)
            at = mention.end
        else:
            at += 1
    return found


UNTYPED_MOST = 40
"""Tokens of a text in which that is looked for."""


def _free(at: int, length: int, taken: set[int]) -> int:
    while at < length and at not in taken:
        at += 1
    return at
