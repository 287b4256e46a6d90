"""Long traces, and traces that grow while they are looked at."""

from __future__ import annotations

import gc

from tests.trace.made import loop
from tutor.trace.index import index_of
from tutor.trace.iterations import iteration_at
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


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
