"""What is seen within a step, as data: how much of each lane, which chips and names are on their way and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tutor.trace.picture import BlockState, BoxState, CircleState, ItemId, LaneId, LaneState, Shown

REST = 0.5
"""Where on a lane a gradient waits as a chip, seen from its source."""


@dataclass(frozen=True, slots=True)
class LaneFrame:
    """How much of a lane is there: the value lane from its source on, the return lane from its target on."""

    drawn: float = 1.0
    laid: float = 1.0
    solid: float = 1.0
    strong: bool = False
    gradient_chip: bool = True
    value_chip: bool = True


STILL = LaneFrame()


@dataclass(frozen=True, slots=True)
class Mover:
    """A filled chip on its way: `at` is its place on the lane, 0 at the source."""

    lane: LaneId
    gradient: bool
    at: float
    shown: Shown


@dataclass(frozen=True, slots=True)
class Drop:
    """What falls into a leaf's tray: out of its funnel, or off the end of the lane that brought it; `at` from 0 to 1."""

    item: ItemId
    lane: LaneId | None
    at: float
    shown: Shown


@dataclass(frozen=True, slots=True)
class Thread:
    """The way of a gradient from a ghost to its leaf; `at` from 0 to 1, the chip is seen between."""

    ghost: ItemId
    leaf: ItemId
    at: float
    shown: Shown | None


@dataclass(frozen=True, slots=True)
class Flight:
    """A name on its way from the box that had it to the one that gets it; `at` from 0 to 1."""

    name: str
    old: ItemId
    new: ItemId
    at: float


@dataclass(frozen=True, slots=True)
class Frame:
    """What differs from the still picture of the state after the step."""

    boxes: Mapping[ItemId, BoxState]
    circles: Mapping[ItemId, CircleState]
    lane_states: Mapping[LaneId, LaneState]
    lanes: Mapping[LaneId, LaneFrame] = field(default_factory=dict)
    movers: tuple[Mover, ...] = ()
    drop: Drop | None = None
    flights: tuple[Flight, ...] = ()
    threads: tuple[Thread, ...] = ()
    appearing: Mapping[ItemId, float] = field(default_factory=dict)
    working: ItemId | None = None
    outline: float = 1.0
    """How far the outline of the working item is filled, from the side where something came in."""
    glowing: frozenset[ItemId] = frozenset()
    callout: bool = True
    focus: frozenset[ItemId] | None = None
    """The items and lanes of the step; None: nothing is faded."""
    focus_lanes: frozenset[LaneId] = frozenset()
    blocks: Mapping[ItemId, BlockState] = field(default_factory=dict)
    backward: bool = False
    """Whether a gradient is what the step is about."""


def beat(progress: float, number: int) -> float:
    """How far the beat 0, 1 or 2 is over, 0 to 1, slow at both ends."""
    linear = min(max(progress * 3 - number, 0.0), 1.0)
    return linear * linear * (3 - 2 * linear)
