"""Iterations and the timeline: where a turn of a loop begins, and which stretches are forward and backward."""

from __future__ import annotations

import pytest

from tests.trace.made import loop
from tests.traces import golden, names
from tutor.trace.iterations import iteration_at, iterations
from tutor.trace.timeline import timeline
from tutor.trace.trace import Trace


def _spans(name: str) -> list[tuple[int, int, tuple[int, ...]]]:
    return [(i.first_step, i.end_step, i.backwards) for i in iterations(golden(name))]


def test_a_second_forward_begins_a_second_iteration() -> None:
    assert _spans("q") == [(0, 13, (0,)), (13, 24, (1,))]


def test_two_backwards_through_one_graph_are_one_iteration() -> None:
    assert len(_spans("retain")) == 1 and _spans("retain")[0][2] == (0, 1)


def test_what_follows_a_backward_belongs_to_it_until_the_next_forward() -> None:
    trace = golden("loop")
    first = iterations(trace)[0]
    kinds = [trace.steps[s].kind for s in range(first.first_step, first.end_step)]
    assert kinds[-4:] == ["value_changed", "value_changed", "grad_changed", "grad_changed"]
    assert trace.steps[first.end_step].kind == "operation"


def test_an_update_by_hand_belongs_to_the_turn_that_it_ends() -> None:
    assert [first for first, _, _ in _spans("by_hand")] == [0, 14]


def test_before_the_first_step_one_is_in_the_first_iteration() -> None:
    assert iteration_at(golden("q"), -1).index == 0
    assert iteration_at(Trace(), -1).index == 0


@pytest.mark.parametrize("name", names())
def test_iterations_and_segments_cover_every_step_once(name: str) -> None:
    trace = golden(name)
    line = timeline(trace)
    for parts in (
        [(i.first_step, i.end_step) for i in line.iterations],
        [(s.first, s.end) for s in line.segments],
    ):
        assert [s for first, end in parts for s in range(first, end)] == list(range(len(trace.steps)))
    assert line.count == len(trace.steps)


def test_the_timeline_tells_forward_from_backward() -> None:
    line = timeline(golden("two_paths"))
    assert [(s.first, s.end, s.kind, s.label) for s in line.segments] == [
        (0, 4, "forward", 1),
        (4, 8, "backward", 1),
    ]
    assert line.marks == (3, 7)


def test_a_growing_trace_has_the_iterations_of_a_whole_one() -> None:
    events = loop(6, 4)
    whole, growing = Trace(), Trace()
    whole.extend(events)
    for event in events:
        growing.append(event)
        iterations(growing)
    assert iterations(growing) == iterations(whole)
    assert len(iterations(whole)) == 6


def test_iterations_never_change_once_the_next_but_one_has_begun() -> None:
    growing, settled = Trace(), {}
    for event in loop(5, 3):
        growing.append(event)
        for iteration in iterations(growing)[:-2]:
            assert settled.setdefault(iteration.index, iteration) == iteration
