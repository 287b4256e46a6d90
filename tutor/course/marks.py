"""Where a lesson's parts and its author's stops lie on the timeline of a trace of it."""

from __future__ import annotations

from collections.abc import Iterable

from tutor.course.lesson import Lesson, Part, Stop
from tutor.protocol import Span, Step, TensorId
from tutor.trace.trace import Trace


def part_steps(part: Part, trace: Trace) -> range | None:
    """The steps of the part's own code, or None where it has none (or none has run)."""
    own = [
        place for place, step in enumerate(trace.steps) if _cell(trace, _span(trace, step)) in part.code_cells
    ]
    return range(own[0], own[-1] + 1) if own else None


def last_step(lesson: Lesson, part: int, trace: Trace) -> int:
    """The last step of the code of the parts up to this one: the state of torch that the part speaks of."""
    cells = lesson.cells_up_to(part)
    ends = [place for place, step in enumerate(trace.steps) if _cell(trace, _span(trace, step)) in cells]
    return ends[-1] if ends else -1


def stop_steps(parts: Iterable[Part], trace: Trace) -> frozenset[int]:
    """The steps at whose end the player stops."""
    return frozenset(step for part in parts for stop in part.stops for step in _steps_of(stop, trace))


def _steps_of(stop: Stop, trace: Trace) -> tuple[int, ...]:
    if stop.line is not None:
        done = [place for place, step in enumerate(trace.steps) if _on_line(trace, step, stop)]
        return tuple(done[-1:])
    named = {name.tensor for name in trace.names if name.name == stop.name}
    named |= {tensor.id for tensor in trace.tensors if tensor.name == stop.name}
    return tuple(_landings(trace, named, stop))


def _landings(trace: Trace, tensors: set[TensorId], stop: Stop) -> Iterable[int]:
    for backward in trace.backwards:
        if _cell(trace, backward.span) == stop.cell:
            yield from (one.step for one in backward.accumulations if one.tensor in tensors)


def _on_line(trace: Trace, step: Step, stop: Stop) -> bool:
    span = _span(trace, step)
    if span is None or stop.line is None or _cell(trace, span) != stop.cell:
        return False
    return span.line <= stop.line <= span.end_line


def _span(trace: Trace, step: Step) -> Span | None:
    """Where in the text the step was caused: all that a backward does, by the line that called it."""
    return step.span if step.backward is None else trace.backwards[step.backward].span


def _cell(trace: Trace, span: Span | None) -> str | None:
    if span is None or not 0 <= span.source < len(trace.sources):
        return None
    return trace.sources[span.source].cell
