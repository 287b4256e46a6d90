"""What a training looks like from afar: for each backward its loss, and how large each parameter's gradient was then.

Only numbers that the run has computed: losses are the values of the tensors whose backward ran, norms those of `.grad`
just after it (of what `autograd.grad` returned). Read once, as they come.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tutor.protocol import Data, Stats, TensorId
from tutor.trace.index import Index, index_of
from tutor.trace.names import short_name
from tutor.trace.shown import NOTHING, Covered, grad_covered, shown, value_covered
from tutor.trace.trace import Backward, Trace
from tutor.trace.values import dense, elements


@dataclass(frozen=True, slots=True)
class Point:
    """`number` counts the backwards from 1 as the program did; `step` is the last one of this backward."""

    number: int
    step: int
    value: float
    sampled: bool = False
    """A norm that was estimated from a sample of the gradient's elements."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One tensor's points in time's order; a tensor that takes another's name over goes on with its curve."""

    name: str
    tensor: TensorId
    points: tuple[Point, ...]
    covered: bool = False

    @property
    def peak(self) -> float:
        """The largest finite value; -inf without one."""
        return max((p.value for p in self.points if math.isfinite(p.value)), default=-math.inf)

    @property
    def sampled(self) -> bool:
        return any(p.sampled for p in self.points)


@dataclass(frozen=True, slots=True)
class Curves:
    """`count` backwards, those that were left out included; curves in the order in which their tensors were born."""

    count: int = 0
    losses: tuple[Curve, ...] = ()
    norms: tuple[Curve, ...] = ()
    ends: tuple[tuple[int, int], ...] = ()
    """(last step, number) of each backward that was kept, in order."""

    def place_of(self, step: int) -> float:
        """Where a step lies on the axis of backwards: at its number when one ends, between two on the way there."""
        at = bisect_right(self.ends, step, key=lambda end: end[0])
        before, number = self.ends[at - 1] if at else (-1, 0)
        if at == len(self.ends):
            return float(number)
        after, following = self.ends[at]
        return number + (following - number) * (step - before) / (after - before)

    @property
    def gaps(self) -> tuple[int, ...]:
        """The numbers after which backwards were left out."""
        numbers = [0, *(number for _step, number in self.ends)]
        return tuple(here for here, there in pairwise(numbers) if there > here + 1)

    def step_at(self, place: float) -> int | None:
        """The last step of the backward nearest to this place of the axis."""
        return min(self.ends, key=lambda end: abs(end[1] - place), default=(None, 0))[0]


def curves(trace: Trace, covered: Covered = NOTHING) -> Curves:
    """All that is known by now. What is covered has a curve without points."""
    index = index_of(trace)
    kept = index.derived.setdefault("curves", _Kept())
    assert isinstance(kept, _Kept)
    kept.catch_up(trace, index)
    losses = tuple(_curve(row, value_covered(row.tensor, index, covered)) for row in kept.losses.all)
    norms = tuple(_curve(row, grad_covered(row.tensor, index, covered)) for row in kept.norms.all)
    return Curves(kept.number, losses, norms, tuple(kept.ends))


@dataclass(slots=True)
class _Row:
    name: str
    born: TensorId
    tensor: TensorId
    points: list[Point] = field(default_factory=list)


@dataclass(slots=True)
class _Rows:
    """Curves under way. A tensor keeps its own; a new one goes on with that of its name, unless that has a point already."""

    all: list[_Row] = field(default_factory=list)
    of: dict[TensorId, _Row] = field(default_factory=dict)
    named: dict[str, list[_Row]] = field(default_factory=dict)

    def add(self, index: Index, tensor: TensorId, point: Point) -> None:
        name = short_name(index, tensor, point.step)
        row = self.of.get(tensor) or self._of_name(name, tensor, point.number)
        row.tensor = tensor
        self.of[tensor] = row
        row.points.append(point)

    def _of_name(self, name: str, tensor: TensorId, number: int) -> _Row:
        rows = self.named.setdefault(name, [])
        for row in rows:
            if row.points[-1].number < number:
                return row
        row = _Row(f"{name} ({len(rows) + 1})" if rows else name, tensor, tensor)
        rows.append(row)
        insort(self.all, row, key=lambda one: one.born)
        return row


@dataclass(slots=True)
class _Kept:
    """What was read so far: all backwards before number `taken` of the trace's list."""

    taken: int = 0
    gaps: int = 0
    number: int = 0
    losses: _Rows = field(default_factory=_Rows)
    norms: _Rows = field(default_factory=_Rows)
    ends: list[tuple[int, int]] = field(default_factory=list)

    def catch_up(self, trace: Trace, index: Index) -> None:
        """One that still runs waits until it ends."""
        while self.taken < len(trace.backwards) and trace.backwards[self.taken].end_step is not None:
            backward = trace.backwards[self.taken]
            self.taken += 1
            self._pass_gaps(trace, backward.first_step)
            if backward.parent is None and (backward.steps or backward.accumulations or backward.results):
                self._take(index, backward)

    def _pass_gaps(self, trace: Trace, step: int) -> None:
        while self.gaps < len(trace.gaps) and trace.gaps[self.gaps].step < step:
            self.number += trace.gaps[self.gaps].backwards
            self.gaps += 1

    def _take(self, index: Index, backward: Backward) -> None:
        assert backward.end_step is not None
        self.number += 1
        end = max(backward.end_step - 1, backward.first_step)
        if self.ends and self.ends[-1][0] >= end:
            end = self.ends[-1][0] + 1
        self.ends.append((end, self.number))
        for tensor in dict.fromkeys(backward.root_tensors):
            value = _loss(index, tensor, backward.first_step)
            if value is not None:
                self.losses.add(index, tensor, Point(self.number, end, value))
        for tensor, data in _gradients(index, backward):
            found = _norm(data)
            if found is not None:
                self.norms.add(index, tensor, Point(self.number, end, *found))


def _curve(row: _Row, covered: bool) -> Curve:
    return Curve(row.name, row.tensor, () if covered else tuple(row.points), covered)


def _loss(index: Index, tensor: TensorId, step: int) -> float | None:
    """The value of a tensor of one element, as it was when its backward began."""
    value = index.value_at(tensor, step) if tensor in index.tensors else None
    if value is None or isinstance(value.value, dict):
        return None
    numbers = elements(value.value)
    if len(numbers) != 1 or numbers[0] is None or isinstance(numbers[0], bool):
        return None
    return float(numbers[0])


def _gradients(index: Index, backward: Backward) -> Iterator[tuple[TensorId, Data]]:
    """What stood in each leaf's `.grad` afterwards, or was returned for it."""
    after = {sum_.tensor: sum_.after for sum_ in backward.accumulations}
    if not after and backward.entry == "autograd.grad":
        after = dict(zip(backward.inputs, backward.results, strict=False))
    for tensor, data in after.items():
        if tensor in index.tensors and index.is_leaf_at(tensor, backward.first_step):
            yield tensor, data


def _norm(data: Data) -> tuple[float, bool] | None:
    """The square root of the sum of squares, and whether only a sample of them is known. NaN where an element is."""
    if isinstance(data, dict) and "indices" not in data:
        return _norm_told(shown(data, ()).stats)
    whole = dense(data)
    if whole is None:
        return None
    numbers = np.asarray(whole, float)
    if not np.all(np.isfinite(numbers)):
        return (math.nan if np.any(np.isnan(numbers)) else math.inf), False
    largest = float(np.max(np.abs(numbers), initial=0.0))
    scaled = numbers / largest if largest else numbers
    return largest * math.sqrt(float(np.sum(scaled * scaled))), False


def _norm_told(stats: Stats | None) -> tuple[float, bool] | None:
    """As torch computed it; it is that of the finite elements, and stands for no gradient that has others."""
    if stats is None:
        return None
    if stats.nonfinite:
        return math.nan, stats.sampled
    return None if stats.norm is None else (stats.norm, stats.sampled)
