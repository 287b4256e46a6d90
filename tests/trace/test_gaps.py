"""Traces from which iterations were left out: how these count, what the line shows, what is true behind a gap."""

from __future__ import annotations

from tests.trace.made import loop, thinned_loop
from tutor.protocol import Gap, Step, Truncation
from tutor.trace.iterations import iteration_at, iterations
from tutor.trace.picture import BoxState
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.timeline import timeline
from tutor.trace.trace import Trace

TURN = 5
"""Steps of a turn: two operations, three nodes."""
FIRST_GAP = 1 + 3 * TURN
SECOND_GAP = FIRST_GAP + 1 + 2 * TURN


def _thinned() -> Trace:
    """Turns 1 to 3, 9 and 10, and 111."""
    trace = Trace()
    trace.extend(thinned_loop([3, 2, 1], [5, 100], 2))
    return trace


def _w(trace: Trace, step: int) -> BoxState:
    drawn = structure(trace, iteration_at(trace, step).index)
    box = next(box for box in drawn.boxes if box.name == "w")
    return picture(trace, drawn, step).boxes[box.id]


def test_iterations_are_numbered_as_the_program_counted_them() -> None:
    found = iterations(_thinned())
    assert [iteration.number for iteration in found] == [1, 2, 3, 9, 10, 111]
    assert [iteration.index for iteration in found] == list(range(6))
    assert [iteration.left_out for iteration in found] == [0, 0, 0, 5, 0, 100]


def test_a_gap_is_the_first_step_of_the_iteration_behind_it() -> None:
    found = iterations(_thinned())
    assert (found[2].end_step, found[3].first_step) == (FIRST_GAP, FIRST_GAP)
    assert iteration_at(_thinned(), FIRST_GAP).number == 9


def test_a_gap_at_the_very_end_is_counted_without_an_iteration_behind_it() -> None:
    trace = Trace()
    trace.extend(thinned_loop([3], [5], 2))
    assert [iteration.number for iteration in iterations(trace)] == [1, 2, 3, 8]


def test_a_growing_trace_has_the_iterations_of_a_whole_one() -> None:
    growing = Trace()
    for event in thinned_loop([3, 2, 1], [5, 100], 2):
        growing.append(event)
        iterations(growing)
    assert iterations(growing) == iterations(_thinned())


def test_the_line_has_each_gap_as_a_stretch_of_its_own_and_no_mark_at_it() -> None:
    line = timeline(_thinned())
    gaps = [segment for segment in line.segments if segment.kind == "gap"]
    assert [(gap.first, gap.end, gap.left_out) for gap in gaps] == [
        (FIRST_GAP, FIRST_GAP + 1, 5),
        (SECOND_GAP, SECOND_GAP + 1, 100),
    ]
    assert not {FIRST_GAP, SECOND_GAP} & set(line.marks)
    assert [s for segment in line.segments for s in range(segment.first, segment.end)] == list(
        range(line.count)
    )
    behind = [(s.kind, s.label) for s in line.segments if s.first > SECOND_GAP]
    assert behind == [("forward", 111), ("backward", 111)]


def test_at_a_gap_values_and_gradients_are_those_of_the_program() -> None:
    trace = _thinned()
    before, at, behind = (_w(trace, step) for step in (FIRST_GAP - 1, FIRST_GAP, FIRST_GAP + 1))
    assert before.value is not None and at.value is not None and behind.value is not None
    assert (before.value.data, at.value.data, behind.value.data) == (2.0, -8.0, -8.0)
    gradients = [state.grad.value for state in (before, at, behind)]
    assert [None if gradient is None else gradient.data for gradient in gradients] == [3.0, 8.0, 8.0]


def test_a_picture_is_the_same_whichever_way_one_comes_over_a_gap() -> None:
    trace = _thinned()
    drawn = structure(trace, iteration_at(trace, FIRST_GAP).index)
    there = [picture(trace, drawn, step) for step in range(FIRST_GAP - 2, FIRST_GAP + 4)]
    back = [picture(trace, drawn, step) for step in reversed(range(FIRST_GAP - 2, FIRST_GAP + 4))]
    fresh = _thinned()
    again = structure(fresh, iteration_at(fresh, FIRST_GAP).index)
    assert there == back[::-1]
    assert [p.boxes for p in there] == [picture(fresh, again, p.step).boxes for p in there]


def test_turns_before_and_behind_a_gap_share_one_layout() -> None:
    trace = _thinned()
    assert structure(trace, 2).signature == structure(trace, 3).signature == structure(trace, 5).signature


def test_a_recording_that_went_on_behind_a_gap_is_not_cut_short() -> None:
    trace = Trace()
    trace.extend(loop(2, 2))
    trace.append(Truncation(limit="events", what="later_operations", step=len(trace.steps)))
    assert trace.truncated is not None
    trace.append(Gap(iterations=0, operations=0, backwards=0, step=len(trace.steps)))
    trace.append(Step(kind="gap", id=0))
    assert trace.truncated is None
