"""What the painted line of the timeline shows, and how what would lie on each other is told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tutor.views.ticks import round_distance

Kind = Literal["forward", "backward", "other"]

_APART = 26.0
"""Breaks that would be nearer to each other, in pixels, are one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps `first` to `end` (exclusive) of one kind; `label` stands above it, or `short` where there is less room."""

    first: int
    end: int
    kind: Kind
    label: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A step that stands for `count` iterations which are not here: the line is broken there."""

    step: int
    count: int


@dataclass(frozen=True, slots=True)
class Track:
    """What the line shows; stretches in order. `stops` are the author's flags, `marks` where a presenter's remote goes."""

    count: int = 0
    stretches: tuple[Stretch, ...] = ()
    marks: tuple[int, ...] = ()
    stops: frozenset[int] = frozenset()
    breaks: tuple[Break, ...] = ()
    turns: tuple[tuple[int, int], ...] = ()
    """(first step, number) of each iteration, where there are several."""
    word: str = ""
    """What stands before the first of their numbers."""


def thinned(turns: tuple[tuple[int, int], ...], room: float, apart: float) -> list[tuple[int, int]]:
    """The first, and those with round numbers that stand so many pixels apart at least, of a line `room` pixels long."""
    if not turns:
        return []
    every = round_distance((turns[-1][1] - turns[0][1] + 1) * apart / max(room, 1.0))
    return [turn for place, turn in enumerate(turns) if place == 0 or turn[1] % every == 0]


def gathered(
    breaks: tuple[Break, ...], x_of: Callable[[float], float]
) -> list[tuple[float, tuple[Break, ...]]]:
    """Where the line is broken, and what is left out there: breaks that would lie on each other are one."""
    found: list[tuple[float, tuple[Break, ...]]] = []
    for one in breaks:
        x = x_of(one.step - 0.5)
        if found and x - found[-1][0] < _APART:
            found[-1] = (found[-1][0], (*found[-1][1], one))
        else:
            found.append((x, (one,)))
    return found


def is_free(taken: list[tuple[float, float]], left: float, right: float) -> bool:
    """Whether a text from `left` to `right` keeps clear of those that are written already."""
    return all(right + 6 <= start or left >= end + 6 for start, end in taken)
