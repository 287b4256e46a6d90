"""The trace of a run that broke off in the middle of a step: what was told whole, and how it ended.

A process that is killed, an interrupt that strikes inside the recorder, or a fault of the recorder's leaves rows that
name others which never came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from tutor.protocol import Failure, Output, Source, Step, TraceEvent, Truncation, Warned
from tutor.trace.file.references import first_fault
from tutor.trace.trace import Trace


def whole_trace(events: Sequence[TraceEvent]) -> Trace:
    """All events as a trace, if they are sound; else those up to the last sound step, and of the rest what needs none.

    That is: what the program printed, its warnings, its texts and the failure that ended it.
    """
    trace = _trace(events, len(events))
    if first_fault(trace) is None:
        return trace
    ends = [0, *(place + 1 for place, event in enumerate(events) if isinstance(event, Step))]
    return _trace(events, ends[_last_sound(events, ends)])


def _trace(events: Sequence[TraceEvent], end: int) -> Trace:
    """The events before `end`, and what needs none of the others."""
    trace = Trace()
    trace.extend(events[:end])
    trace.extend(_independent(events[end:], len(trace.steps), len(trace.outputs)))
    return trace


def _independent(events: Sequence[TraceEvent], step: int, outputs: int) -> Iterator[TraceEvent]:
    """`step` and `outputs`: how many there are before."""
    for event in events:
        match event:
            case Source() | Warned() | Truncation(step=None):
                yield event
            case Output():
                yield structs.replace(event, step=step)
                yield Step(kind="output", id=outputs, span=event.span)
                step, outputs = step + 1, outputs + 1
            case Failure():
                yield structs.replace(event, step=step, backward=None, node=None)
            case Truncation():
                yield structs.replace(event, step=min(step, event.step or 0))
            case Step(kind="error"):
                yield structs.replace(event, backward=None)
                step += 1


def _last_sound(events: Sequence[TraceEvent], ends: Sequence[int]) -> int:
    """Which of the ends of steps is the last one up to which all is sound: near the end, most often."""
    last = len(ends) - 1
    back = 0
    while back < last and not _is_sound(events, ends[last - back]):
        back = max(1, 2 * back)
    low, high = max(last - back, 0), last - back // 2
    while low < high:
        middle = (low + high + 1) // 2
        if _is_sound(events, ends[middle]):
            low = middle
        else:
            high = middle - 1
    return low


def _is_sound(events: Sequence[TraceEvent], end: int) -> bool:
    return first_fault(_trace(events, end)) is None
