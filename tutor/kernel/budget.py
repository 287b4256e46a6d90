"""What a recording may grow to: the limits, and the one door through which its events leave the recorder.

While there is much room, every event goes out as it comes. Then each iteration is held until it is over: some are told,
the others are left out, and a gap says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from tutor.kernel.left_out import LeftOut
from tutor.kernel.measure import EVENT_BYTES, NUMBER_BYTES, size
from tutor.kernel.pace import ROOM_FOR, Pace, block_of
from tutor.kernel.renumbering import Renumbering
from tutor.protocol import BackwardId, Span, Step, StepKind, Tensor, TensorId, TraceEvent, Truncation

__all__ = ["DEFAULT_LIMITS", "Emit", "Limits", "Outlet", "size"]

Emit = Callable[[Sequence[TraceEvent]], None]
"""Takes records in their order: those of one step together, where they come together."""

_STREAMED = 1 / 2
"""The share of the budget up to which nothing is held back."""
_FIRST = 7 / 8
"""The share that one stretch without an end may take, a first iteration above all: the rest is for what comes after it."""
_LONG = 1 / 16
"""From this share on an iteration is over when the next backward begins, whether anything was computed or not."""
_VERY_LONG = 1 / 4
"""From this share on an iteration is over with any backward, even one whose gradients have a graph."""
_FAR_LARGER = 1.5
_HARDLY = 1 / 64
"""With less room than this share no recording goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`elements` are kept whole per tensor, statistics beyond; above `sample` elements statistics are sampled.

    A trace has at most about `events` records that take about `bytes` in memory. From half of that on only some
    iterations are kept, and none that is larger than what is left. A first iteration, or a program without a backward,
    is told up to seven eighths; after that the recording stops until a backward has ended.
    """

    elements: int = 1_024
    sample: int = 65_536
    events: int = 200_000
    bytes: int = 48_000_000


DEFAULT_LIMITS = Limits()


@dataclass(slots=True)
class _Held:
    """An iteration that is not told yet; its steps are `first_step` to before `end_step`, as the recorder counts."""

    number: int
    first_step: int
    events: list[TraceEvent] = field(default_factory=list)
    failed: bool = False
    end_step: int = 0
    size: tuple[int, int] = (0, 0)
    """Events and bytes."""


class Outlet:
    """Hands events on, counts them and their steps; holds iterations back, or closes, when the limits come near."""

    def __init__(self, emit: Emit, limits: Limits) -> None:
        self._out = emit
        self._emit = emit
        self.limits = limits
        self.open = True
        self.step = 0
        """The index that the next step will have, as the recorder counts."""
        self.over = False
        """Whether a backward has ended since this iteration began: the next tracked operation begins another."""
        self.first_untold: TensorId | None = None
        """The first tensor that was born in the iteration that ended last, where that was not told."""
        self.names: Callable[[], Mapping[str, TensorId]] = dict
        """Which tensor has a name; asked once, when iterations begin to be held back."""
        self.backwards_left_out = 0
        self.gathered: list[TraceEvent] | None = None
        """Where a step on its way is handed on as a whole: its events so far, which are counted as it ends."""
        self.numbers = 0
        """How many numbers lie in them."""

        self._forgotten = False
        self._full: Truncation | None = None
        self._events = 0
        self._bytes = 0
        self._most_events: float = limits.events * _FIRST
        self._most_bytes: float = limits.bytes * _FIRST
        self._iteration = 0
        self._base = (0, 0)
        """Events and bytes when this iteration began."""
        self._sizes: deque[int] = deque(maxlen=24)
        self._pace: Pace | None = None
        self._held: _Held | None = None
        self._waiting: _Held | None = None
        """The last complete iteration, which is told if none comes after it."""
        self._dropping = False
        """Whether what comes is left out, until the next backward has ended."""
        self._numbers = Renumbering()
        self._left = LeftOut(self._numbers)
        self._gaps = 0
        self._told_step = 0

    # ------------------------------------------------------------ events

    def put(self, event: TraceEvent, *, elements: int = 0) -> None:
        gathered = self.gathered
        if gathered is not None:
            gathered.append(event)
            self.numbers += elements
            return
        self._events += 1
        self._bytes += EVENT_BYTES + NUMBER_BYTES * elements
        self._emit((event,))

    def put_now(self, event: TraceEvent) -> None:
        """For what is told whatever becomes of its iteration; its step is `told_step`."""
        self._count(1, EVENT_BYTES)
        self._out((event,))

    def end_step(self, kind: StepKind, id: int, backward: BackwardId | None, span: Span | None) -> None:
        """A step is over, and goes out with what was gathered for it."""
        events = self.gathered or []
        self.gathered = None
        events.append(Step(kind=kind, id=id, backward=backward, span=span))
        count = len(events)
        self._events += count
        self._bytes += EVENT_BYTES * count + NUMBER_BYTES * self.numbers
        self.numbers = 0
        self._emit(events)
        self.step += 1

    @property
    def told_step(self) -> int:
        """The index that the next step that is told will have in the trace."""
        holds = self._dropping or self._held is not None
        return self._told_step if holds else self._numbers.steps.of(self.step)

    def _count(self, events: int, size: int) -> None:
        """What comes or goes beside the iteration in progress."""
        self._events += events
        self._bytes += size
        self._base = (self._base[0] + events, self._base[1] + size)

    # ------------------------------------------------------------ room

    @property
    def full(self) -> bool:
        """Whether the recording has stopped, until a backward has ended or for good."""
        return not self.open and not self._forgotten

    @property
    def is_behind(self) -> bool:
        """Whether a gap is to come, and the recorder has not seen all that it stands for."""
        return self._dropping and self.full

    @property
    def is_overdrawn(self) -> bool:
        """Whether a backward, which is told to its end, has taken more than there was."""
        return self._bytes > self.limits.bytes

    def has_room(self) -> bool:
        """Asked before each operation and backward; the first refusal says so in the trace."""
        if self.open and (self._events >= self._most_events or self._bytes >= self._most_bytes):
            self._close()
        return self.open

    def _close(self) -> None:
        if self._held is not None:
            self._make_room(self._held)
            if self._held is not None:
                return
        self.open = False
        if not self._dropping:
            limit = "events" if self._events >= self._most_events else "bytes"
            self._full = Truncation(limit=limit, what="later_operations", step=self.told_step)
            self._out((self._full,))

    def forget(self) -> None:
        """Stops for good, and tells nothing more."""
        self._forgotten = True
        self.open = self._dropping = False
        self._held = self._waiting = self._full = None
        self._emit = self._out = _ignore

    def _share(self, events: int, size: int) -> float:
        return max(events / self.limits.events, size / self.limits.bytes)

    @property
    def _used(self) -> float:
        return self._share(self._events, self._bytes)

    @property
    def _own(self) -> tuple[int, int]:
        """Events and bytes of the iteration in progress."""
        return self._events - self._base[0], self._bytes - self._base[1]

    # ------------------------------------------------------------ iterations

    @property
    def is_long(self) -> bool:
        """Whether the iteration in progress is so large that another backward begins a new one."""
        return self._share(*self._own) >= _LONG

    def backward_ended(self, *, goes_on: bool, failed: bool) -> bool:
        """An outermost backward is over. Returns whether a recording that had stopped can go on: then `reopen` it.

        `goes_on`: it has made a graph of its gradients, of which the iteration is likely to make more.
        """
        self.over |= not goes_on or self._share(*self._own) >= _VERY_LONG
        if self._waiting is not None and self.over:
            waiting, self._waiting = self._waiting, None
            self._leave_out(waiting)
        if self._held is not None:
            self._held.failed |= failed
        if self._forgotten or not (self._dropping or self.full):
            return False
        has_room = self._used < 1 - _HARDLY
        self._left.iterations += self._dropping and not has_room
        return has_room

    def reopen(self) -> None:
        """What the recorder has missed is put now; then the next iteration begins."""
        self.open = True
        # A first iteration that was told in part is none that was left out.
        self._left.iterations -= self._full is not None
        self._full = None
        self._count_missed()
        if not self._dropping:
            self._base = (self._events, self._bytes)
            self._start_dropping()

    def next_iteration(self) -> bool:
        """An iteration is complete, and the next one begins. Returns whether the one that ended was told."""
        self._iteration += 1
        self._sizes.append(self._own[0])
        last = self._share(*self._own)
        told = self._ended()
        if told:
            self._told_step = self._numbers.steps.of(self.step)
        self.over = False
        self._base = (self._events, self._bytes)
        if self._pace is not None or self._used >= _STREAMED or self._used + ROOM_FOR * last > 1:
            self._hold()
        return told

    def _ended(self) -> bool:
        held, self._held = self._held, None
        if held is not None:
            held.end_step, held.size = self.step, self._own
            if self._is_kept(held):
                self._tell_all(held)
                return True
            self._waiting = held
            self.first_untold = next((e.id for e in held.events if isinstance(e, Tensor)), None)
            return False
        if self._dropping:
            self._left.iterations += 1
            self._dropping = False
            return False
        return True

    def _is_kept(self, held: _Held) -> bool:
        assert self._pace is not None
        share = self._share(*self._own)
        return self._pace.keeps(held.number, used=self._used, size=share) or held.failed

    def _hold(self) -> None:
        if self._pace is None:
            self._pace = Pace(first=self._iteration, used=self._used, block=block_of([*self._sizes]))
            self._left.owners = dict(self.names())
        self._held = _Held(self._iteration, self.step)
        self._emit = self._take
        self._most_events, self._most_bytes = self.limits.events, self.limits.bytes

    def _take(self, events: Sequence[TraceEvent]) -> None:
        held = self._held
        assert held is not None
        held.events.extend(events)
        if self._events > self.limits.events or self._bytes > self.limits.bytes:
            self._make_room(held)

    # ------------------------------------------------------------ what is left out

    def _make_room(self, held: _Held) -> None:
        """The iteration in progress takes the place of the last complete one; far larger than that, it is given up."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._share(*self._own) <= _FAR_LARGER * self._share(*waiting.size):
            self._leave_out(waiting)
            return
        if waiting is not None:
            self._tell_all(waiting)
        self._give_up(held)

    def _give_up(self, held: _Held) -> None:
        """What is complete of the iteration stays."""
        self._held, rest = None, held.events
        if self.over:
            steps = [place for place, event in enumerate(held.events) if isinstance(event, Step)]
            end, held.end_step = steps[-1] + 1, held.first_step + len(steps)
            rest, held.events = held.events[end:], held.events[:end]
            self._tell_all(held)
            self._base = (self._events - len(rest), self._bytes - EVENT_BYTES * len(rest))
            self._iteration += 1
            self.over = False
        self._start_dropping()
        self._drop(rest)

    def _start_dropping(self) -> None:
        if self._emit != self._take:
            self._told_step = self._numbers.steps.of(self.step)
        self._dropping = self._left.anything = True
        self._emit = self._drop
        self._most_events = -1
        self.first_untold = None

    def _drop(self, events: Sequence[TraceEvent]) -> None:
        before = self._left.bytes
        for event in events:
            if self.first_untold is None and isinstance(event, Tensor):
                self.first_untold = event.id
            self._left.take(event)
        self._base = (self._base[0], self._base[1] + self._left.bytes - before)
        self._events, self._bytes = self._base

    def _leave_out(self, held: _Held) -> None:
        before = self._left.bytes
        for event in held.events:
            self._left.take(event)
        self._left.iterations += 1
        self._left.anything = True
        self._count(-len(held.events), self._left.bytes - before - held.size[1])

    def _count_missed(self) -> None:
        self._left.backwards += self.backwards_left_out
        self.backwards_left_out = 0

    # ------------------------------------------------------------ what is told

    def _tell(self, events: Sequence[TraceEvent]) -> None:
        told = []
        for event in events:
            renumbered = self._numbers.told(event)
            self._left.heard(event)
            if renumbered is not None:
                told.append(renumbered)
        self._out(told)

    def _tell_all(self, held: _Held) -> None:
        if self._left.anything:
            self._tell_gap(held.first_step)
        self._tell(held.events)
        self._told_step = self._numbers.steps.of(held.end_step)

    def _tell_gap(self, next_step: int) -> None:
        """What was left out lay before the step `next_step`, as the recorder counts."""
        rows = [*self._left.rows(self._told_step), Step(kind="gap", id=self._gaps)]
        self._out(rows)
        # What had changed was counted when it was taken in.
        self._count(len(rows), 2 * EVENT_BYTES)
        self._gaps += 1
        self._told_step += 1
        self._numbers.steps.resume(next_step, self._told_step)

    def settle(self) -> None:
        """Tells what is held: a cell or the run is over. What follows is told as it comes, until an iteration begins."""
        if self._waiting is not None:
            self._tell_all(self._waiting)
            self._waiting = None
        held, self._held = self._held, None
        if held is not None:
            held.end_step = self.step
            self._tell_all(held)
            self._emit = self._tell
        elif self._dropping:
            self._count_missed()
            self._tell_gap(self.step)
            self._dropping, self.open = False, True
            self._emit = self._tell
            self._most_events, self._most_bytes = self.limits.events, self.limits.bytes

    def end(self) -> None:
        """The run is over: tells how much was left out, where it was."""
        full = self._full
        if full is not None and full.backwards != self.backwards_left_out:
            self._full = structs.replace(full, backwards=self.backwards_left_out)
            self._out((self._full,))


def _ignore(events: Sequence[TraceEvent]) -> None:
    """A forked child's events are not the run's."""
