"""Facts about one backward: which nodes it needs, which it stopped at, which one is shown at a step."""

from __future__ import annotations

from bisect import bisect_right

from tutor.protocol import BackwardId, NodeId, TensorId
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
    ends = [n for t in backward.inputs if t in index.tensors for n in _nodes_of(t, index)]
    todo = [n for n in ends if n in reached]
    leading: set[NodeId] = set()
    while todo:
        node = todo.pop()
        if node in leading:
            continue
        leading.add(node)
        todo.extend(
            index.edges[e].from_ for e in index.edges_to.get(node, ()) if index.edges[e].from_ in reached
        )
    return leading


def _nodes_of(tensor: TensorId, index: Index) -> list[NodeId]:
    grad_fn = index.tensors[tensor].grad_fn
    return [grad_fn] if grad_fn is not None else index.accumulators.get(tensor, [])


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
    return (
        bool(backward.steps or backward.accumulations)
        or backward.end_step is None
        or failed_node(backward) is not None
    )


def has_ended(backward: Backward, step: int) -> bool:
    """Whether the step lies behind the backward's last one."""
    return backward.end_step is not None and backward.end_step <= step


def failed_node(backward: Backward) -> NodeId | None:
    """The node that raised, where the error came from one."""
    return backward.error.node if backward.error is not None else None
