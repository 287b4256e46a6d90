"""One step as three beats, without Qt: receives, multiplies, passes on. `frame(before, after, progress)` says what is seen.

Before its beat a thing shows the state before the step, after it the state after; what travels in between is a `Mover`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from tutor.trace.beats import CHANGING, LANDING, PASSING
from tutor.trace.picture import (
    BoxState,
    CircleState,
    GradRow,
    ItemId,
    Lane,
    LaneId,
    Motion,
    Picture,
    Shown,
    TabState,
)
from tutor.views.graph.block_motion import blocks_at
from tutor.views.graph.frames import REST, STILL, Drop, Flight, Frame, LaneFrame, Mover, Thread, beat
from tutor.views.graph.lookup import lookup

__all__ = ["STILL", "Drop", "Flight", "Frame", "LaneFrame", "Mover", "Thread", "beat", "frame"]

_OFF_THE_LANE = 0.6
_TO_GHOST = 0.5
"""When in the third beat a gradient has reached a ghost; in the rest of it it flies home."""


def frame(before: Picture | None, after: Picture, progress: float) -> Frame:
    """What is seen at this progress of the step that led from `before` to `after`; at 1 it is exactly `after`."""
    if before is None or progress >= 1.0:
        return _still(after)
    seen = replace(_moving(before, after, progress), blocks=blocks_at(before, after, progress))
    return _flying(before, seen, after.motion, progress) if after.motion.renames else seen


def _moving(before: Picture, after: Picture, progress: float) -> Frame:
    motion = after.motion
    still = _still(after)
    match motion.kind:
        case "none":
            return still
        case "forward":
            return _forward(before, after, still, progress)
        case "backward":
            return _backward(before, after, still, progress)
        case "accumulate":
            return _accumulate(before, after, still, progress)
        case "change" | "error":
            return _change(before, after, still, progress)
        case _:
            assert_never(motion.kind)


def _still(after: Picture) -> Frame:
    motion = after.motion
    strong = {lane: LaneFrame(strong=True) for lane in _strong_lanes(motion)}
    glowing = frozenset(after.callout.glows) if after.callout else frozenset()
    items, lanes = _focus(after)
    return Frame(
        after.boxes,
        after.circles,
        after.lanes,
        threads=threads_of(after, 1.0),
        lanes=strong,
        working=motion.item if motion.kind != "none" else None,
        glowing=glowing | (frozenset(motion.boxes) if motion.kind == "change" else frozenset()),
        focus=items,
        focus_lanes=lanes,
        blocks=after.blocks,
        backward=motion.kind in ("backward", "accumulate"),
    )


def _strong_lanes(motion: Motion) -> tuple[LaneId, ...]:
    return (
        motion.passes if motion.kind == "backward" else motion.receives if motion.kind == "accumulate" else ()
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """The structure's lanes by name."""

    by_id: Mapping[LaneId, Lane]

    def items(self, lanes: Iterable[LaneId]) -> set[ItemId]:
        known = [self.by_id[lane] for lane in lanes if lane in self.by_id]
        return {lane.source for lane in known} | {lane.target for lane in known}


def _focus(after: Picture) -> tuple[frozenset[ItemId] | None, frozenset[LaneId]]:
    """The items and lanes of the step; None where it has none."""
    motion = after.motion
    if motion.kind == "none":
        return None, frozenset()
    lanes = (*motion.receives, *motion.passes)
    items = _Ends(lookup(after.structure).lanes).items(lanes) | set(motion.boxes)
    if motion.item is not None:
        items.add(motion.item)
    if after.callout is not None:
        items |= {after.callout.item, *after.callout.glows}
    items |= {*motion.makes, *motion.breaks, *(i for name in motion.renames for i in (name.old, name.new))}
    return frozenset(items) or None, frozenset((*lanes, *motion.lays))


def _forward(before: Picture, after: Picture, still: Frame, progress: float) -> Frame:
    """Values run to the circle, the circle works, its output fades in; the return lanes are laid meanwhile."""
    motion = after.motion
    arrive, work, leave = (beat(progress, number) for number in range(3))
    boxes = dict(after.boxes)
    appearing: dict[ItemId, float] = {}
    for item in motion.boxes:
        if _new_box(before, item):
            appearing[item] = leave
        elif progress < PASSING and item in before.boxes:
            boxes[item] = before.boxes[item]
    fresh = [item for item in _sources(after, motion.receives) if _new_box(before, item)]
    if motion.item is not None and not _had_circle(before, motion.item):
        fresh.append(motion.item)
    appearing |= dict.fromkeys(fresh, max(arrive, 0.15))
    lanes = {
        lane: LaneFrame(arrive, work, 0.0, value_chip=True)
        for lane in motion.receives
        if not _had_lane(before, lane)
    }
    lanes |= {lane: LaneFrame(leave, leave, 0.0, value_chip=leave >= 1.0) for lane in motion.passes}
    movers = [*_values(after, motion.receives, arrive), *_values(after, motion.passes, leave)]
    return replace(
        still,
        boxes=boxes,
        circles=_unbroken(before, _without_result(after, motion.item), motion)
        if progress < PASSING
        else after.circles,
        lanes={**still.lanes, **lanes},
        movers=tuple(movers),
        appearing=appearing,
        outline=arrive,
        callout=progress >= LANDING,
    )


def _backward(before: Picture, after: Picture, still: Frame, progress: float) -> Frame:
    """A gradient docks, is multiplied, and the products leave together; lanes turn solid behind them."""
    motion = after.motion
    arrive, _work, leave = (beat(progress, number) for number in range(3))
    ends = _Ends(lookup(after.structure).lanes)
    sources = {ends.by_id[lane].source for lane in motion.passes if lane in ends.by_id} | set(motion.boxes)
    boxes = {**after.boxes, **{item: before.boxes[item] for item in sources if item in before.boxes}}
    circles = {
        **after.circles,
        **{
            item: before.circles[item]
            for item in sources
            if item in before.circles and item in after.circles and item != motion.item
        },
    }
    if motion.item in before.circles and motion.item in circles:
        circles[motion.item] = pulled(before.circles[motion.item], circles[motion.item], progress)
    lanes = {lane: LaneFrame(solid=leave, strong=True, gradient_chip=False) for lane in motion.passes}
    lanes |= _laying(motion, leave)
    threads = threads_of(after, leave)
    ghosts = {thread.ghost for thread in threads}
    early = [lane for lane in motion.passes if lane in ends.by_id and ends.by_id[lane].source in ghosts]
    movers = [
        *_waiting(after, motion.receives, arrive),
        *_gradients(after, [lane for lane in motion.passes if lane not in early], leave),
        *_gradients(after, early, leave / _TO_GHOST),
    ]
    return replace(
        still,
        threads=threads,
        boxes=boxes,
        circles=circles,
        lanes={**still.lanes, **lanes},
        movers=tuple(movers),
        appearing=dict.fromkeys(motion.makes, leave),
        outline=arrive,
        callout=progress >= LANDING,
        glowing=still.glowing if progress >= LANDING else frozenset(),
    )


def _accumulate(before: Picture, after: Picture, still: Frame, progress: float) -> Frame:
    """The pulse lands in the tray, the tray adds, and only then the `.grad` row changes."""
    motion = after.motion
    boxes = dict(after.boxes)
    for item in (motion.item, *motion.boxes):
        if item is not None and item in after.boxes and item in before.boxes:
            boxes[item] = _landing(before.boxes[item], after.boxes[item], progress)
    movers, drop = _falling(after, beat(progress, 0))
    return replace(
        still,
        boxes=boxes,
        lanes={**still.lanes, **_laying(motion, beat(progress, 2))},
        movers=movers,
        drop=drop,
        appearing=dict.fromkeys(motion.makes, beat(progress, 2)),
        outline=beat(progress, 0),
        callout=progress >= LANDING,
    )


def threads_of(after: Picture, leave: float) -> tuple[Thread, ...]:
    """Gradients that have reached a ghost fly on to its leaf."""
    motion = after.motion
    lanes = _strong_lanes(motion)
    tables = lookup(after.structure)
    leaf_of = tables.homes if lanes else {}
    if not leaf_of:
        return ()
    found = []
    share = min(max((leave - _TO_GHOST) / (1.0 - _TO_GHOST), 0.0), 1.0)
    for lane in (tables.lanes[lane] for lane in lanes if lane in tables.lanes):
        leaf = leaf_of.get(lane.source)
        state = after.lanes.get(lane.id)
        if leaf is not None and state is not None and state.gradient is not None:
            found.append(Thread(lane.source, leaf, share, state.gradient))
    return tuple(found)


def _laying(motion: Motion, t: float) -> dict[LaneId, LaneFrame]:
    """The lanes of a gradient's own graph grow with what the step makes."""
    return {lane: LaneFrame(t, t, 0.0, value_chip=t >= 1.0) for lane in motion.lays}


def _falling(after: Picture, t: float) -> tuple[tuple[Mover, ...], Drop | None]:
    """A sum drops out of the funnel; a single gradient runs to the end of its lane and drops from there."""
    motion = after.motion
    state = after.boxes.get(motion.item) if motion.item is not None else None
    if motion.item is None or state is None or not 0.0 < t < 1.0:
        return (), None
    funnel, tray = state.funnel, state.tray
    if funnel is not None and funnel.awaited > 1:
        total = funnel.total or (tray.incoming if tray else None)
        return (), None if total is None else Drop(motion.item, None, t, total)
    if t < _OFF_THE_LANE or tray is None or tray.incoming is None or not motion.receives:
        return tuple(_waiting(after, motion.receives, t / _OFF_THE_LANE)), None
    share = (t - _OFF_THE_LANE) / (1.0 - _OFF_THE_LANE)
    return (), Drop(motion.item, motion.receives[0], share, tray.incoming)


def _landing(before: BoxState, after: BoxState, progress: float) -> BoxState:
    tray = after.tray
    if tray is not None and progress < LANDING:
        tray = (
            before.tray
            if before.tray and before.tray.backward == tray.backward
            else replace(tray, landed=False)
        )
    grad: GradRow = before.grad if progress < PASSING else after.grad
    return replace(after, tray=tray, grad=grad)


def _change(before: Picture, after: Picture, still: Frame, progress: float) -> Frame:
    """What is written shows the old until the middle of the step."""
    if progress >= CHANGING:
        return still
    boxes = dict(after.boxes)
    for item in (*after.motion.boxes, after.motion.item):
        if item is not None and item in boxes and item in before.boxes and before.boxes[item].present:
            boxes[item] = before.boxes[item]
    circles = _unbroken(before, after.circles, after.motion)
    return replace(still, boxes=boxes, circles=circles, outline=beat(progress, 0))


def _unbroken(
    before: Picture, circles: Mapping[ItemId, CircleState], motion: Motion
) -> Mapping[ItemId, CircleState]:
    """Until the value is written the pins of those who saved it are sound."""
    old = {item: before.circles[item] for item in motion.breaks if item in before.circles}
    return {**circles, **old} if old else circles


def _flying(before: Picture, seen: Frame, motion: Motion, progress: float) -> Frame:
    """The name leaves the old box and arrives at the new one, while this appears or when it is written."""
    share = beat(progress, 2) if motion.kind == "forward" else beat(progress / 3, 0)
    boxes = dict(seen.boxes)
    for name in motion.renames:
        if name.new in boxes:
            boxes[name.new] = replace(boxes[name.new], name="", was="", was_line=None)
        if share <= 0.0 and name.old in boxes and name.old in before.boxes:
            boxes[name.old] = replace(
                boxes[name.old], name=before.boxes[name.old].name, was="", was_line=None
            )
    flights = tuple(Flight(r.name, r.old, r.new, share) for r in motion.renames if share > 0.0)
    return replace(seen, boxes=boxes, flights=flights)


def _without_result(after: Picture, item: ItemId | None) -> Mapping[ItemId, CircleState]:
    if item is None or item not in after.circles:
        return after.circles
    return {**after.circles, item: replace(after.circles[item], result=None)}


def pulled(before: CircleState, after: CircleState, progress: float) -> CircleState:
    """The circle that works, with its pins: they hold until they have been used, and fall as the products leave."""
    if len(before.tabs) != len(after.tabs):
        return after
    leave = beat(progress, 2)
    tabs = (_pulled_tab(old, new, progress, leave) for old, new in zip(before.tabs, after.tabs, strict=True))
    return replace(after, tabs=tuple(tabs))


def _pulled_tab(before: TabState, after: TabState, progress: float, leave: float) -> TabState:
    if before.pins == after.pins or "dropped" not in after.pins:
        return after
    return replace(after, pins=before.pins) if progress < PASSING else replace(after, fallen=leave)


def _values(picture: Picture, lanes: Iterable[LaneId], t: float) -> Iterable[Mover]:
    if not 0.0 < t < 1.0:
        return
    for lane in lanes:
        shown = _lane_value(picture, lane)
        if shown is not None:
            yield Mover(lane, False, t, shown)


def _gradients(picture: Picture, lanes: Iterable[LaneId], t: float) -> Iterable[Mover]:
    for lane in lanes if 0.0 < t < 1.0 else ():
        state = picture.lanes.get(lane)
        if state is not None and state.gradient is not None:
            yield Mover(lane, True, 1.0 - t, state.gradient)


def _waiting(picture: Picture, lanes: Iterable[LaneId], t: float) -> Iterable[Mover]:
    """Gradients that waited half-way go on to the end of their lane."""
    return [
        replace(mover, at=REST * (1.0 - t)) for mover in _gradients(picture, lanes, min(max(t, 0.01), 1.0))
    ]


def _lane_value(picture: Picture, lane: LaneId) -> Shown | None:
    state = picture.lanes.get(lane)
    if state is not None and state.value is not None:
        return state.value
    row = lookup(picture.structure).lanes.get(lane)
    if row is None:
        return None
    for item in (row.source, row.target):
        box = picture.boxes.get(item)
        if box is not None and _is_tensor(picture, item, row):
            return box.value
    return None


def _is_tensor(picture: Picture, item: ItemId, lane: Lane) -> bool:
    box = lookup(picture.structure).boxes.get(item)
    return box is not None and box.tensor == lane.tensor


def _sources(picture: Picture, lanes: Iterable[LaneId]) -> list[ItemId]:
    """The boxes at which these lanes begin."""
    rows = lookup(picture.structure).lanes
    found = (rows[lane].source for lane in lanes if lane in rows)
    return [item for item in dict.fromkeys(found) if item in picture.boxes]


def _new_box(before: Picture, item: ItemId) -> bool:
    return item not in before.boxes or not before.boxes[item].present


def _had_circle(before: Picture, item: ItemId) -> bool:
    state = before.circles.get(item) or before.blocks.get(item)
    return state is not None and state.present


def _had_lane(before: Picture, lane: LaneId) -> bool:
    return lane in before.lanes and before.lanes[lane].present
