"""The tables behind a folded graph: when each block's operations and nodes run, and what crosses its border."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tutor.protocol import BackwardId, NodeId, TensorId
from tutor.trace.freed import keeps_tensors
from tutor.trace.index import Index
from tutor.trace.picture import Box, Circle, Group, ItemId, LaneId, Structure


@dataclass(slots=True)
class BlockTable:
    """One block. Lists of steps are in order."""

    group: Group
    leaves: tuple[TensorId, ...] = ()
    """Whose gradients its norm is of."""
    within: frozenset[TensorId] = frozenset()
    """The leaves that lie in it."""
    made: list[int] = field(default_factory=list)
    nodes: set[NodeId] = field(default_factory=set)
    runs: dict[BackwardId, list[int]] = field(default_factory=dict)
    keeps: bool = False
    """Whether one of its nodes has saved a tensor."""
    needed: dict[BackwardId, int] = field(default_factory=dict)
    """How many of its nodes a backward has to run; filled as it is asked for."""

    def made_by(self, step: int) -> int:
        return bisect_right(self.made, step)

    def ran_by(self, backward: BackwardId, step: int) -> int:
        return bisect_right(self.runs.get(backward, ()), step)

    def runs_at(self, step: int) -> bool:
        return any(_holds(steps, step) for steps in self.runs.values())

    def begun_by(self, step: int) -> Iterator[BackwardId]:
        """The backwards that have run a node of it."""
        return (backward for backward, steps in self.runs.items() if steps[0] <= step)


@dataclass(slots=True)
class Border:
    """The drawn lanes on which values come to a circle in a block, and those to boxes that stand outside."""

    enters: defaultdict[ItemId, list[LaneId]] = field(default_factory=lambda: defaultdict(list))
    exits: defaultdict[ItemId, list[LaneId]] = field(default_factory=lambda: defaultdict(list))


def border_of(structure: Structure) -> Border:
    border = Border()
    block_of = structure.block_of
    for name, parts in structure.parts.items():
        for lane in parts:
            if lane.target in block_of:
                border.enters[lane.target].append(name)
            elif lane.target.startswith("t"):
                border.exits[lane.source].append(name)
    return border


def block_tables(
    index: Index, structure: Structure, circles: Mapping[ItemId, Circle], boxes: Mapping[ItemId, Box]
) -> dict[ItemId, BlockTable]:
    return {block.id: _table(index, block, circles, boxes) for block in structure.blocks}


def _table(
    index: Index, block: Group, circles: Mapping[ItemId, Circle], boxes: Mapping[ItemId, Box]
) -> BlockTable:
    leaves = tuple(boxes[item].tensor for item in block.leaves)
    inner = (boxes[item] for item in block.items if item in boxes)
    table = BlockTable(block, leaves, frozenset(box.tensor for box in inner if box.is_leaf))
    for item in block.items:
        circle = circles.get(item)
        if circle is not None:
            table.made.append(index.operations[circle.operation].step)
            table.nodes.update(tab.node for tab in circle.tabs)
    table.made.sort()
    for node in table.nodes:
        for ran in index.runs.get(node, ()):
            table.runs.setdefault(ran.backward, []).append(ran.step)
        table.keeps = table.keeps or keeps_tensors(index.nodes[node])
    for steps in table.runs.values():
        steps.sort()
    return table


def _holds(steps: list[int], step: int) -> bool:
    at = bisect_left(steps, step)
    return at < len(steps) and steps[at] == step
