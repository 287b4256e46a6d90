"""The `.grad` row: the number, or the reason for None (PyTorch: only leaves, and what retain_grad() asks for, keep it)."""

from __future__ import annotations

from bisect import bisect_right

from tutor.protocol import TensorId
from tutor.trace.index import GradEvent, Index, last
from tutor.trace.picture import GradReason, GradRow
from tutor.trace.shown import Covered, grad_covered, shown
from tutor.trace.trace import Trace


def grad_row(trace: Trace, index: Index, tensor: TensorId, step: int, covered: Covered) -> GradRow:
    """What `tensor.grad` is after `step`, and why it is None where it is."""
    event = index.grad_at(tensor, step)
    if event is not None and event.value is not None:
        shape = index.shape_of(tensor)
        return GradRow(shown(event.value, shape, grad_covered(tensor, index, covered)))
    reason = _reason(trace, index, tensor, step, event)
    line = event.span.line if reason == "cleared" and event is not None and event.span is not None else None
    return GradRow(None, reason, line)


def _reason(trace: Trace, index: Index, tensor: TensorId, step: int, event: GradEvent | None) -> GradReason:
    if not index.flag_at(tensor, step):
        return "no_requires_grad" if not _took_name_from_graded(index, tensor, step) else "moved_on"
    if not index.is_leaf_at(tensor, step) and not index.retains_at(tensor, step):
        return "passes" if _passed(index, tensor, step) else "not_leaf"
    cleared = event is not None and _was_cleared(index, tensor, step)
    since = event.step + 1 if event is not None and cleared else index.tensors[tensor].step
    if _backward_since(trace, since, step):
        return "not_reached"
    if _was_returned(trace, tensor, since, step):
        return "returned"
    if cleared:
        return "cleared"
    return "moved_on" if _took_name_from_graded(index, tensor, step) else "no_backward_yet"


def _was_cleared(index: Index, tensor: TensorId, step: int) -> bool:
    """Whether a number was there before it became None."""
    return any(e.value is not None for e in index.grads[tensor] if e.step <= step)


def _passed(index: Index, tensor: TensorId, step: int) -> bool:
    node = index.grad_fn_at(tensor, step)
    runs = index.runs.get(node) if node is not None else None
    return runs is not None and runs[0].step <= step


def _backward_since(trace: Trace, born: int, step: int) -> bool:
    """Whether a whole backward() (autograd.grad fills no `.grad`) ran while the tensor was there."""
    at = bisect_right(trace.backwards, born - 1, key=lambda b: b.first_step)
    for backward in trace.backwards[at:]:
        if backward.first_step > step:
            return False
        ended = backward.end_step is not None and backward.end_step - 1 <= step
        if ended and backward.parent is None and backward.entry != "autograd.grad" and backward.steps:
            return True
    return False


def _was_returned(trace: Trace, tensor: TensorId, since: int, step: int) -> bool:
    """Whether autograd.grad gave its gradient to the program, which leaves `.grad` as it was."""
    at = bisect_right(trace.backwards, since - 1, key=lambda b: b.first_step)
    begun = (b for b in trace.backwards[at:] if b.entry == "autograd.grad" and tensor in b.inputs)
    return any(b.end_step is not None and b.end_step - 1 <= step and b.error is None for b in begun)


def _took_name_from_graded(index: Index, tensor: TensorId, step: int) -> bool:
    """Whether its name belonged to another tensor that holds a gradient: `W = W - 0.1*W.grad`."""
    name = index.name_at(tensor, step)
    naming = last(index.namings.get(tensor, ()), step)
    if not name or naming is None:
        return False
    earlier = index.previous_owner(naming)
    if earlier is None or tensor not in index.made_by:
        return False
    grad = index.grad_at(earlier.tensor, step)
    return grad is not None and grad.value is not None and _derived(index, tensor, earlier.tensor)


def _derived(index: Index, tensor: TensorId, source: TensorId, depth: int = 8) -> bool:
    """Whether the tensor was computed from `source`."""
    todo = [(tensor, depth)]
    seen: set[TensorId] = set()
    while todo:
        found, left = todo.pop()
        if found == source:
            return True
        made = index.made_by.get(found)
        if made is None or left == 0 or found in seen:
            continue
        seen.add(found)
        todo.extend((t, left - 1) for t in index.operations[made].inputs)
    return False
