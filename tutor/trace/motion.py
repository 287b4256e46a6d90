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
            return Motion("error", item=at.stage.circle_of.get(at.failed) if at.failed is not None else None)
        case "output" | "gap":
            return _STILL


def _forward(at: Moment, operation: OperationId) -> Motion:
    item = circle_id(operation)
    boxes = tuple(
        i for i in (box_id(t) for t in at.index.operations[operation].outputs) if i in at.stage.boxes
    )
    if item not in at.stage.circles:
        kind: Literal["forward", "change"] = "change" if at.index.operations[operation].inputs else "forward"
        return Motion(kind, boxes=boxes, breaks=breaks(at)) if boxes else _STILL
    receives = tuple(lane.id for lane in at.stage.into[item])
    passes = tuple(lane.id for lane in at.stage.out_of[item] if lane.target in at.stage.boxes)
    return Motion("forward", item=item, receives=receives, passes=passes, boxes=boxes, breaks=breaks(at))


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
        item=item,
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
    lanes = [lane for item in circles for lane in (*at.stage.into[item], *at.stage.out_of[item])]
    lanes = [lane for lane in lanes if _stands(at, lane)]
    boxes = (lane.target for lane in lanes if lane.target in at.stage.boxes)
    return _Made(makes=(*circles, *dict.fromkeys(boxes)), lays=tuple(dict.fromkeys(ln.id for ln in lanes)))


def _stands(at: Moment, lane: Lane) -> bool:
    """Whether the lane is there as soon as this step has made its ends."""
    target = at.stage.circles.get(lane.target)
    if target is None:
        return at.index.tensors[lane.tensor].step <= at.step
    return at.index.operations[target.operation].step <= at.step


def _receives(at: Moment, node: NodeId, item: ItemId) -> tuple[LaneId, ...]:
    """The output's own lane where it has a box, else the lanes of all that used it."""
    out = [lane.id for lane in at.stage.out_of[item] if lane.returns and not lane.edges]
    into = at.index.edges_to.get(node, ())
    internal = any(at.stage.circle_of.get(at.index.edges[e].from_) == item for e in into)
    if internal:
        return ()
    return tuple(out) or tuple(dict.fromkeys(_lanes_of(at, into)))


def _lanes_of(at: Moment, edges: tuple[int, ...] | list[int]) -> list[LaneId]:
    """The lanes on which a gradient of the shown backward has travelled."""
    found = (at.stage.lane_of.get(e) for e in edges if at.has_sent(e))
    return [lane.id for lane in found if lane is not None]


def _accumulate(at: Moment, leaf: TensorId) -> Motion:
    item = box_id(leaf)
    if item not in at.stage.boxes:
        return _STILL
    lanes = tuple(lane.id for lane in at.stage.out_of[item] if any(at.has_sent(e) for e in lane.edges))
    return Motion("accumulate", item=item, receives=lanes, boxes=(item,), **_made(at))


def _change(at: Moment, step: Step) -> Motion:
    operation = at.index.operation_at.get(at.step)
    if operation is not None and circle_id(operation) in at.stage.circles:
        return _forward(at, operation)
    item = box_id(TensorId(step.id))
    if item not in at.stage.boxes:
        return _STILL
    return Motion("change", item=item, boxes=(item,), breaks=breaks(at))
