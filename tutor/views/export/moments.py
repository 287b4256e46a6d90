"""When in an animation what is seen: each step's three beats at the player's pace, its end held. Without Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tutor.session.player import SECONDS_A_STEP
from tutor.views.export.request import Stretch

HELD = 0.7
"""Seconds that a step's end state stays, at speed 1: long enough to read its callout."""
OPENING = 0.5
ENDING = 2.0
"""Seconds before the first and after the last step, whatever the speed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is seen for so many frames."""

    step: int
    progress: float
    frames: int


def moments(stretch: Stretch) -> Iterator[Moment]:
    """In order. A step of which only the end is seen, at a high speed, has one frame."""
    moving = round(SECONDS_A_STEP / stretch.speed * stretch.fps)
    held = max(round(HELD / stretch.speed * stretch.fps), 1)
    yield Moment(stretch.first, 0.0, max(round(OPENING * stretch.fps), 1))
    for step in range(stretch.first, stretch.last + 1):
        yield from (Moment(step, number / moving, 1) for number in range(1, moving))
        last = step == stretch.last
        yield Moment(step, 1.0, max(round(ENDING * stretch.fps), 1) if last else held)


def frame_count(stretch: Stretch) -> int:
    steps = stretch.last - stretch.first + 1
    moving = max(round(SECONDS_A_STEP / stretch.speed * stretch.fps) - 1, 0)
    held = max(round(HELD / stretch.speed * stretch.fps), 1)
    ends = max(round(OPENING * stretch.fps), 1) + max(round(ENDING * stretch.fps), 1)
    return ends + steps * moving + (steps - 1) * held


def seconds(stretch: Stretch) -> float:
    """How long the animation lasts."""
    return frame_count(stretch) / stretch.fps
