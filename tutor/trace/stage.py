"""The tables that lie between a still graph and the trace: where each thing is drawn, and when it changes."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from tutor.protocol import BackwardId, Data, NodeId, TensorId
from tutor.trace.block_tables import BlockTable, Border, block_tables, border_of
from tutor.trace.index import Index
from tutor.trace.picture import Box, Circle, ItemId, Lane, LaneId, Structure, whole_of


@dataclass
class Stage:
    """Where things are drawn in one structure. Boxes, circles and `lane_of` are those of the unfolded one."""

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
    drawn_lane_of: dict[int, Lane] = field(default_factory=dict)
    """The drawn lane of each edge: none where it lies in a block."""
    blocks: dict[ItemId, BlockTable] = field(default_factory=dict)
    border: Border = field(default_factory=Border)
    heads: dict[TensorId, tuple[tuple[NodeId, ...], int]] = field(default_factory=dict)
    """For each tensor: the nodes that its gradient may go to, and which of that node's grad_outputs it is."""
    touched: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Which items and lanes a step may change, but for those of the operation or node that runs in it."""
    sweeping: list[int] = field(default_factory=list)
    """Steps at which anything may change: a backward begins or is over."""
    begins: dict[LaneId, int] = field(default_factory=dict)
    """From which step on a lane is there; filled as it is asked for, as the following are."""
    travels: dict[tuple[BackwardId, LaneId], tuple[tuple[int, ...], int | None]] = field(default_factory=dict)
    """The edges on which a backward brings a lane its gradient, and the step in which the last one does."""
    sums: dict[tuple[BackwardId, LaneId], Data] = field(default_factory=dict)
    ran_at: dict[BackwardId, dict[NodeId, int]] = field(default_factory=dict)
    """Of each node that a backward runs the first step in which it does."""
    squares: dict[tuple[TensorId, int], float | None] = field(default_factory=dict)
    """The sum of the squares of a leaf's gradient since a step."""

    def seen(self, item: ItemId) -> ItemId:
        """The block in which the item lies; the item itself where it is drawn."""
        return self.structure.block_of.get(item, item)

    def is_seen(self, item: ItemId) -> bool:
        """Whether a box or circle is there and drawn by itself."""
        return item not in self.structure.block_of and (item in self.boxes or item in self.circles)

    def home(self, item: ItemId) -> ItemId:
        """The leaf of a ghost; any other item itself."""
        return self.homes.get(item, item)

    def sweeps_between(self, low: int, high: int) -> bool:
        """Whether one of the steps low+1 … high changes everything."""
        at = bisect_left(self.sweeping, low + 1)
        return at < len(self.sweeping) and self.sweeping[at] <= high


def stage_of(index: Index, structure: Structure) -> Stage:
    stage, whole = Stage(structure), whole_of(structure)
    stage.boxes = {box.id: box for box in (*whole.boxes, *structure.boxes)}
    stage.circles = {circle.id: circle for circle in whole.circles}
    stage.circle_of = {tab.node: circle.id for circle in whole.circles for tab in circle.tabs}
    stage.lane_of = {edge: lane for lane in whole.lanes for edge in lane.edges}
    for box in structure.boxes:
        if box.ghost_of is not None:
            stage.homes[box.id] = box.ghost_of
        _set_head(stage, index, box.tensor)
    for lane in structure.lanes:
        _add_lane(stage, index, lane)
    if structure.blocks:
        stage.border = border_of(structure)
        stage.blocks = block_tables(index, structure, stage.circles, stage.boxes)
    return stage


def _add_lane(stage: Stage, index: Index, lane: Lane) -> None:
    stage.lanes[lane.id] = lane
    stage.into[lane.target].append(lane)
    stage.out_of[lane.source].append(lane)
    if lane.source in stage.homes:
        stage.out_of[stage.homes[lane.source]].append(lane)
    stage.drawn_lane_of.update(dict.fromkeys(lane.edges, lane))
    _set_head(stage, index, lane.tensor)
    if lane.edges and index.tensors[lane.tensor].grad_fn is None:
        ends = [index.edges[e].to for e in lane.edges]
        stage.heads[lane.tensor] = (tuple(dict.fromkeys((*stage.heads[lane.tensor][0], *ends))), 0)


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
