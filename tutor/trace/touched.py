"""What a step may change of what is drawn, so that nothing else is looked at: the same on the way back."""

from __future__ import annotations

from tutor.protocol import NodeId, TensorId
from tutor.trace.gradient_graph import operations_at
from tutor.trace.index import Index
from tutor.trace.lanes import circle_id
from tutor.trace.picture import Box, ItemId, Lane
from tutor.trace.pins import changes_pins
from tutor.trace.stage import Stage
from tutor.trace.trace import Trace


def touched_at(index: Index, stage: Stage, step: int) -> set[str]:
    """The names of items and lanes; those of circles that lie in blocks may be among them."""
    found = set(stage.touched.get(step, ()))
    operation = index.operation_at.get(step)
    for made in (*(() if operation is None else (operation,)), *operations_at(index).get(step, ())):
        if circle_id(made) in stage.circles:
            _touch_operation(stage, circle_id(made), found)
    ran = index.node_steps.get(step)
    if ran is not None and ran.run.node in stage.circle_of:
        _touch_run(index, stage, ran.run.node, found)
    over = index.node_steps.get(step - 1)
    if over is not None and over.run.node in stage.circle_of:
        found.add(stage.seen(stage.circle_of[over.run.node]))
    return found


def _touch_operation(stage: Stage, circle: ItemId, found: set[str]) -> None:
    found.add(stage.seen(circle))
    for lane in (*_into(stage, circle), *_out_of(stage, circle)):
        found.update((lane.id, lane.source, lane.target))


def _touch_run(index: Index, stage: Stage, node: NodeId, found: set[str]) -> None:
    """The circle, the lanes it sends on, what they lead to, and its output's lane."""
    circle = stage.circle_of[node]
    found.add(stage.seen(circle))
    for edge in index.edges_from.get(node, ()):
        lane = stage.drawn_lane_of.get(edge)
        if lane is not None:
            found.update((lane.id, lane.source, stage.home(lane.source)))
    for lane in _out_of(stage, circle):
        if not lane.edges:
            found.update((lane.id, lane.target))


def _into(stage: Stage, circle: ItemId) -> list[Lane]:
    if stage.is_seen(circle):
        return stage.into.get(circle, [])
    return [stage.lanes[lane] for lane in stage.border.enters.get(circle, ())]


def _out_of(stage: Stage, circle: ItemId) -> list[Lane]:
    """Of a circle in a block those to boxes: on the others its value goes when it is taken."""
    if stage.is_seen(circle):
        return stage.out_of.get(circle, [])
    return [stage.lanes[lane] for lane in stage.border.exits.get(circle, ())]


# ------------------------------------------------------------------ what is found beforehand


def find_touched(trace: Trace, index: Index, stage: Stage) -> None:
    """Fills the stage's tables."""
    for box in stage.structure.boxes:
        _touch_tensor(index, stage, box)
    _touch_pins(index, stage)
    for block, table in stage.blocks.items():
        for leaf in dict.fromkeys((*table.leaves, *table.within)):
            _touch_leaf(index, stage, block, leaf)
    sweeps = {b.first_step for b in trace.backwards}
    sweeps |= {s for b in trace.backwards if b.end_step is not None for s in (b.end_step - 1, b.end_step)}
    sweeps |= {b.error.step for b in trace.backwards if b.error is not None}
    stage.sweeping = sorted(sweeps)


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
    stage.touched[index.tensors[tensor].step].update(lane.id for lane in stage.into.get(box.id, ()))


def _touch_pins(index: Index, stage: Stage) -> None:
    """The circles whose nodes saved what is written later, drawn or not."""
    changed = {tensor for tensor, rows in index.values.items() if len(rows) > 1 or rows[0].version}
    if not changed:
        return
    for circle in stage.circles.values():
        for tab in circle.tabs:
            for written in changes_pins(index, tab):
                stage.touched[written].add(circle.id)


def _touch_leaf(index: Index, stage: Stage, block: ItemId, leaf: TensorId) -> None:
    """When a gradient lands at a leaf of a block, and when that is over."""
    for grad in index.grads.get(leaf, ()):
        stage.touched[grad.step].add(block)
    for node in index.accumulators.get(leaf, ()):
        for ran in index.runs.get(node, ()):
            stage.touched[ran.step].add(block)
            stage.touched[ran.step + 1].add(block)
