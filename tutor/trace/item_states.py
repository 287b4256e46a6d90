"""The state of one box, circle or lane after a step: a pure function of the trace."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.protocol import BackwardId, Change, Data, NodeId, NodeRun, TensorId
from tutor.trace.backwards import backward_at, failed_node, has_ended, needed_nodes
from tutor.trace.freed import keeps_tensors
from tutor.trace.grad_row import grad_row
from tutor.trace.index import Index, RunOf, last
from tutor.trace.leaving import told_value
from tutor.trace.picture import (
    Box,
    BoxState,
    Circle,
    CircleState,
    Funnel,
    ItemId,
    Lane,
    LaneId,
    LaneState,
    Phase,
    Shown,
    Tab,
    TabState,
    Tray,
)
from tutor.trace.pins import is_unseen, pin_phases, written_version
from tutor.trace.shown import Covered, grad_covered, shown, shown_value, value_covered
from tutor.trace.stage import Stage
from tutor.trace.told import told_of
from tutor.trace.trace import Backward, Trace
from tutor.trace.values import same_numbers, total


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of one stage, and the backward whose gradients it shows."""

    trace: Trace
    index: Index
    stage: Stage
    step: int
    covered: Covered
    backward: Backward | None
    needed: frozenset[NodeId]
    failed: NodeId | None
    answers: tuple[Data, ...] = ()
    """What this backward brings to the covered gradients: hidden on every other lane that carries the same numbers."""

    # ------------------------------------------------------------- runs of the shown backward

    def run_of(self, node: NodeId, *, ever: bool = False) -> NodeRun | None:
        """The node's run in the shown backward, by this step (or at all)."""
        if self.backward is None:
            return None
        for ran in reversed(self.index.runs.get(node, ())):
            if ran.step < self.backward.first_step:
                return None
            if ran.backward == self.backward.id and (ever or ran.step <= self.step):
                return ran.run
        return None

    def has_freed(self, key: BackwardId) -> bool:
        """Whether the backward let go of what its nodes had saved, and is over."""
        backward = self.trace.backwards[key]
        return not backward.retain_graph and has_ended(backward, self.step)

    def gives_away(self, data: Data) -> bool:
        """Whether these numbers are those of a covered gradient."""
        return any(same_numbers(data, answer) for answer in self.answers)

    def hides(self, tensor: TensorId, data: Data) -> bool:
        """Whether the tensor's gradient is covered, or is the same as a covered one."""
        return bool(self.covered) and (
            grad_covered(tensor, self.index, self.covered) or self.gives_away(data)
        )

    def sent(self, edge: int) -> Data:
        """What has travelled along the edge by now; None where nothing has (or an undefined gradient did)."""
        run = self.run_of(self.index.edges[edge].from_)
        output = self.index.edges[edge].output
        return run.grad_inputs[output] if run is not None and output < len(run.grad_inputs) else None

    def has_sent(self, edge: int) -> bool:
        return self.run_of(self.index.edges[edge].from_) is not None

    def awaited(self, lane: Lane) -> tuple[int, ...]:
        """The lane's edges on which this backward brings a gradient."""
        return self._travel(lane)[0]

    def has_all(self, lane: Lane) -> bool:
        """Whether all that this backward brings on the lane has been sent."""
        awaited, end = self._travel(lane)
        return bool(awaited) and end is not None and end <= self.step

    def arrives(self, lane: Lane) -> int | None:
        """The step in which the last of it is sent; None where the backward does not get so far."""
        return self._travel(lane)[1]

    def _travel(self, lane: Lane) -> tuple[tuple[int, ...], int | None]:
        if self.backward is None:
            return (), None
        key = (self.backward.id, lane.id)
        found = self.stage.travels.get(key)
        if found is None:
            edges, ran = self.index.edges, self._ran_at(self.backward)
            awaited = tuple(e for e in lane.edges if edges[e].from_ in self.needed)
            steps = [ran.get(edges[e].from_) for e in awaited]
            known = [step for step in steps if step is not None]
            found = (awaited, max(known) if known and len(known) == len(steps) else None)
            self.stage.travels[key] = found
        return found

    def _ran_at(self, backward: Backward) -> dict[NodeId, int]:
        found = self.stage.ran_at.get(backward.id)
        if found is None:
            found = {run.node: run.step for run in reversed(backward.steps)}
            self.stage.ran_at[backward.id] = found
        return found

    def begins(self, lane: Lane) -> int:
        """The step from which on the lane is there: the first operation that takes its value, or that makes the box."""
        found = self.stage.begins.get(lane.id)
        if found is None:
            parts = self.stage.structure.parts.get(lane.id, (lane,))
            found = self.stage.begins[lane.id] = min(self._taken(part) for part in parts)
        return found

    def _taken(self, lane: Lane) -> int:
        circle = self.stage.circles.get(lane.target) or self.stage.circles[lane.source]
        return self.index.operations[circle.operation].step


def moment(trace: Trace, index: Index, stage: Stage, step: int, covered: Covered) -> Moment:
    since = stage.structure.first_step
    backward = backward_at(trace, min(step, stage.structure.last_step), since=since)
    if backward is None:
        return Moment(trace, index, stage, step, covered, None, frozenset(), None)
    failed = failed_node(backward) if backward.error and backward.error.step <= step else None
    needed = needed_nodes(trace, index, backward.id)
    return Moment(
        trace, index, stage, step, covered, backward, needed, failed, _answers(index, backward, covered)
    )


def _answers(index: Index, backward: Backward, covered: Covered) -> tuple[Data, ...]:
    if not covered:
        return ()
    hidden = (a for a in backward.accumulations if grad_covered(a.tensor, index, covered))
    sums = [number for a in hidden for number in (a.incoming, a.after)]
    returned = zip(backward.results, backward.result_tensors, strict=False)
    return (*sums, *(data for data, t in returned if t is not None and value_covered(t, index, covered)))


# ------------------------------------------------------------------ lanes


def lane_state(at: Moment, lane: Lane) -> LaneState:
    begins = at.begins(lane)
    if begins > at.step or not _result_is_there(at, lane):
        return LaneState(present=False, laid=False)
    value = None if lane.named else _passing_value(at, lane.tensor, begins)
    return LaneState(present=True, laid=lane.returns, value=value, gradient=lane_gradient(at, lane))


def _result_is_there(at: Moment, lane: Lane) -> bool:
    """A gradient's graph is made before the program takes the gradient into its hands."""
    return lane.target not in at.stage.boxes or at.index.tensors[lane.tensor].step <= at.step


def _passing_value(at: Moment, tensor: TensorId, step: int) -> Shown | None:
    """The version that went into the operation of `step`."""
    value = at.index.value_at(tensor, step - 1)
    hidden = value_covered(tensor, at.index, at.covered)
    hidden = hidden or (tensor < 0 and value is not None and at.gives_away(value.value))
    return shown_value(value, at.index.shape_of(tensor), hidden)


def lane_gradient(at: Moment, lane: Lane) -> Shown | None:
    """What has travelled back on this lane in the shown backward."""
    shape = at.index.shape_of(lane.tensor)
    if lane.returns and not lane.edges:
        data = received(at, lane.tensor)
    else:
        if not at.has_all(lane):
            return None
        if lane.mixed:
            return Shown(None, ())
        data = _sum(at, lane)
    return None if data is None else shown(data, shape, at.hides(lane.tensor, data))


def _sum(at: Moment, lane: Lane) -> Data:
    """Of all that has been sent on the lane, worked out once."""
    assert at.backward is not None
    key = (at.backward.id, lane.id)
    if key not in at.stage.sums:
        at.stage.sums[key] = total([at.sent(edge) for edge in at.awaited(lane)])
    return at.stage.sums[key]


def received(at: Moment, tensor: TensorId, *, ever: bool = False) -> Data:
    """What the tensor's node received in the shown backward: the sum over all paths, as torch made it."""
    nodes, number = at.stage.heads.get(tensor, ((), 0))
    for node in nodes:
        run = at.run_of(node, ever=ever)
        if run is not None and number < len(run.grad_outputs):
            return run.grad_outputs[number]
    return None


# ------------------------------------------------------------------ sums


def funnel(at: Moment, item: ItemId) -> Funnel | None:
    """The sum that gathers at a box or a circle, where more than one gradient is awaited in this backward."""
    if at.backward is None:
        return None
    groups: dict[TensorId, list[Lane]] = {}
    for lane in at.stage.out_of[item]:
        if lane.edges and at.awaited(lane):
            groups.setdefault(lane.tensor, []).append(lane)
    gathered = next(((t, lanes) for t, lanes in groups.items() if len(lanes) > 1), None)
    return _funnel(at, *gathered) if gathered else None


def _funnel(at: Moment, tensor: TensorId, lanes: list[Lane]) -> Funnel:
    order = sorted(lanes, key=lambda lane: _arrival(at, lane))
    arrived: list[tuple[LaneId, Shown]] = []
    for lane in order:
        if at.has_all(lane):
            gradient = lane_gradient(at, lane)
            arrived.append((lane.id, gradient or Shown(None, tuple(at.index.shape_of(tensor)))))
    total = _total(at, tensor, [s.data for _, s in arrived]) if len(arrived) == len(lanes) else None
    return Funnel(tuple(lane.id for lane in order), tuple(arrived), total, len(lanes))


def _arrival(at: Moment, lane: Lane) -> tuple[int, int]:
    """The engine's order: the step in which the lane's gradient comes, then its place; unknown ones last."""
    step = at.arrives(lane)
    return (len(at.trace.steps) if step is None else step, lane.slot)


def _total(at: Moment, tensor: TensorId, parts: list[Data]) -> Shown | None:
    data = received(at, tensor, ever=True)
    if data is None:
        data = total(parts)
    shape = at.index.shape_of(tensor)
    return None if data is None else shown(data, shape, at.hides(tensor, data))


def tray(at: Moment, box: Box) -> Tray | None:
    """before + incoming = after of the shown backward, for what keeps its gradient and is reached by it."""
    if at.backward is None or at.backward.entry == "autograd.grad":
        return None
    shape = at.index.shape_of(box.tensor)
    hidden = grad_covered(box.tensor, at.index, at.covered)
    found = next((a for a in at.backward.accumulations if a.tensor == box.tensor), None)
    if found is not None and found.step <= at.step:
        before, incoming, after = (
            None if data is None else shown(data, shape, hidden)
            for data in (found.before, found.incoming, found.after)
        )
        return Tray(at.backward.id, before, incoming, after, landed=True)
    if not _will_accumulate(at, box) or (found is None and has_ended(at.backward, at.step)):
        return None
    earlier = at.index.grad_at(box.tensor, at.step)
    before = None if earlier is None or earlier.value is None else shown(earlier.value, shape, hidden)
    return Tray(at.backward.id, before, None, None, landed=False)


def _will_accumulate(at: Moment, box: Box) -> bool:
    nodes, _ = at.stage.heads.get(box.tensor, ((), 0))
    if at.needed.isdisjoint(nodes):
        return False
    return box.is_leaf or at.index.retains_at(box.tensor, at.step)


# ------------------------------------------------------------------ boxes and circles


def box_state(at: Moment, box: Box) -> BoxState:
    tensor, step, index = box.tensor, at.step, at.index
    present = index.tensors[tensor].step <= step and (box.ghost_of is None or _is_used(at, box))
    name = index.name_at(tensor, step)
    rebound = None if name else index.rebound_at(tensor, step)
    hidden = value_covered(tensor, index, at.covered)
    value = index.value_at(tensor, step) if present else None
    frozen = _frozen(at, box)
    own = present and box.ghost_of is None
    lands = tray(at, box) if own else None
    behind = value is not None and is_unseen(at.trace, index, value)
    return BoxState(
        present=present,
        name=name or ("" if rebound else box.name),
        value=shown_value(value, box.shape, hidden),
        grad=grad_row(at.trace, index, tensor, step, at.covered),
        requires_grad=index.flag_at(tensor, step),
        retains_grad=index.retains_at(tensor, step),
        version=written_version(index, value),
        tray=lands,
        awaits=own and (lands is not None or at.backward is None),
        funnel=funnel(at, box.id) if own else None,
        was=rebound.name if rebound else "",
        was_line=_line_of(at, rebound.step) if rebound else None,
        hooked=present and any(_is_hooked(at, node) for node in index.accumulators.get(tensor, ())),
        behind=behind,
        grad_fn=index.grad_fn_at(tensor, step) if present else None,
        frozen=frozen is not None,
        frozen_line=frozen.span.line if frozen is not None and frozen.span is not None else None,
    )


def _is_used(at: Moment, ghost: Box) -> bool:
    """A ghost is there as soon as one of its uses is."""
    return any(at.begins(lane) <= at.step for lane in at.stage.out_of[ghost.id])


def _frozen(at: Moment, box: Box) -> Change | None:
    """What switched a leaf's requires_grad off, if it still is."""
    changes = [c for c in at.index.changes.get(box.tensor, ()) if c.what == "requires_grad"]
    change = last(changes, at.step)
    return change if box.is_leaf and change is not None and change.before and not change.after else None


def _line_of(at: Moment, step: int) -> int | None:
    span = at.trace.steps[step].span if 0 <= step < len(at.trace.steps) else None
    return span.line if span else None


def circle_state(at: Moment, circle: Circle) -> CircleState:
    operation = at.index.operations[circle.operation]
    if operation.step > at.step:
        return CircleState(present=False)
    return CircleState(
        present=True,
        tabs=tuple(_tab_state(at, tab) for tab in circle.tabs),
        funnel=funnel(at, circle.id),
        result=_result(at, circle),
        told=told_value(operation, at.index, at.covered) if circle.cut == "python" else None,
    )


def _result(at: Moment, circle: Circle) -> Shown | None:
    """The first output, until a lane or a box shows it."""
    for lane in at.stage.out_of[circle.id]:
        if lane.target in at.stage.boxes or at.begins(lane) <= at.step:
            return None
    operation = at.index.operations[circle.operation]
    if not operation.outputs or circle.cut == "python":
        return None
    tensor = operation.outputs[0]
    hidden = value_covered(tensor, at.index, at.covered)
    step = operation.step if tensor in operation.inputs else at.step  # Later writes are other operations'.
    return shown_value(at.index.value_at(tensor, step), at.index.shape_of(tensor), hidden)


def _tab_state(at: Moment, tab: Tab) -> TabState:
    runs = [ran for ran in at.index.runs.get(tab.node, ()) if ran.step <= at.step]
    failed = tab.node == at.failed
    locked = _is_locked(at, tab.node, runs)
    pins = pin_phases(at.trace, at.index, tab, at.step, locked=locked, failed=failed)
    return TabState(_phase(at, tab, runs), len(runs), hooked=_is_hooked(at, tab.node), pins=pins)


def _is_locked(at: Moment, node: NodeId, runs: list[RunOf]) -> bool:
    """Whether the backward that comes through here, or the last that did, was told to retain the graph."""
    if at.backward is not None and node in at.needed:
        return at.backward.retain_graph
    return bool(runs) and at.trace.backwards[runs[-1].backward].retain_graph


def _is_hooked(at: Moment, node: NodeId) -> bool:
    if not at.trace.hooks:
        return False
    hooks = told_of(at.trace, at.index).hooks_of_node.get(node, ())
    return any(hook.step <= at.step for hook in hooks)


def _phase(at: Moment, tab: Tab, runs: list[RunOf]) -> Phase:
    if tab.node == at.failed:
        return "failed"
    current = at.backward.id if at.backward is not None else None
    if runs and runs[-1].step == at.step:
        return "running"
    if any(at.has_freed(ran.backward) for ran in runs) and keeps_tensors(at.index.nodes[tab.node]):
        return "used"
    if runs and runs[-1].backward == current:
        return "done"
    if at.backward is not None and not has_ended(at.backward, at.step):
        return "waiting" if tab.node in at.needed else "idle"
    return "laid"
