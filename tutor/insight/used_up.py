"""A second backward over a graph that is used up: which node it came to, what that had saved, and what freed it."""

from __future__ import annotations

from dataclasses import replace

from tutor.i18n import _
from tutor.insight.errors import Explanation, explain
from tutor.insight.node_text import freeing_line, is_freed, saved_names
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
    if not is_freed(trace, node, step):
        return ""
    index = index_of(trace)
    row = index.nodes[node]
    operation = index.operations[row.operation].span if row.operation is not None else None
    where = written(index.text(operation))
    name = _("{node} of {expression}").format(node=row.name, expression=where) if where else row.name
    names, line = ", ".join(saved_names(index, node)), freeing_line(trace, node)
    if not names or line is None:
        return _("Here it stopped at {node}: what that had saved is freed.").format(node=name)
    text = _(
        "Here it stopped at {node}: what that had saved ({names}) was freed by the backward of line {line}."
    )
    return text.format(node=name, names=names, line=line)
