"""Which saved tensors a backward has freed: asked before a second backward is explained, or an edge is drawn as gone."""

from __future__ import annotations

from tutor.protocol import Data, Node, NodeId
from tutor.trace.index import index_of
from tutor.trace.trace import Trace

_HOLDS_A_FUNCTION = "CopySlices"
"""The node of a write into a view: what it frees is the written function itself."""


def freed_at(trace: Trace, node: NodeId) -> int | None:
    """The step after which the node's saved tensors are gone; None while they are there, or where it saved none.

    The engine lets them go right behind the node's run, unless the backward was told to retain the graph.
    """
    index = index_of(trace)
    found = index.nodes.get(node)
    if found is None or not _saves_tensors(found):
        return None
    freeing = (run.step for run in index.runs.get(node, ()) if not trace.backwards[run.backward].retain_graph)
    return next(freeing, None)


def keeps_tensors(node: Node) -> bool:
    """Whether it has saved a tensor: without one a node stays usable."""
    return any(isinstance(kept, dict) and "tensor" in kept for kept in node.saved.values())


def _saves_tensors(node: Node) -> bool:
    kept = (saved for name, saved in node.saved.items() if not name.startswith("ctx."))
    return node.name == _HOLDS_A_FUNCTION or any(map(_is_tensor, kept))


def _is_tensor(saved: Data) -> bool:
    if isinstance(saved, list):
        return any(map(_is_tensor, saved))
    return isinstance(saved, dict)
