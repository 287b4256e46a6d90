"""What the recorder told beside the graph, found by step, node and tensor: hooks, an optimizer's updates, tangents."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from tutor.protocol import HookRan, NodeId, OptimizerStepped, Tangent, TensorId
from tutor.trace.index import Index, index_of, last
from tutor.trace.trace import Trace


@dataclass(slots=True)
class Told:
    """Lists under a key are in the order in which things happened."""

    hooks_at: defaultdict[int, list[HookRan]] = field(default_factory=lambda: defaultdict(list))
    hooks_of_node: defaultdict[NodeId, list[HookRan]] = field(default_factory=lambda: defaultdict(list))
    hooks_of_tensor: defaultdict[TensorId, list[HookRan]] = field(default_factory=lambda: defaultdict(list))
    updates: defaultdict[TensorId, list[OptimizerStepped]] = field(default_factory=lambda: defaultdict(list))
    tangents: defaultdict[TensorId, list[Tangent]] = field(default_factory=lambda: defaultdict(list))
    taken: tuple[int, int, int] = (0, 0, 0)

    def update_at(self, tensor: TensorId, step: int) -> OptimizerStepped | None:
        """The optimizer's step in which this step changed the tensor."""
        rows = self.updates.get(tensor, [])
        at = bisect_right(rows, step, key=_first_step) - 1
        return rows[at] if at >= 0 and step < max(rows[at].step, rows[at].first_step + 1) else None

    def last_update(self, tensor: TensorId, step: int) -> OptimizerStepped | None:
        """The last one that is over by this step."""
        rows = self.updates.get(tensor, [])
        at = bisect_right(rows, step + 1, key=_step)
        return rows[at - 1] if at else None

    def tangent_at(self, tensor: TensorId, step: int) -> Tangent | None:
        return last(self.tangents.get(tensor, ()), step)


def told(trace: Trace) -> Told:
    """Up to date."""
    return told_of(trace, index_of(trace))


def told_of(trace: Trace, index: Index) -> Told:
    """The same where the index is at hand."""
    kept = index.derived.setdefault("told", Told())
    assert isinstance(kept, Told)
    now = len(trace.hooks), len(trace.optimizer_steps), len(trace.tangents)
    if now != kept.taken:
        _catch_up(kept, trace, index)
        kept.taken = now
    return kept


def _catch_up(kept: Told, trace: Trace, index: Index) -> None:
    hooks, updates, tangents = kept.taken
    for hook in trace.hooks[hooks:]:
        kept.hooks_at[hook.step].append(hook)
        node = _node_of(hook, index)
        if node is not None:
            kept.hooks_of_node[node].append(hook)
        if hook.tensor is not None:
            kept.hooks_of_tensor[hook.tensor].append(hook)
    for update in trace.optimizer_steps[updates:]:
        for tensor in update.parameters:
            kept.updates[tensor].append(update)
    for tangent in trace.tangents[tangents:]:
        kept.tangents[tangent.tensor].append(tangent)


def _node_of(hook: HookRan, index: Index) -> NodeId | None:
    """A tensor's hooks are torch's prehooks of the node that its gradient goes to."""
    on_gradient = hook.kind in ("tensor", "post_accumulate")
    if hook.node is not None or hook.tensor not in index.tensors or not on_gradient:
        return hook.node
    leaf = index.accumulators.get(hook.tensor)
    return leaf[-1] if leaf else index.tensors[hook.tensor].grad_fn


def _first_step(update: OptimizerStepped) -> int:
    return update.first_step


def _step(update: OptimizerStepped) -> int:
    return update.step
