"""The tables that lie between a still graph and the trace: where each thing is drawn, and when it changes."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from tutor.protocol import NodeId, TensorId
from tutor.trace.index import Index
from tutor.trace.picture import Box, Circle, ItemId, Lane, LaneId, Structure
from tutor.trace.pins import changes_pins
from tutor.trace.trace import Trace


@dataclass
class Stage:
    """Where things are drawn in one structure."""

    structure: Structure
    boxes: dict[ItemId, Box] = field(default_factory=dict)
    circles: dict[ItemId, Circle] = field(default_factory=dict)
    lanes: dict[LaneId, Lane] = field(default_factory=dict)
    into: defaultdict[ItemId, list[Lane]] = field(default_factory=lambda: defaultdict(list))
    out_of: defaultdict[ItemId, list[Lane]] = field(default_factory=lambda: defaultdict(list))
    homes: dict[ItemId, ItemId] = field(default_factory=dict)
    """The leaf of each ghost: the ghost's lanes are its own too."""
    circle_of: dict[NodeId, ItemId] = field(default_factory=dict)
    lane_of: dict[int, Lane] = field(default_factory=dict)
    heads: dict[TensorId, tuple[tuple[NodeId, ...], int]] = field(default_factory=dict)
    """For each tensor: the nodes that its gradient may go to, and which of that node's grad_outputs it is."""
    touched: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Which items and lanes a step may change."""
    sweeping: list[int] = field(default_factory=list)
    """Steps at which anything may change: a backward begins or is over."""

    def home(self, item: ItemId) -> ItemId:
        """The leaf of a ghost; any other item itself."""
        return self.homes.get(item, item)

    def sweeps_between(self, low: int, high: int) -> bool:
        """Whether one of the steps low+1 … high changes everything."""
        at = bisect_left(self.sweeping, low + 1)
        return at < len(self.sweeping) and self.sweeping[at] <= high


def stage_of(trace: Trace, index: Index, structure: Structure) -> Stage:
    stage = Stage(structure)
    for box in structure.boxes:
        stage.boxes[box.id] = box
        if box.ghost_of is not None:
            stage.homes[box.id] = box.ghost_of
        _set_head(stage, index, box.tensor)
    for circle in structure.circles:
        stage.circles[circle.id] = circle
        for tab in circle.tabs:
            stage.circle_of[tab.node] = circle.id
    for lane in structure.lanes:
        stage.lanes[lane.id] = lane
        stage.into[lane.target].append(lane)
        stage.out_of[lane.source].append(lane)
        if lane.source in stage.homes:
            stage.out_of[stage.homes[lane.source]].append(lane)
        stage.lane_of.update(dict.fromkeys(lane.edges, lane))
        _set_head(stage, index, lane.tensor)
        if lane.edges and index.tensors[lane.tensor].grad_fn is None:
            ends = [index.edges[e].to for e in lane.edges]
            stage.heads[lane.tensor] = (tuple(dict.fromkeys((*stage.heads[lane.tensor][0], *ends))), 0)
    _find_touched(trace, index, stage)
    return stage


def _set_head(stage: Stage, index: Index, tensor: TensorId) -> None:
    if tensor in stage.heads:
        return
    node = index.tensors[tensor].grad_fn
    if node is None:
        stage.heads[tensor] = ((), 0)
        return
    made = index.made_by.get(tensor)
    outputs = index.operations[made].outputs if made is not None else [tensor]
    same = [t for t in outputs if index.tensors[t].grad_fn == node]
    stage.heads[tensor] = ((node,), same.index(tensor) if tensor in same else 0)


# ------------------------------------------------------------------ what a step may change


def _find_touched(trace: Trace, index: Index, stage: Stage) -> None:
    for circle in stage.structure.circles:
        _touch_operation(index, stage, circle)
    for box in stage.structure.boxes:
        _touch_tensor(index, stage, box)
    for circle in stage.structure.circles:
        for written in (step for tab in circle.tabs for step in changes_pins(index, tab)):
            stage.touched[written].add(circle.id)
    for node, item in stage.circle_of.items():
        for ran in index.runs.get(node, ()):
            _touch_run(index, stage, ran.step, node, item)
    sweeps = {b.first_step for b in trace.backwards}
    sweeps |= {s for b in trace.backwards if b.end_step is not None for s in (b.end_step - 1, b.end_step)}
    sweeps |= {b.error.step for b in trace.backwards if b.error is not None}
    stage.sweeping = sorted(sweeps)


def _touch_operation(index: Index, stage: Stage, circle: Circle) -> None:
    step = index.operations[circle.operation].step
    found = stage.touched[step]
    found.add(circle.id)
    for lane in (*stage.into[circle.id], *stage.out_of[circle.id]):
        found.update((lane.id, lane.source, lane.target))


def _touch_tensor(index: Index, stage: Stage, box: Box) -> None:
    tensor = box.tensor
    steps = {index.tensors[tensor].step}
    steps.update(v.step for v in index.values.get(tensor, ()))
    steps.update(c.step for c in index.changes.get(tensor, ()))
    steps.update(g.step for g in index.grads.get(tensor, ()))
    earlier: set[TensorId] = set()
    for naming in index.namings.get(tensor, ()):
        steps.add(naming.step)
        following = index.next_owner(naming)
        if following is not None:
            steps.add(following.step)
        previous = index.previous_owner(naming)
        if previous is not None:
            earlier.add(previous.tensor)
    for owner in earlier:
        steps.update(g.step for g in index.grads.get(owner, ()))
    for accumulator in stage.heads[tensor][0]:
        steps.update(ran.step for ran in index.runs.get(accumulator, ()))
    for step in steps:
        stage.touched[step].add(box.id)
    stage.touched[index.tensors[tensor].step].update(lane.id for lane in stage.into[box.id])


def _touch_run(index: Index, stage: Stage, step: int, node: NodeId, item: ItemId) -> None:
    """The circle (and again when its turn is over), the lanes it sends on, what they lead to, and its output's lane."""
    found = stage.touched[step]
    found.add(item)
    stage.touched[step + 1].add(item)
    for edge in index.edges_from.get(node, ()):
        lane = stage.lane_of.get(edge)
        if lane is not None:
            found.update((lane.id, lane.source, stage.home(lane.source)))
    for lane in stage.out_of[item]:
        if not lane.edges:
            found.update((lane.id, lane.target))
