"""What a recording may grow to: the limits, and the one door through which its events leave the recorder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from tutor.protocol import BackwardId, Data, Span, Step, StepKind, TraceEvent, Truncation

_EVENT_BYTES = 300
"""A record without values, as it lies in memory; measured on a mixed trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`elements` are kept whole per tensor, statistics beyond; above `sample` elements statistics are sampled."""

    elements: int = 1_024
    sample: int = 65_536
    events: int = 200_000
    bytes: int = 48_000_000


DEFAULT_LIMITS = Limits()


class Outlet:
    """Hands events on, counts them and their steps, and closes for good when a limit is reached."""

    def __init__(self, emit: Callable[[TraceEvent], None], limits: Limits) -> None:
        self._emit = emit
        self.limits = limits
        self.open = True
        self.step = 0
        """The index that the next step will have."""

        self.backwards_left_out = 0
        self._full: Truncation | None = None
        self._events = 0
        self._bytes = 0

    def put(self, event: TraceEvent, *, elements: int = 0) -> None:
        self._events += 1
        self._bytes += _EVENT_BYTES + 32 * elements
        self._emit(event)

    def end_step(self, kind: StepKind, id: int, backward: BackwardId | None, span: Span | None) -> None:
        self.put(Step(kind=kind, id=id, backward=backward, span=span))
        self.step += 1

    @property
    def full(self) -> bool:
        return self._full is not None

    def has_room(self) -> bool:
        """Asked before each operation and backward; the first refusal says so in the trace."""
        if self.open and (self._events >= self.limits.events or self._bytes >= self.limits.bytes):
            self._close()
        return self.open

    def _close(self) -> None:
        self.open = False
        limit = "events" if self._events >= self.limits.events else "bytes"
        self._full = Truncation(limit=limit, what="later_operations", step=self.step)
        self._emit(self._full)

    def end(self) -> None:
        """The run is over: tells how much was left out, where it was."""
        full = self._full
        if full is not None and full.backwards != self.backwards_left_out:
            self._full = structs.replace(full, backwards=self.backwards_left_out)
            self._emit(self._full)


def size(data: Data) -> int:
    """How many numbers lie in plain data (the first row stands for all)."""
    if isinstance(data, dict):
        return sum(size(part) for part in data.values())
    if not isinstance(data, list) or not data:
        return 1
    return len(data) * size(data[0])
