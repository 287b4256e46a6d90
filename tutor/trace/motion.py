"""What moves in a step: the pulses along the lanes, the item that works, the boxes that change."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypedDict

from tutor.protocol import NodeId, OperationId, Step, TensorId
from tutor.trace.breaks import breaks
from tutor.trace.gradient_graph import operations_at
from tutor.trace.item_states import Moment
from tutor.trace.lanes import box_id, circle_id
from tutor.trace.picture import ItemId, Lane, LaneId, Motion
from tutor.trace.rebinding import renames

_STILL = Motion("none")


def motion(at: Moment) -> Motion:
    if not 0 <= at.step < len(at.trace.steps):
        return _STILL
    moved, given = _moved(at), renames(at)
    return replace(moved, renames=given) if given else moved


def _moved(at: Moment) -> Motion:
    step = at.trace.steps[at.step]
    match step.kind:
        case "operation":
            return _forward(at, OperationId(step.id)) if step.backward is None else _STILL
        case "node":
            return _node(at, NodeId(step.id))
        case "grad_changed" | "value_changed" | "flag_changed":
            return _change(at, step)
        case "error":
            failed = at.stage.circle_of.get(at.failed) if at.failed is not None else None
            return Motion("error", item=None if failed is None else at.stage.seen(failed))
        case "output" | "gap":
            return _STILL


def _forward(at: Moment, operation: OperationId) -> Motion:
    item = circle_id(operation)
    made = [i for t in at.index.operations[operation].outputs if (i := box_id(t)) in at.stage.boxes]
    boxes = tuple(box for box in made if at.stage.is_seen(box))
    if item not in at.stage.circles:
        kind: Literal["forward", "change"] = "change" if at.index.operations[operation].inputs else "forward"
        within = at.stage.seen(made[0]) if made and not boxes else None
        return Motion(kind, item=within, boxes=boxes, breaks=breaks(at)) if made else _STILL
    receives, passes = _coming(at, item), _leaving(at, item)
    return Motion(
        "forward", item=at.stage.seen(item), receives=receives, passes=passes, boxes=boxes, breaks=breaks(at)
    )


def _coming(at: Moment, circle: ItemId) -> tuple[LaneId, ...]:
    """The lanes on which a circle's arguments come, as far as they are drawn."""
    if at.stage.is_seen(circle):
        return tuple(lane.id for lane in at.stage.into[circle])
    return tuple(dict.fromkeys(at.stage.border.enters.get(circle, ())))


def _leaving(at: Moment, circle: ItemId) -> tuple[LaneId, ...]:
    """Those from a circle to the boxes of its results."""
    if at.stage.is_seen(circle):
        return tuple(lane.id for lane in at.stage.out_of[circle] if lane.target in at.stage.boxes)
    return tuple(at.stage.border.exits.get(circle, ()))


def _node(at: Moment, node: NodeId) -> Motion:
    leaf = at.index.nodes[node].tensor
    if leaf is not None:
        return _accumulate(at, leaf)
    item = at.stage.circle_of.get(node)
    if item is None:
        return _STILL
    passes = dict.fromkeys(_lanes_of(at, at.index.edges_from.get(node, ())))
    sources = [at.stage.lanes[lane].source for lane in passes]
    boxes = tuple(dict.fromkeys((*sources, *map(at.stage.home, sources))))
    return Motion(
        "backward",
        item=at.stage.seen(item),
        receives=_receives(at, node, item),
        passes=tuple(passes),
        boxes=tuple(b for b in boxes if b in at.stage.boxes),
        **_made(at),
    )


class _Made(TypedDict):
    makes: tuple[ItemId, ...]
    lays: tuple[LaneId, ...]


def _made(at: Moment) -> _Made:
    """What this step of a backward with create_graph adds to the gradient's own graph."""
    found = (circle_id(o) for o in operations_at(at.index).get(at.step, ()))
    circles = [item for item in found if item in at.stage.circles]
    named = (name for item in circles for name in (*_coming(at, item), *_going(at, item)))
    lanes = [lane for name in dict.fromkeys(named) if _stands(at, lane := at.stage.lanes[name])]
    boxes = (lane.target for lane in lanes if lane.target in at.stage.boxes)
    makes = dict.fromkeys((*map(at.stage.seen, circles), *boxes))
    return _Made(makes=tuple(makes), lays=tuple(lane.id for lane in lanes))


def _going(at: Moment, circle: ItemId) -> tuple[LaneId, ...]:
    """All lanes from a circle on which its results go, as far as it is known of one in a block."""
    if at.stage.is_seen(circle):
        return tuple(lane.id for lane in at.stage.out_of[circle])
    return _leaving(at, circle)


def _stands(at: Moment, lane: Lane) -> bool:
    """Whether the lane is there as soon as this step has made its ends."""
    if lane.target in at.stage.boxes:
        return at.index.tensors[lane.tensor].step <= at.step
    return at.begins(lane) <= at.step


def _receives(at: Moment, node: NodeId, item: ItemId) -> tuple[LaneId, ...]:
    """The output's own lane where it has a box, else the lanes of all that used it."""
    out = [
        name
        for name in _leaving(at, item)
        if (lane := at.stage.lanes[name]).returns and not lane.edges and _receives_on(at, node, item, lane)
    ]
    into = at.index.edges_to.get(node, ())
    internal = any(at.stage.circle_of.get(at.index.edges[e].from_) == item for e in into)
    if internal:
        return ()
    return tuple(out) or tuple(dict.fromkeys(_lanes_of(at, into)))


def _receives_on(at: Moment, node: NodeId, item: ItemId, lane: Lane) -> bool:
    """A block's lanes are those of many nodes."""
    return at.stage.is_seen(item) or node in at.stage.heads[lane.tensor][0]


def _lanes_of(at: Moment, edges: tuple[int, ...] | list[int]) -> list[LaneId]:
    """The lanes on which a gradient of the shown backward has travelled."""
    found = (at.stage.drawn_lane_of.get(e) for e in edges if at.has_sent(e))
    return [lane.id for lane in found if lane is not None]


def _accumulate(at: Moment, leaf: TensorId) -> Motion:
    item = box_id(leaf)
    if item not in at.stage.boxes:
        return _STILL
    if not at.stage.is_seen(item):
        return Motion("accumulate", item=at.stage.seen(item), **_made(at))
    lanes = tuple(lane.id for lane in at.stage.out_of[item] if any(at.has_sent(e) for e in lane.edges))
    return Motion("accumulate", item=item, receives=lanes, boxes=(item,), **_made(at))


def _change(at: Moment, step: Step) -> Motion:
    operation = at.index.operation_at.get(at.step)
    if operation is not None and circle_id(operation) in at.stage.circles:
        return _forward(at, operation)
    item = box_id(TensorId(step.id))
    if item not in at.stage.boxes:
        return _STILL
    boxes = (item,) if at.stage.is_seen(item) else ()
    return Motion("change", item=at.stage.seen(item), boxes=boxes, breaks=breaks(at))
