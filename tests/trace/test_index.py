"""Long traces: a step costs what it changes, appending what it appends."""

from __future__ import annotations

import gc
from time import perf_counter

import pytest

from tests.trace.made import loop
from tutor.trace.index import index_of
from tutor.trace.iterations import iteration_at
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows
from tutor.trace.trace import Trace

STEP_SECONDS = 0.005


@pytest.fixture(scope="module", params=[(200, 50), (20, 500)], ids=["many short turns", "few long turns"])
def long_trace(request: pytest.FixtureRequest) -> Trace:
    trace = Trace()
    trace.extend(loop(*request.param))
    assert len(trace.steps) > 20_000
    return trace


def test_a_step_in_a_long_trace_is_quick(long_trace: Trace) -> None:
    middle = len(long_trace.steps) // 2
    iteration = iteration_at(long_trace, middle)
    drawn = structure(long_trace, iteration.index)
    steps = range(iteration.first_step, iteration.first_step + 40)
    picture(long_trace, drawn, iteration.first_step)
    gc.collect()
    seconds = sorted(_timed(long_trace, drawn, step) for step in (*steps, *reversed(steps)))
    assert seconds[len(seconds) // 2] < STEP_SECONDS


def _timed(trace: Trace, drawn: object, step: int) -> float:
    start = perf_counter()
    picture(trace, drawn, step)  # type: ignore[arg-type]
    tensor_rows(trace, step)
    return perf_counter() - start


def test_the_index_of_a_growing_trace_is_that_of_a_whole_one() -> None:
    events = loop(5, 4)
    whole, growing = Trace(), Trace()
    whole.extend(events)
    for event in events:
        growing.append(event)
        index_of(growing)
    one, other = index_of(whole), index_of(growing)
    for table in ("names", "values", "grads", "runs", "edges_from", "edges_to", "made_by", "node_steps"):
        assert getattr(one, table) == getattr(other, table), table


def test_a_growing_trace_shows_what_the_whole_one_shows() -> None:
    events = loop(3, 4)
    whole, growing = Trace(), Trace()
    whole.extend(events)
    for event in events:
        growing.append(event)
        if growing.steps:
            step = len(growing.steps) - 1
            picture(growing, structure(growing, iteration_at(growing, step).index), step)
    for step in range(len(whole.steps)):
        seen, known = (picture(t, structure(t, iteration_at(t, step).index), step) for t in (growing, whole))
        assert seen == known


def test_an_index_goes_with_its_trace() -> None:
    from tutor.trace import index as module

    trace = Trace()
    index_of(trace)
    key = id(trace)
    assert key in module._indexes
    del trace
    gc.collect()
    assert key not in module._indexes
