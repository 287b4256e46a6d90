"""Facts about one backward: which nodes it needs, which it stopped at, which one is shown at a step."""

from __future__ import annotations

from bisect import bisect_right

from tutor.protocol import BackwardId, NodeId
from tutor.trace.index import Index
from tutor.trace.trace import Backward, Trace


def needed_nodes(trace: Trace, index: Index, key: BackwardId) -> frozenset[NodeId]:
    """The nodes that this backward has to run: reachable from its roots, and (with `inputs`) leading to one of them."""
    kept = index.derived.setdefault("needed", {})
    assert isinstance(kept, dict)
    if key not in kept:
        kept[key] = _needed(trace.backwards[key], index)
    found = kept[key]
    assert isinstance(found, frozenset)
    return found


def _needed(backward: Backward, index: Index) -> frozenset[NodeId]:
    reached: set[NodeId] = set()
    order: list[NodeId] = []
    todo = list(backward.roots)
    while todo:
        node = todo.pop()
        if node in reached:
            continue
        reached.add(node)
        order.append(node)
        todo.extend(index.edges[e].to for e in index.edges_from.get(node, ()))
    return frozenset(_leading_to(backward, reached, index) if backward.inputs else reached)


def _leading_to(backward: Backward, reached: set[NodeId], index: Index) -> set[NodeId]:
    ends = {
        index.accumulators.get(t, index.tensors[t].grad_fn) for t in backward.inputs if t in index.tensors
    }
    todo = [n for n in ends if n in reached]
    leading: set[NodeId] = set()
    while todo:
        node = todo.pop()
        if node is None or node in leading:
            continue
        leading.add(node)
        todo.extend(
            index.edges[e].from_ for e in index.edges_to.get(node, ()) if index.edges[e].from_ in reached
        )
    return leading


def backward_at(trace: Trace, step: int, *, since: int = 0) -> Backward | None:
    """The last outermost backward that has begun by `step` (and not before step `since`) and did anything."""
    at = bisect_right(trace.backwards, step, key=lambda b: b.first_step)
    for backward in reversed(trace.backwards[:at]):
        if backward.first_step < since:
            return None
        if backward.parent is None and _is_seen(backward):
            return backward
    return None


def _is_seen(backward: Backward) -> bool:
    return bool(backward.steps or backward.accumulations) or backward.end_step is None


def has_ended(backward: Backward, step: int) -> bool:
    """Whether the step lies behind the backward's last one."""
    return backward.end_step is not None and backward.end_step <= step


def failed_node(trace: Trace, index: Index, backward: Backward) -> NodeId | None:
    """The node that raised: the recorder's word, or the one that was next in the engine's order."""
    if backward.error is None:
        return None
    if backward.error.node is not None:
        return backward.error.node
    ran = {run.node for run in backward.steps}
    waiting = needed_nodes(trace, index, backward.id) - ran
    ready = [
        n for n in waiting if not any(index.edges[e].from_ in waiting for e in index.edges_to.get(n, ()))
    ]
    return max(ready, key=lambda n: (index.nodes[n].sequence or -1, -n), default=None)
