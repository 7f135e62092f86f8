"""The numbers as one HTML file that needs nothing else, to be looked at."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.confidence import Bin, Point
from evaluation.goals import GOAL_CALIBRATION, GOAL_FIRST, GOAL_OUT_OF_SCOPE, GOAL_RASA_SECONDS
from evaluation.measure import Line, Measured, Section
from evaluation.outcomes import ReplyOutcome, got
from evaluation.statistics import percentile

HERE = Path(__file__).parent
STEP = 0.1
HIGHEST_FLOOR = 0.7
"""Where an axis begins at the latest, so that small differences do not look like large ones."""

CURVE_STEP = 0.02


@dataclass(frozen=True)
class Axis:
    """From a share to a place on a line of a length, in the drawing's units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, share: float) -> float:
        """Where a share is; one outside stays at the edge."""
        inside = min(max(share, self.low), self.high)
        place = self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)
        return round(place, 2)

    def ticks(self, step: float = STEP) -> list[float]:
        """The shares to be labelled, counted from the upper end."""
        count = math.floor((self.high - self.low) / step + 1e-6)
        return [round(self.high - number * step, 3) for number in range(count, -1, -1)]


@dataclass(frozen=True)
class Rows:
    """A section with the axis its rows are drawn on."""

    section: Section
    axis: Axis


def render(measured: Measured, now: datetime.datetime | None = None) -> str:
    """The report as HTML.

    now: when the bot was asked; the time of the call if left out.
    """
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["percent"] = lambda share, digits=1: f"{100 * share:.{digits}f}"
    curve_x = Axis(0.0, _curve_end(measured.operating), 44, 344)
    curve_y = Axis(_curve_floor(measured), 1.0, 244, 14)
    whole_x, whole_y = Axis(0.0, 1.0, 44, 344), Axis(0.0, 1.0, 244, 14)
    return templates.get_template("report.html").render(
        measured=measured,
        asked_on=(now or datetime.datetime.now(datetime.UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        tiles=list(_tiles(measured)),
        sections=[Rows(section, _axis(section.lines)) for section in measured.sections],
        outcomes=list(ReplyOutcome),
        curve_x=curve_x,
        curve_y=curve_y,
        curve_path=_path(measured.curve, curve_x, curve_y),
        curve_points=_thinned(measured.curve),
        goal_rightly=GOAL_FIRST,
        goal_wrongly=round(1 - GOAL_OUT_OF_SCOPE, 3),
        whole_x=whole_x,
        whole_y=whole_y,
        bins=measured.calibration.bins if measured.calibration else (),
        bin_path=_bin_path(measured.calibration.bins if measured.calibration else (), whole_x, whole_y),
        step=_step,
        got=got,
        milliseconds=lambda seconds, share: f"{1000 * percentile(seconds, share):.0f}",
        goal_milliseconds=f"{1000 * GOAL_RASA_SECONDS:.0f}",
    )


@dataclass(frozen=True)
class Tile:
    """One number to see at a glance."""

    name: str
    number: str
    unit: str
    detail: str
    goal: str
    reaches: bool


def _tiles(measured: Measured) -> Iterable[Tile]:
    for line in measured.headline:
        below, above = line.share.interval
        yield Tile(
            line.name,
            f"{100 * line.share.value:.1f}",
            "%",
            f"{100 * below:.1f} to {100 * above:.1f} · {line.share.right} of {line.share.of}",
            f"goal {100 * (line.goal or 0):.0f} %",
            bool(line.reaches),
        )
    if measured.calibration:
        error = measured.calibration.error
        yield Tile(
            "Expected calibration error",
            f"{error:.3f}",
            "",
            f"bins of equal width: {measured.calibration.equal_width:.3f}",
            f"goal {GOAL_CALIBRATION:.2f}",
            error <= GOAL_CALIBRATION,
        )
    if measured.times.rasa:
        middle = percentile(measured.times.rasa, 0.5)
        yield Tile(
            "Rasa's reply, one at a time",
            f"{1000 * middle:.0f}",
            "ms",
            f"half within this; 95 % within {1000 * percentile(measured.times.rasa, 0.95):.0f} ms",
            f"goal {1000 * GOAL_RASA_SECONDS:.0f} ms",
            middle <= GOAL_RASA_SECONDS,
        )


def _axis(lines: Sequence[Line]) -> Axis:
    lowest = min(line.share.interval[0] for line in lines)
    return Axis(max(0.0, min(HIGHEST_FLOOR, math.floor(lowest / STEP) * STEP)), 1.0, 0, 100)


def _step(axis: Axis) -> float:
    """Between the labels of an axis, so that they do not run into each other on a phone."""
    return STEP if axis.high - axis.low < 0.45 else 2 * STEP


def _curve_end(operating: Point) -> float:
    return min(1.0, max(0.2, math.ceil(operating.wrongly / STEP + 0.5) * STEP))


def _curve_floor(measured: Measured) -> float:
    return max(0.0, min(0.6, math.floor(measured.operating.rightly / STEP - 1) * STEP))


def _path(points: Sequence[Point], x: Axis, y: Axis) -> str:
    """A line of steps through those points that are within the axes."""
    seen = [point for point in points if point.rightly >= y.low and point.wrongly <= x.high]
    return "M" + " L".join(f"{x(point.wrongly)} {y(point.rightly)}" for point in seen) if seen else ""


def _bin_path(bins: Sequence[Bin], x: Axis, y: Axis) -> str:
    return "M" + " L".join(f"{x(one.confidence)} {y(one.share.value)}" for one in bins) if bins else ""


def _thinned(points: Sequence[Point]) -> list[Point]:
    """For each step of the wrongly answered, the best that can be had."""
    best: dict[int, Point] = {}
    for point in points:
        step = math.ceil(point.wrongly / CURVE_STEP - 1e-9)
        if step not in best or point.rightly > best[step].rightly:
            best[step] = point
    return [best[step] for step in sorted(best)]
