"""The ids and steps that a trace tells, where iterations were left out: what is kept is numbered as if it were all."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import inf


@dataclass(slots=True)
class _LeftOut:
    """Numbers `first` to before `end`; `before` is how many were left out ahead of them."""

    first: int
    end: int
    before: int

    @property
    def total(self) -> int:
        return self.before + self.end - self.first


class Numbers:
    """One kind of ids, as the recorder counts them → as the trace tells them. Those that were left out have none."""

    def __init__(self) -> None:
        self._left_out: list[_LeftOut] = []

    def leave_out(self, number: int) -> None:
        """The highest number so far, or one beside those that were left out last, is not told."""
        last = self._left_out[-1] if self._left_out else None
        if last is not None and number == last.end:
            last.end += 1
        elif last is not None and number == last.first - 1:
            last.first -= 1
        else:
            before = 0 if last is None else last.total
            self._left_out.append(_LeftOut(number, number + 1, before))

    def of(self, number: int) -> int | None:
        """Raises nothing: None for a number that was left out."""
        at = bisect_right(self._left_out, number, key=_first) - 1
        if at < 0:
            return number
        stretch = self._left_out[at]
        return None if number < stretch.end else number - stretch.total


def _first(stretch: _LeftOut) -> int:
    return stretch.first


@dataclass(slots=True)
class _Stretch:
    """Steps that are told one after the other: the recorder's `first` is the trace's `told`; before `end` in the trace."""

    first: int
    told: int
    end: float = inf


class Steps:
    """Steps, as the recorder counts them → as the trace tells them. Those that were left out are the gap's."""

    def __init__(self) -> None:
        self._stretches = [_Stretch(0, 0)]

    def resume(self, first: int, told: int) -> None:
        """After a gap, which is the step before `told`, the recorder's step `first` is told as `told`."""
        self._stretches[-1].end = told - 1
        self._stretches.append(_Stretch(first, told))

    def of(self, step: int) -> int:
        # The step before a stretch is its gap, even where the recorder counted no step in between.
        at = max(bisect_right(self._stretches, step + 1, key=_start) - 1, 0)
        stretch = self._stretches[at]
        return int(min(step - stretch.first + stretch.told, stretch.end))


def _start(stretch: _Stretch) -> int:
    return stretch.first
