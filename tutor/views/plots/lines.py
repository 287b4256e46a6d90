"""What a chart draws: curves of the run as lines with a colour and a dash each, told apart in grey too."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import Qt

from tutor.trace.curves import Curve, Point
from tutor.trace.values import cell
from tutor.views.theme import Palette, mix

FEW = 6
"""So many lines can be told apart; the others are drawn on request."""

_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
_AMBER = "#e69f00"


@dataclass(frozen=True, slots=True)
class Line:
    """A curve and how it looks; `place` is its number among those shown, which gives it its look."""

    curve: Curve
    place: int
    color: str
    dash: Qt.PenStyle

    @property
    def numbers(self) -> list[int]:
        return [point.number for point in self.curve.points]

    def heights(self, *, log: bool) -> list[float]:
        """NaN where there is nothing to draw: what is no finite number, and on a logarithmic scale zero and less."""
        return [_height(point.value, log=log) for point in self.curve.points]

    def goes_on(self, gaps: Sequence[int]) -> list[bool]:
        """Whether the line goes on from each point to the next: not where backwards between them were left out."""
        numbers = self.numbers
        joined = [bisect_left(gaps, here) == bisect_left(gaps, there) for here, there in pairwise(numbers)]
        return [*joined, False] if numbers else []

    def broken(self) -> list[int]:
        """The backwards after which it was NaN or infinite."""
        return [point.number for point in self.curve.points if not math.isfinite(point.value)]

    def point_at(self, number: float) -> Point | None:
        """The newest point that is not after this place of the axis."""
        at = bisect_right(self.curve.points, number, key=lambda point: point.number)
        return self.curve.points[at - 1] if at else None


def loss_lines(curves: Sequence[Curve], palette: Palette) -> tuple[Line, ...]:
    shades = (palette.value, mix(palette.value, palette.ink, 0.5), mix(palette.value, palette.ground, 0.35))
    return tuple(_line(curve, place, shades) for place, curve in enumerate(curves))


def norm_lines(curves: Sequence[Curve], palette: Palette, *, every: bool) -> tuple[Line, ...]:
    """Those with the largest gradients, each with a look of its own, or every one."""
    shades = (palette.gradient, mix(palette.gradient, palette.ink, 0.6), _AMBER)
    places = range(len(curves))
    if not every and len(curves) > FEW:
        places_by_size = sorted(places, key=lambda at: (not curves[at].covered, -curves[at].peak))
        shown = sorted(places_by_size[:FEW])
    else:
        shown = list(places)
    return tuple(_line(curves[at], place, shades) for place, at in enumerate(shown))


def value_text(line: Line, number: float) -> str:
    """What it was after the backward at this place of the axis; "?" where it is covered, "" where it was nothing yet."""
    if line.curve.covered:
        return "?"
    point = line.point_at(number)
    if point is None:
        return ""
    text = cell("nan" if math.isnan(point.value) else point.value)
    return f"≈ {text}" if point.sampled else text


def _line(curve: Curve, place: int, shades: Sequence[str]) -> Line:
    dash = _DASHES[(place // len(shades)) % len(_DASHES)]
    return Line(curve, place, shades[place % len(shades)], dash)


def _height(value: float, *, log: bool) -> float:
    if not math.isfinite(value):
        return math.nan
    if log:
        return math.log10(value) if value > 0 else math.nan
    return value
