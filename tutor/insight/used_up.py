"""A second backward over a graph that is used up: which node it came to, what that had saved, and what freed it."""

from __future__ import annotations

from dataclasses import replace

from tutor.i18n import _
from tutor.insight.errors import Explanation, explain
from tutor.insight.node_text import freed_lines, saved_names
from tutor.protocol import Failure, NodeId
from tutor.trace.index import index_of
from tutor.trace.names import written
from tutor.trace.trace import Trace

USED_TWICE = "backward-twice"


def explain_in(trace: Trace, failure: Failure) -> Explanation | None:
    """The explanation of an error, with what this run's trace adds to it."""
    found = explain(failure)
    if found is None or found.id != USED_TWICE or failure.node is None:
        return found
    said = used_up(trace, failure.node, failure.step)
    return replace(found, cause=f"{found.cause} {said}") if said else found


def used_up(trace: Trace, node: NodeId, step: int) -> str:
    """Which node it was; "" where nothing is known to have freed it."""
    freed = freed_lines(trace, node, step)
    if not freed:
        return ""
    index = index_of(trace)
    row = index.nodes[node]
    operation = index.operations[row.operation].span if row.operation is not None else None
    where = written(index.text(operation))
    name = _("{node} of {expression}").format(node=row.name, expression=where) if where else row.name
    names = ", ".join(saved_names(index, node))
    if not names:
        return _("Here it stopped at {node}: {freed}.").format(node=name, freed=freed[0])
    return _("Here it stopped at {node}, which had saved {names}: {freed}.").format(
        node=name, names=names, freed=freed[0]
    )
