"""What became of a ward, a commune or a district, and of what one of today was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.cards.formatting import day, escape, partial_day
from bot.cards.menus import MENU_PAGE, answer_button
from bot.cards.ward_names import WardNames, capital, map_url
from bot.content.library import Library
from bot.content.messages import WardSentences
from bot.content.wards import FormerDistrict, FormerWard, Place, Ward, Wards
from bot.domain import payload
from bot.domain.answer import BothLanguages
from bot.domain.card import Button, Card
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan

LABEL_MOST = 60
"""Characters of a button's label; a title of an answer has as many at most."""


def ward_card(plan: Plan, library: Library) -> Card:
    """What is known of the places of a plan, which the table has.

    Raises:
        LookupError: there is no table.
    """
    if library.wards is None:
        raise LookupError("there is no table of wards: bot.answering.dialogue lets no such plan through")
    return _Writer(library, library.wards, plan).card()


@dataclass(frozen=True, slots=True)
class _Said:
    """What a card says of its places. now: those of today that it names; on_map: the one to show."""

    text: str
    now: tuple[Ward, ...] = ()
    buttons: tuple[Button, ...] = ()
    title: str | None = None
    on_map: Ward | None = None


class _Writer:
    """Writes one card, in one language."""

    def __init__(self, library: Library, wards: Wards, plan: Plan) -> None:
        self._library = library
        self._wards = wards
        self._plan = plan
        self._language: Language = plan.language
        self._sentences: WardSentences = library.messages.wards
        self._names = WardNames(self._sentences, plan.language)

    def card(self) -> Card:
        """The card, with the legal basis, the papers and the sources below what is said."""
        said = self._said()
        papers = self._library.published(self._wards.papers)
        parts = [self._address(), said.text, self._office(said.on_map), self._law()]
        is_about_papers = self._plan.reason is None
        if papers and is_about_papers:
            parts.append(self._say(self._sentences.papers))
        papers_button = [answer_button(papers, self._language)] if papers and is_about_papers else []
        labels = self._library.messages.labels
        other = Button(labels.switch_language[self._language], payload.for_language(self._language.other))
        return Card(
            kind=Kind.WARD,
            language=self._language,
            id=self._wards.answer,
            title=said.title or self._say(self._sentences.title),
            text="\n\n".join(part.strip() for part in parts if part),
            ids=tuple(ward.code for ward in said.now),
            sources=self._wards.sources,
            checked=self._wards.checked,
            map_url=map_url(said.on_map) if said.on_map else None,
            buttons=(*said.buttons, *papers_button, other),
        )

    def _say(self, sentence: BothLanguages, **filled: str) -> str:
        text = sentence[self._language]
        return text.format(**filled) if filled else text

    # What is said

    def _said(self) -> _Said:
        places = [place for place in map(self._wards.find, self._plan.ids) if place]
        if self._plan.reason == "not_in_table":
            return self._not_in_table(places)
        if self._plan.reason == "far_away":
            return _Said(f"{self._say(self._sentences.far_away)} {self._say(self._sentences.not_kept)}")
        if self._plan.reason == "nearest":
            return self._nearest(places)
        if len(places) > 1:
            return self._several(places)
        match places[0]:
            case Ward() as ward:
                return self._made_of(ward)
            case FormerWard() as former:
                return self._became(former)
            case FormerDistrict() as district:
                return self._district(district)

    def _became(self, former: FormerWard) -> _Said:
        now = self._wards.became[former.code]
        names = {
            "former": self._names.of(former),
            "place": self._names.around(former),
            "now": self._names.list_of(now),
        }
        first = now[0]
        if len(now) > 1:
            text = self._say(self._sentences.divided, **names)
        elif len(first.made_of) == 1:
            text = self._say(self._sentences.unchanged, **names)
        else:
            text = self._say(self._sentences.became, **names)
        buttons = tuple(self._button(ward, self._sentences.former_of) for ward in now)
        title = capital(f"{self._names.of(former)}, {self._names.of_district(former.district)}")
        on_map = first if len(now) == 1 else None
        return _Said(capital(text), now, buttons if len(first.made_of) > 1 else (), title, on_map)

    def _made_of(self, ward: Ward) -> _Said:
        rows = [
            f"- {self._names.of(former)}, {self._names.around(former)}"
            + (f" ({self._say(self._sentences.part)})" if former.part else "")
            for former in ward.made_of
        ]
        text = "\n".join([self._say(self._sentences.made_of, now=self._names.of(ward)), "", *rows])
        return _Said(capital(text), (ward,), title=capital(self._names.of(ward)), on_map=ward)

    def _several(self, places: list[Place]) -> _Said:
        rows = [f"- {self._row(place)}" for place in places]
        now = dict.fromkeys(ward for place in places for ward in self._now(place))
        buttons = tuple(self._button(place) for place in places)
        text = "\n".join([self._say(self._sentences.several), "", *rows])
        return _Said(text, tuple(now), buttons)

    def _row(self, place: Place) -> str:
        if isinstance(place, Ward):
            return self._say(self._sentences.still_there, now=capital(self._names.of(place)))
        name = f"{self._names.of(place)}, {self._names.around(place)}"
        return self._say(
            self._sentences.several_now, place=capital(name), now=self._names.list_of(self._now(place))
        )

    def _district(self, district: FormerDistrict) -> _Said:
        text = self._say(
            self._sentences.district,
            district=capital(self._names.of(district)),
            province=district.province,
            since=day(self._wards.since),
            now=self._names.list_of(district.now),
        )
        return _Said(text, district.now, tuple(self._page(district)), capital(self._names.of(district)))

    def _page(self, district: FormerDistrict) -> Iterable[Button]:
        """A button for each ward of one page, and the pages beside it; a page beyond the last is the last."""
        labels, last = self._library.messages.labels, -(-len(district.now) // MENU_PAGE)
        page = min(max(self._plan.page, 1), last)
        for ward in district.now[(page - 1) * MENU_PAGE : page * MENU_PAGE]:
            yield self._button(ward)
        if page < last:
            yield Button(labels.more[self._language], payload.for_ward(_id(district), page + 1))
        if page > 1:
            yield Button(labels.back[self._language], payload.for_ward(_id(district), page - 1))

    def _not_in_table(self, places: list[Place]) -> _Said:
        text = self._say(self._sentences.not_in_table, since=day(self._wards.since))
        return _Said(text, buttons=tuple(self._button(place) for place in places))

    def _nearest(self, places: list[Place]) -> _Said:
        first, *others = [ward for place in places for ward in self._now(place)]
        parts = [self._say(self._sentences.nearest, now=self._names.of(first))]
        if others:
            parts.append(self._say(self._sentences.nearby, now=self._names.list_of(others)))
        text = f"{' '.join(parts)}\n\n{self._say(self._sentences.not_kept)}"
        return _Said(text, (first, *others), tuple(self._button(ward) for ward in (first, *others)))

    # What stands around it

    def _address(self) -> str | None:
        """The address that was typed, and the same with the names of today below it; None without one, or
        where nobody can tell."""
        place = self._wards.find(self._plan.ids[0]) if len(self._plan.ids) == 1 else None
        if self._plan.address is None or not isinstance(place, FormerWard):
            return None
        now = self._wards.became[place.code]
        if len(now) > 1:
            return None
        before, typed = self._plan.address
        new = f"{escape(before)}{self._names.of(now[0])}, {self._say(self._sentences.city)}"
        return self._say(self._sentences.address, old=escape(before + typed), new=new)

    def _office(self, ward: Ward | None) -> str | None:
        """How to reach the ward's office, as far as that is known."""
        office = ward.office if ward else None
        if ward is None or office is None:
            return None
        labels = self._library.messages.labels
        ways = [
            (labels.address, office.address),
            (labels.phone, office.phone),
            (labels.website, office.page),
        ]
        return "\n".join(f"- {self._say(label)}: {value}" for label, value in ways if value)

    def _law(self) -> str | None:
        source = self._wards.sources[0]
        if self._plan.reason in {"nearest", "far_away"} or not (source.number and source.date):
            return None
        since = day(self._wards.since)
        return self._say(
            self._sentences.law, number=source.number, date=partial_day(source.date), since=since
        )

    # Names

    def _now(self, place: Place) -> tuple[Ward, ...]:
        match place:
            case Ward():
                return (place,)
            case FormerWard():
                return self._wards.became[place.code]
            case FormerDistrict():
                return place.now

    def _button(self, place: Place, label: BothLanguages | None = None) -> Button:
        name = self._names.of(place)
        if label:
            name = self._say(label, now=name)
        elif isinstance(place, FormerWard):
            name = f"{name}, {self._names.of_district(place.district)}"
        return Button(capital(name)[:LABEL_MOST], payload.for_ward(_id(place)))


def _id(place: Place) -> str:
    match place:
        case Ward():
            return place.code
        case FormerWard():
            return f"former:{place.code}"
        case FormerDistrict():
            return f"district:{place.id}"
