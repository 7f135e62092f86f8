"""The page of figures: what people ask in a month, as plots with their numbers in tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.desk import figures as month_figures
from bot.desk import open_figures, understood
from bot.desk.accounts import Account
from bot.desk.editing import EditingDesk
from bot.desk.figures import Figures, Table, month_named, rising
from bot.desk.understood import Learned
from bot.domain.clock import VIETNAM
from bot.domain.language import Language
from bot.editing import plots
from bot.editing.plots import PlotBar, grouped
from bot.editing.site import Site
from bot.editing.words import Words
from bot.rasa.client import Rasa, RasaUnavailable
from bot.rasa.status import KeptModel
from bot.storage import traffic

MOST = 12
"""Bars of a plot of answers; the table has as many."""

SATURDAY = 5

_TICKED_HOURS, _TICKED_DAYS = 6, 5


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of the page. head, rows: its table."""

    title: str
    help: str
    picture: Markup
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of the bot's database."""

    months: list[datetime.date]
    now: Figures
    before: Figures


class FiguresPage:
    """GET /figures: a month, the newest unless another one is named."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Its address."""
        return [Route("/figures", self._site.for_editors(self._page))]

    async def _page(self, request: Request, account: Account) -> Response:
        today = self._desk.today
        first = month_named(request.query_params.get("month", "")) or today.replace(day=1)

        def work(connection: Connection) -> _Read:
            before = (first - datetime.timedelta(days=1)).replace(day=1)
            return _Read(
                traffic.months(connection),
                month_figures.read(connection, first, today),
                month_figures.read(connection, before, today),
            )

        read = await self._desk.bot.read(work) if self._desk.bot else None
        learned = await understood.of_month(self._desk, first)
        drawing = _Drawing(self._desk, self._site.language_of(request, account))
        found = drawing.plots(read.now, read.before) if read and read.now.tables else []
        models = await self._models()
        more = [drawing.learned(learned), drawing.accuracy(models), *drawing.accuracy_by(models)]
        found += [plot for plot in more if plot]
        months = sorted({first, *(read.months if read else ())}, reverse=True)
        return self._site.draw(
            request, "figures.html", account, figures=read.now if read else None, plots=found,
            highlights=drawing.highlights(read.now) if read and read.now.messages else [],
            months=months, month=first, open_path="/figures/",
        )  # fmt: skip

    async def _models(self) -> list[KeptModel]:
        if self._desk.rasa is None:
            return []
        try:
            return await Rasa(self._desk.rasa).models()
        except RasaUnavailable:
            return []


STYLES = frozenset(
    {"plain", "no_diacritics", "chat", "typos", "slips", "mixed", "long", "story", "keyword", "side"}
)
"""How test questions are written, as the page tells them apart."""


class _Drawing:
    """Draws the plots of a month in a language."""

    def __init__(self, desk: EditingDesk, language: Language) -> None:
        self._library = desk.library()
        self._language = language
        self._t = Words(language)

    def highlights(self, figures: Figures) -> list[tuple[str, str]]:
        """The numbers that say most, each with what it counts."""
        t, outcome = self._t, figures.table("outcome")
        found = [(self._number(figures.messages), t("figures_messages"))]
        for key in ("answer", "offered", "not_found"):
            share = self._share(outcome.get(key), figures.messages)
            found.append((share, t("figures_answered" if key == "answer" else f"figures_{key}")))
        votes = [table.cells for table in figures.tables if table.name == "vote"]
        helpful, all_votes = (
            sum(cells[key] or 0 for cells in votes for key in keys if cells.get(key))
            for keys in (("helpful",), ("helpful", "unhelpful"))
        )
        if all_votes:
            found.append((self._share(helpful, all_votes), t("figures_helpful")))
        return found

    def plots(self, now: Figures, before: Figures) -> list[Plot]:
        """The plots of what people asked; those of which nothing is shown are left out."""
        t = self._t
        found = [
            self._columns(now, "day", t("figures_weekend")),
            self._columns(now, "hour", ""),
            *(self._bars(now, name) for name in ("outcome", "channel", "language")),
            *(self._bars(now, name, "answers") for name in ("topic", "asked")),
            self._most_asked(now),
            self._rising(now, before),
            self._votes(now),
            self._bars(now, "wait", "replies", t("figures_reply_wait")),
            self._bars(now, "wait", "taken_up", t("figures_answer_wait")),
        ]
        return [plot for plot in found if plot]

    def learned(self, publications: Sequence[Learned]) -> Plot | None:
        """How long it took from each publication until it was understood."""
        t = self._t
        slowest = sorted(
            publications, key=lambda one: -one.seconds if one.seconds is not None else -float("inf")
        )
        parts = [
            PlotBar(
                f"{_minute(one.at)} {self._title(one.name)}",
                None if one.seconds is None else round(one.seconds),
                t("figures_not_yet") if one.seconds is None else self._duration(one.seconds),
            )
            for one in slowest[:MOST]
        ]
        return self._plot(parts, t("figures_learned"), t("figures_learned_help"))

    def accuracy(self, models: Sequence[KeptModel]) -> Plot | None:
        """How much of its test questions each model gets right."""
        t = self._t
        parts = [
            PlotBar(
                f"{_minute(model.made_at)}{', ' + t('figures_live') if model.is_live else ''}",
                round(model.accuracy * 1000),
                f"{grouped(model.accuracy * 100, self._language, 1)} %",
                is_apart=not model.is_live,
            )
            for model in models
            if model.accuracy is not None
        ]
        return self._plot(parts, t("figures_accuracy"), t("figures_accuracy_help"))

    def accuracy_by(self, models: Sequence[KeptModel]) -> list[Plot | None]:
        """How much of its test questions the model that answers gets right, by topic and by style."""
        live = next((model.right_by for model in models if model.is_live), {})
        return [self._shares(by, live.get(by, {})) for by in ("topic", "style")]

    def _shares(self, by: str, counted: Mapping[str, tuple[int, int]]) -> Plot | None:
        sums: dict[str, tuple[int, int]] = {}
        for key, (right, asked) in counted.items():
            name = (
                self._library.messages.topic_name(key)[self._language] if by == "topic" else self._style(key)
            )
            before = sums.get(name, (0, 0))
            sums[name] = (before[0] + right, before[1] + asked)
        parts = [
            PlotBar(
                name,
                round(1000 * right / asked),
                f"{grouped(100 * right / asked, self._language, 1)} % ({right}/{asked})",
            )
            for name, (right, asked) in sorted(sums.items(), key=lambda one: one[1][0] / one[1][1])
        ]
        return self._plot(parts, self._t(f"figures_accuracy_by_{by}"), self._t("figures_accuracy_by_help"))

    def _style(self, style: str) -> str:
        """A style in words; what has none of its own is the others'."""
        return self._t(f"style_{style if style in STYLES else 'other'}")

    def _columns(self, figures: Figures, name: str, help_text: str) -> Plot | None:
        cells = figures.table(name)
        if not any(cells.values()):
            return None
        parts = [
            PlotBar(
                self._label(Table(name, "messages", cells), key), number, self._number(number),
                is_apart=name == "day" and figures.first.replace(day=int(key)).weekday() >= SATURDAY,
                tick=_tick(name, key),
            )
            for key, number in cells.items()
        ]  # fmt: skip
        title = open_figures.words()["tables"][name][self._language]
        picture = plots.columns(parts, title, self._described(parts), self._language)
        return Plot(title, help_text, picture, *self._table(parts, figures.messages))

    def _bars(self, figures: Figures, name: str, of: str = "messages", title: str = "") -> Plot | None:
        table = Table(name, of, figures.table(name, of))
        title = title or open_figures.words()["tables"][name][self._language]
        cells = table.cells
        if not any(cells.values()):
            return None
        all_of = figures.messages if table.of == "messages" else None
        all_of = all_of or sum(number or 0 for number in cells.values())
        ordered = cells.items() if table.name == "wait" else _largest_first(cells)
        parts = [
            PlotBar(self._label(table, key), number, self._with_share(number, all_of))
            for key, number in ordered
        ]
        picture = plots.bars(parts, title, self._described(parts))
        return Plot(title, "", picture, *self._table(parts, all_of))

    def _most_asked(self, figures: Figures) -> Plot | None:
        asked = figures.answers()
        all_of = sum(number or 0 for number in figures.table("topic", "answers").values()) or None
        parts = [
            PlotBar(self._title(name), number, self._with_share(number, all_of))
            for name, number in list(asked.items())[:MOST]
        ]
        return self._plot(parts, self._t("figures_most_asked"), "", all_of)

    def _rising(self, now: Figures, before: Figures) -> Plot | None:
        t = self._t
        parts = [
            PlotBar(
                self._title(name), round(times * 100),
                t("figures_times", times=grouped(times, self._language, 1)),
            )
            for name, times in rising(now, before)[:6]
            if times >= 1.1  # what is drawn as 1,0 does not rise
        ]  # fmt: skip
        return self._plot(parts, t("figures_rising"), t("figures_rising_help"))

    def _votes(self, figures: Figures) -> Plot | None:
        t = self._t
        votes = [
            (table.of, table.cells["helpful"] or 0, table.cells["unhelpful"] or 0)
            for table in figures.tables
            if table.name == "vote" and None not in table.cells.values()
        ]
        votes.sort(key=lambda one: one[1] / (one[1] + one[2]))
        parts = [
            PlotBar(
                self._title(name), helpful,
                t("figures_of_votes", helpful=self._number(helpful), unhelpful=self._number(unhelpful)),
                second=unhelpful,
            )
            for name, helpful, unhelpful in votes[:MOST]
        ]  # fmt: skip
        return self._plot(parts, t("figures_votes"), t("figures_votes_help"))

    def _plot(
        self, parts: Sequence[PlotBar], title: str, help_text: str, all_of: int | None = None
    ) -> Plot | None:
        if not parts:
            return None
        picture = plots.bars(parts, title, self._described(parts))
        return Plot(title, help_text, picture, *self._table(parts, all_of))

    def _table(
        self, parts: Iterable[PlotBar], all_of: int | None
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        t = self._t
        if all_of is None:
            return ("", t("figures_number")), [(part.label, part.said) for part in parts]
        head = ("", t("figures_number"), t("figures_share"))
        return head, [
            (part.label, self._number(part.number), self._share(part.number, all_of)) for part in parts
        ]

    def _described(self, parts: Sequence[PlotBar]) -> str:
        highest = max(parts, key=lambda part: (part.number or 0) + part.second)
        return self._t("figures_highest", label=highest.label, number=highest.said)

    def _label(self, table: Table, key: str) -> str:
        return open_figures.label(table, key, self._library, self._language)

    def _title(self, name: str) -> str:
        return open_figures.answer_title(name, self._library, self._language)

    def _number(self, number: int | None) -> str:
        return self._t("figures_left_out") if number is None else grouped(number, self._language)

    def _share(self, number: int | None, all_of: int | None) -> str:
        if number is None or not all_of:
            return "–"
        return f"{grouped(100 * number / all_of, self._language, 1)} %"

    def _with_share(self, number: int | None, all_of: int | None) -> str:
        said = self._number(number)
        return f"{said} ({self._share(number, all_of)})" if number and all_of else said

    def _duration(self, seconds: float) -> str:
        if seconds < 100:
            return self._t("figures_seconds", number=grouped(seconds, self._language))
        return self._t("figures_minutes", number=grouped(seconds / 60, self._language, 1))


def _minute(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m %H:%M}"


def _largest_first(cells: Mapping[str, int | None]) -> list[tuple[str, int | None]]:
    key: Callable[[tuple[str, int | None]], int] = lambda item: -1 if item[1] is None else item[1]  # noqa: E731
    return sorted(cells.items(), key=key, reverse=True)


def _tick(name: str, key: str) -> str:
    number = int(key)
    if name == "hour":
        return key if number % _TICKED_HOURS == 0 else ""
    return str(number) if number == 1 or number % _TICKED_DAYS == 0 else ""
