"""The iterations of a trace: what was computed since the last backward ended, and the backward that consumes it.

What follows a backward (prints, an update, zero_grad) belongs to its iteration; the next one begins with the next tracked
operation, or with an evaluation under no_grad, or with the gap where iterations were left out.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from tutor.protocol import BackwardId, Operation, Step, TensorId
from tutor.trace.drawn import in_place, is_drawn, is_gradient, is_tracked, zone_of
from tutor.trace.gradient_graph import gradient_graph
from tutor.trace.index import Index, index_of
from tutor.trace.trace import Backward, Trace


@dataclass(frozen=True, slots=True)
class Iteration:
    """Steps `first_step` to before `end_step`, and the (outermost) backwards in them.

    `index` is its place among those that were kept; `number` counts from 1 as the program did, the `left_out` ones
    just before it (whose gap is its first step) included.
    """

    index: int
    first_step: int
    end_step: int
    backwards: tuple[BackwardId, ...]
    number: int = 1
    left_out: int = 0


def iterations(trace: Trace) -> tuple[Iteration, ...]:
    """At least one, in order and without gaps; the last one grows while the run goes on."""
    index = index_of(trace)
    gradient_graph(trace, index)
    kept = index.derived.setdefault("iterations", _Kept())
    assert isinstance(kept, _Kept)
    if kept.stamp != index.stamp:
        _extend(trace, index, kept)
        index.derived["settled until"] = kept.found[-2].first_step if len(kept.found) > 1 else 0
        kept.stamp = index.stamp
    return kept.found


def iteration_at(trace: Trace, step: int) -> Iteration:
    """The iteration that the step belongs to (the first one before the first step)."""
    found = iterations(trace)
    return found[max(0, bisect_right(found, step, key=lambda i: i.first_step) - 1)]


@dataclass(frozen=True, slots=True)
class _Start:
    """The first step of an iteration; from step `resume` on it is looked for where the next one starts."""

    step: int
    resume: int
    evaluating: bool = False
    """It began as an evaluation, of which a training's turn may follow."""


@dataclass(slots=True)
class _Kept:
    stamp: tuple[int, ...] = ()
    found: tuple[Iteration, ...] = ()
    starts: tuple[_Start, ...] = ()


def _extend(trace: Trace, index: Index, kept: _Kept) -> None:
    """Works the last two iterations out anew: what follows the last backward may belong to a next one by now."""
    known = kept.starts[:-1] or (_Start(0, 0),)
    found = list(kept.found[: len(known) - 1])
    starts = _starts(trace, index, known[-1])
    ends = [*(start.step for start in starts[1:]), len(trace.steps)]
    for start, end in zip(starts, ends, strict=True):
        left_out = _left_out(trace, start.step)
        # A gap at the very end is behind all that there is: no iteration begins with it.
        own = left_out is None or end > start.step + 1
        number = (found[-1].number if found else 0) + (left_out or 0) + own
        span = Iteration(len(found), start.step, end, (), number, left_out or 0)
        found.append(replace(span, backwards=_backwards_in(trace, span)))
    kept.found, kept.starts = tuple(found), (*known[:-1], *starts)


def _left_out(trace: Trace, step: int) -> int | None:
    """How many iterations the gap at this step stands for; None where there is no gap."""
    row = trace.steps[step] if step < len(trace.steps) else None
    return trace.gaps[row.id].iterations if row is not None and row.kind == "gap" else None


def _starts(trace: Trace, index: Index, start: _Start) -> list[_Start]:
    """This start and those after it."""
    starts = [start]
    consumed_at = _next_end(trace, index, start.step)
    opening = _forward(trace.steps[start.resume - 1], index) if start.resume > start.step else None
    computed: set[TensorId] = set(opening.outputs) if opening is not None else set()
    for number in range(start.resume, len(trace.steps)):
        if trace.steps[number].kind == "gap" and number > start.step:
            starts.append(_Start(number, number + 1))
            consumed_at, computed = _next_end(trace, index, number), set()
        operation = _forward(trace.steps[number], index)
        if operation is None:
            continue
        if is_tracked(operation) or not computed.isdisjoint(operation.inputs):
            computed.update(operation.outputs)
        evaluating = starts[-1].evaluating
        closed = consumed_at is not None and number >= consumed_at
        if is_tracked(operation) and (closed or evaluating):
            first = _rewound(trace, index, number, floor=starts[-1].step)
            if evaluating and first == starts[-1].step:
                starts.pop()
            starts.append(_Start(first, number + 1))
            consumed_at, computed = _next_end(trace, index, first), set(operation.outputs)
        elif closed and not evaluating and _is_evaluation(index, operation, computed):
            starts.append(_Start(number, number + 1, evaluating=True))
    return starts


def _forward(step: Step, index: Index) -> Operation | None:
    if step.kind != "operation" or step.backward is not None:
        return None
    return index.operations.get(step.id)  # type: ignore[call-overload, no-any-return]


def _next_end(trace: Trace, index: Index, start: int) -> int | None:
    """Where the first backward from `start` on ended that did any work, and whose own graph nothing goes on with."""
    at = bisect_right(trace.backwards, start - 1, key=lambda b: b.first_step)
    for backward in trace.backwards[at:]:
        # One without a single step, which ended where this iteration starts, was the last iteration's.
        over = backward.end_step is not None and backward.end_step <= start
        if not over and _worked(backward) and not _goes_on(trace, index, backward):
            return backward.end_step
    return None


def _goes_on(trace: Trace, index: Index, backward: Backward) -> bool:
    """Whether what follows is computed from its gradients: a gradient penalty, a second derivative."""
    if not backward.create_graph:
        return False
    return not gradient_graph(trace, index).used.isdisjoint(index.created.get(backward.id, ()))


def _worked(backward: Backward) -> bool:
    return backward.parent is None and bool(backward.steps or backward.accumulations or backward.results)


def _backwards_in(trace: Trace, span: Iteration) -> tuple[BackwardId, ...]:
    at = bisect_right(trace.backwards, span.first_step - 1, key=lambda b: b.first_step)
    end = bisect_right(trace.backwards, span.end_step, key=lambda b: b.first_step)
    last = span.end_step == len(trace.steps)
    return tuple(
        b.id for b in trace.backwards[at:end] if b.parent is None and (b.first_step < span.end_step or last)
    )


def _rewound(trace: Trace, index: Index, number: int, floor: int) -> int:
    """The first of the untracked preparations (a batch reshaped, a label cast) right before a tracked operation."""
    while number > floor + 1 or (number > floor and floor > 0):
        operation = _forward(trace.steps[number - 1], index)
        if operation is None or not _is_preparation(operation, index):
            return number
        number -= 1
    return number


def _is_preparation(operation: Operation, index: Index) -> bool:
    if is_tracked(operation) or in_place(operation) or zone_of(operation) != "none":
        return False
    return bool(operation.outputs) and not any(is_gradient(t, index) for t in operation.inputs)


def _is_evaluation(index: Index, operation: Operation, computed: set[TensorId]) -> bool:
    """A computation under no_grad that is neither an update nor made from what this iteration computed."""
    if zone_of(operation) == "none" or in_place(operation) or not is_drawn(operation, index):
        return False
    if ".grad" in index.lines(operation.span):
        return False
    return computed.isdisjoint(operation.inputs)
