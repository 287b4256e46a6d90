"""The picture after a step: `f(trace, structure, step, covered)`, found by changing only what the steps between touch."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from tutor.protocol import TensorId
from tutor.trace.block_states import block_state
from tutor.trace.index import Index, index_of
from tutor.trace.item_states import Moment, box_state, circle_state, lane_state, moment
from tutor.trace.motion import motion
from tutor.trace.picture import (
    BlockState,
    BoxState,
    CircleState,
    ItemId,
    LaneId,
    LaneState,
    Picture,
    Shown,
    Structure,
)
from tutor.trace.shown import Covered, grad_covered, shown
from tutor.trace.stage import Stage, stage_of
from tutor.trace.touched import find_touched, touched_at
from tutor.trace.trace import Trace

_KEPT = 8
K = TypeVar("K")
S = TypeVar("S")


def picture(trace: Trace, structure: Structure, step: int, covered: Covered = frozenset()) -> Picture:
    """The state after `step` (-1: before the first). States that did not change are the same objects as before."""
    index = index_of(trace)
    last = _last_of(trace, index, structure)
    at = moment(trace, index, last.stage, step, covered)
    _update(last, at)
    seeds = _seeds(at)
    return Picture(
        structure=structure,
        step=step,
        boxes=last.boxes,
        circles=last.circles,
        lanes=last.lanes,
        motion=motion(at),
        callout=None,
        seeds=seeds,
        backward=at.backward.id if at.backward else None,
        blocks=last.blocks,
    )


def moment_of(trace: Trace, structure: Structure, step: int, covered: Covered) -> Moment:
    """The moment that a picture shows, for those who explain it."""
    index = index_of(trace)
    return moment(trace, index, _last_of(trace, index, structure).stage, step, covered)


@dataclass(slots=True)
class _Last:
    """The picture of a structure that was asked for last."""

    stage: Stage
    stamp: tuple[int, ...]
    step: int | None = None
    covered: Covered = frozenset()
    boxes: dict[ItemId, BoxState] = field(default_factory=dict)
    circles: dict[ItemId, CircleState] = field(default_factory=dict)
    lanes: dict[LaneId, LaneState] = field(default_factory=dict)
    blocks: dict[ItemId, BlockState] = field(default_factory=dict)


def _last_of(trace: Trace, index: Index, structure: Structure) -> _Last:
    kept = index.derived.setdefault("pictures", OrderedDict())
    assert isinstance(kept, OrderedDict)
    last = kept.get(id(structure))
    if last is None or last.stage.structure is not structure or last.stamp != index.stamp:
        last = _Last(stage_of(index, structure), index.stamp)
        find_touched(trace, index, last.stage)
        kept[id(structure)] = last
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    assert isinstance(last, _Last)
    return last


def _update(last: _Last, at: Moment) -> None:
    stage, before = last.stage, last.step
    if before is None or last.covered != at.covered:
        changed = None
    else:
        low, high = sorted((before, at.step))
        everything = stage.sweeps_between(low, high) or high - low > _drawn(stage.structure)
        changed = None if everything else _touched(at.index, stage, low, high)
    last.step, last.covered = at.step, at.covered
    if changed is None:
        last.boxes = _kept_same(last.boxes, {b.id: box_state(at, b) for b in stage.structure.boxes})
        last.circles = _kept_same(last.circles, {c.id: circle_state(at, c) for c in stage.structure.circles})
        last.lanes = _kept_same(last.lanes, {ln.id: lane_state(at, ln) for ln in stage.structure.lanes})
        last.blocks = _kept_same(
            last.blocks, {k: block_state(at, table) for k, table in stage.blocks.items()}
        )
    elif changed:
        _change(last, at, changed)


def _drawn(structure: Structure) -> int:
    return len(structure.boxes) + len(structure.circles) + len(structure.lanes) + len(structure.blocks)


def _touched(index: Index, stage: Stage, low: int, high: int) -> set[str]:
    """What the steps low+1 … high touch; the way back touches the same."""
    return {name for step in range(low + 1, high + 1) for name in touched_at(index, stage, step)}


def _change(last: _Last, at: Moment, changed: set[str]) -> None:
    stage = last.stage
    boxes, circles = dict(last.boxes), dict(last.circles)
    lanes, blocks = dict(last.lanes), dict(last.blocks)
    for name in changed:
        item, lane = ItemId(name), stage.lanes.get(LaneId(name))
        if lane is not None:
            lanes[lane.id] = lane_state(at, lane)
        elif item in stage.blocks:
            blocks[item] = block_state(at, stage.blocks[item])
        elif item in boxes:
            boxes[item] = box_state(at, stage.boxes[item])
        elif item in circles:
            circles[item] = circle_state(at, stage.circles[item])
    last.boxes, last.circles, last.lanes, last.blocks = boxes, circles, lanes, blocks


def _kept_same(old: dict[K, S], new: dict[K, S]) -> dict[K, S]:
    """The new states, but the old object wherever it is equal."""
    return {key: old[key] if key in old and old[key] == state else state for key, state in new.items()}


def _seeds(at: Moment) -> tuple[tuple[ItemId, Shown], ...]:
    """v, the gradients that the shown backward began with, and where each enters."""
    backward = at.backward
    if backward is None:
        return ()
    tensors = [*backward.root_tensors, *([None] * len(backward.gradients))]
    found: dict[ItemId, Shown] = {}
    for data, tensor in zip(backward.gradients, tensors, strict=False):
        item = _root_item(at, tensor)
        if item is not None:
            shape = at.index.shape_of(tensor) if tensor is not None else ()
            hidden = tensor is not None and grad_covered(tensor, at.index, at.covered)
            found.setdefault(item, shown(data, shape, hidden))
    return tuple(found.items())


def _root_item(at: Moment, tensor: TensorId | None) -> ItemId | None:
    """The root's box, or the circle of its node; the block in which it lies."""
    item = ItemId(f"t{tensor}")
    if item in at.stage.boxes:
        return at.stage.seen(item)
    roots = at.backward.roots if at.backward else []
    own = at.index.tensors[tensor].grad_fn if tensor is not None else None
    nodes = roots if own is None else (own, *roots)
    return next((at.stage.seen(at.stage.circle_of[n]) for n in nodes if n in at.stage.circle_of), None)
