"""The run as a line of steps: its forward and backward stretches, its iterations, and the marks to jump to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.trace.index import index_of
from tutor.trace.iterations import Iteration, iterations
from tutor.trace.trace import Backward, Trace

SegmentKind = Literal["forward", "backward", "other", "gap"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Steps `first` to before `end` of one kind; `label` is the iteration's number, from 1.

    A gap is one step, and stands for `left_out` iterations. Of several backwards in one iteration `run` counts each from 1.
    """

    first: int
    end: int
    kind: SegmentKind
    label: int
    left_out: int = 0
    run: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """Steps `first` to before `end`, to which one may want to jump: an iteration, or a backward of a single one."""

    number: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """`count` steps; `marks` are the last steps of the stretches: just before and at the end of each backward."""

    count: int
    segments: tuple[Segment, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    marks: tuple[int, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The iterations as the program counted them; without several the backwards; none where there is but one."""
        if len(self.iterations) > 1:
            kept = (i for i in self.iterations if i.end_step > i.first_step + bool(i.left_out))
            return tuple(Turn(i.number, i.first_step + bool(i.left_out), i.end_step) for i in kept)
        runs = [s for s in self.segments if s.run]
        return tuple(Turn(s.run, s.first, s.end) for s in runs)


def turn_at(turns: Sequence[Turn], step: int) -> Turn | None:
    """The last one that has begun by the step; the first one before that."""
    at = bisect_right(turns, step, key=lambda turn: turn.first)
    return turns[max(at - 1, 0)] if turns else None


def same_place(here: Turn, there: Turn, step: int) -> int:
    """The step of another turn that is as far in it as `step` is in this one."""
    return max(there.first, min(there.first + step - here.first, there.end - 1))


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
    runs = 0
    several = len(iteration.backwards) > 1
    for backward in (trace.backwards[b] for b in iteration.backwards):
        end = _end(backward, iteration)
        if backward.first_step > at:
            segments.append(_between(trace, iteration, at, backward.first_step, leading=at == first))
        if end > backward.first_step:
            runs += several
            segments.append(Segment(backward.first_step, end, "backward", iteration.number, run=runs))
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
