"""What one step of the timeline is, in a few words: the expression, the node, the change. Names only, never a value."""

from __future__ import annotations

import re
from typing import assert_never

from tutor.i18n import _, ngettext
from tutor.protocol import NodeId, OperationId, Span, Step, TensorId
from tutor.trace.drawn import function_name, in_place
from tutor.trace.gradient_graph import gradient_graph, gradient_text
from tutor.trace.index import index_of
from tutor.trace.names import written
from tutor.trace.told import told
from tutor.trace.trace import Trace

_LONGEST = 32
_ASSIGNS = re.compile(r"(?<![=!<>:])=(?!=)")
_LOOP = re.compile(r"\bfor [^:]* in $")


def step_text(trace: Trace, step: int) -> str:
    """`a**3`, `MulBackward0`, `a.grad cleared`; empty before the first step."""
    if not 0 <= step < len(trace.steps):
        return ""
    row = trace.steps[step]
    match row.kind:
        case "operation":
            return _operation_text(trace, OperationId(row.id), step)
        case "node":
            return node_run_text(trace, NodeId(row.id))
        case "grad_changed" | "value_changed" | "flag_changed":
            return _change_text(trace, row, step)
        case "output":
            return _("output")
        case "error":
            return _error_type(trace, step) or _("error")
        case "gap":
            return _gap_text(trace.gaps[row.id].iterations)
        case _:
            assert_never(row.kind)


def _gap_text(iterations: int) -> str:
    if not iterations:
        return _("the rest of this iteration is left out")
    return ngettext("{n} iteration left out", "{n} iterations left out", iterations).format(n=iterations)


def _error_type(trace: Trace, step: int) -> str | None:
    """The program's error, or one that it caught."""
    raised = (trace.error, *(backward.error for backward in trace.backwards))
    return next((error.type for error in raised if error is not None and error.step == step), None)


def tensor_name(trace: Trace, tensor: TensorId, step: int) -> str | None:
    """The Python name that the tensor has (or last had) by this step."""
    index = index_of(trace)
    return index.name_at(tensor, step) or index.last_name(tensor, step) or None


def span_text(trace: Trace, span: Span | None) -> str | None:
    """The piece of source a span covers, on one line; None for a span of no source of this trace."""
    if span is None or not 0 <= span.source < len(trace.sources):
        return None
    return index_of(trace).text(span) or None


def _operation_text(trace: Trace, operation: OperationId, step: int) -> str:
    """`Q = 3 * a**3 - b**2`: the expression, behind the name that its result has by then; `y[0] = …` writes in place."""
    row = trace.operations[operation]
    text = _short(_expression(trace, operation))
    if in_place(row):
        part_alone = function_name(row.function) == "__setitem__" and not _ASSIGNS.search(text)
        return f"{text} = …" if part_alone else text
    head = _loop_head(trace, row.span)
    if head:
        return f"{head}{text}"
    names = [tensor_name(trace, output, step) for output in row.outputs[:1]]
    return f"{names[0]} = {text}" if names and names[0] and not text.startswith(f"{names[0]} ") else text


def _loop_head(trace: Trace, span: Span | None) -> str:
    """`for row in `, where the span is what a loop goes through."""
    before = "" if span is None else index_of(trace).lines(span)[: span.col]
    return before[before.rindex("for ") :] if _LOOP.search(before) else ""


def _expression(trace: Trace, operation: OperationId) -> str:
    row = trace.operations[operation]
    return span_text(trace, row.span) or row.function.rpartition(".")[2]


def node_run_text(trace: Trace, node: NodeId) -> str:
    """Nodes of one name are told apart by their expression."""
    row = trace.nodes[node]
    if row.tensor is not None:
        name = tensor_name(trace, row.tensor, len(trace.steps))
        return f"{row.name} → {name}.grad" if name else row.name
    if row.operation is None:
        text = _gradient_text(trace, node)
        return (
            _("{node} of {expression}").format(node=row.name, expression=_short(text)) if text else row.name
        )
    return _("{node} of {expression}").format(
        node=row.name, expression=_short(_expression(trace, row.operation))
    )


def _gradient_text(trace: Trace, node: NodeId) -> str:
    """How the result of a node of a gradient's own graph is written."""
    index = index_of(trace)
    made = gradient_graph(trace, index).of_node.get(node)
    outputs = index.operations[made].outputs if made is not None else []
    return written(gradient_text(index, outputs[0])) if outputs else ""


def _change_text(trace: Trace, row: Step, step: int) -> str:
    change = next((one for one in reversed(trace.changes) if one.step == step), None)
    name = tensor_name(trace, TensorId(row.id), step) or _("a tensor without a name")
    if change is None:
        return name
    match change.what:
        case "grad" if change.after is None:
            return _("{name}.grad cleared").format(name=name)
        case "grad":
            return _("{name}.grad changed").format(name=name)
        case "value":
            update = told(trace).update_at(change.tensor, step)
            if update is not None:
                return _("{name} updated by {optimizer}").format(name=name, optimizer=update.kind)
            return _("{name} changed in place").format(name=name)
        case "requires_grad":
            return _("requires_grad of {name} set").format(name=name)
        case "retains_grad":
            return _("{name}.grad will be kept").format(name=name)
        case _:
            assert_never(change.what)


def _short(text: str) -> str:
    """Long calls keep the function's name."""
    if len(text) <= _LONGEST:
        return text
    called = text.partition("(")[0]
    return f"{called}(…)" if called.replace(".", "").isidentifier() else text[: _LONGEST - 1] + "…"
