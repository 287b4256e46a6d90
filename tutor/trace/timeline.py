"""The run as a line of steps: its forward and backward stretches, its iterations, and the marks to jump to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tutor.trace.index import index_of
from tutor.trace.iterations import Iteration, iterations
from tutor.trace.trace import Backward, Trace

SegmentKind = Literal["forward", "backward", "other", "gap"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Steps `first` to before `end` of one kind; `label` is the iteration's number, from 1.

    A gap is one step, and stands for `left_out` iterations.
    """

    first: int
    end: int
    kind: SegmentKind
    label: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """`count` steps; `marks` are the last steps of the stretches: just before and at the end of each backward."""

    count: int
    segments: tuple[Segment, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    marks: tuple[int, ...] = ()


def timeline(trace: Trace) -> Timeline:
    """The stretches cover all steps, in order and without gaps."""
    index = index_of(trace)
    kept = index.derived.get("timeline")
    if isinstance(kept, tuple) and kept[0] == index.stamp:
        assert isinstance(kept[1], Timeline)
        return kept[1]
    found = iterations(trace)
    segments = tuple(s for i in found for s in _segments(trace, i))
    marks = tuple(sorted({s.end - 1 for s in segments if s.kind in ("forward", "backward")}))
    result = Timeline(len(trace.steps), segments, found, marks)
    index.derived["timeline"] = (index.stamp, result)
    return result


def _segments(trace: Trace, iteration: Iteration) -> list[Segment]:
    segments: list[Segment] = []
    at = iteration.first_step
    if trace.steps[at : at + 1] and trace.steps[at].kind == "gap":
        segments.append(Segment(at, at + 1, "gap", iteration.number, iteration.left_out))
        at += 1
    first = at
    for backward in (trace.backwards[b] for b in iteration.backwards):
        end = _end(backward, iteration)
        if backward.first_step > at:
            segments.append(_between(trace, iteration, at, backward.first_step, leading=at == first))
        if end > backward.first_step:
            segments.append(Segment(backward.first_step, end, "backward", iteration.number))
        at = max(at, end)
    if at < iteration.end_step:
        segments.append(_between(trace, iteration, at, iteration.end_step, leading=at == first))
    return segments


def _end(backward: Backward, iteration: Iteration) -> int:
    return iteration.end_step if backward.end_step is None else min(backward.end_step, iteration.end_step)


def _between(trace: Trace, iteration: Iteration, first: int, end: int, *, leading: bool) -> Segment:
    """Forward where something is computed: before the first backward, or by a tracked operation after one."""
    computes = leading and any(trace.steps[s].kind == "operation" for s in range(first, end))
    return Segment(first, end, "forward" if computes else "other", iteration.number)
