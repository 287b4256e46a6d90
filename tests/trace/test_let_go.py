"""A trace that nobody looks at any more is gone at once, with all that was computed from it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.traces import golden
from tutor.insight.scene import scene
from tutor.session.pictures import Pictures
from tutor.trace.curves import curves
from tutor.trace.file import decode_trace, encode_trace
from tutor.trace.index import Index, index_of
from tutor.trace.ready_queue import ready_queue
from tutor.trace.search import search
from tutor.trace.timeline import timeline
from tutor.trace.trace import Trace


@pytest.fixture(autouse=True)
def by_counting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def looked_at(trace: Trace) -> weakref.ref[Index]:
    """All that the window asks of it."""
    pictures = Pictures(trace)
    for step in range(len(trace.steps)):
        assert pictures.at(step, frozenset(), unrolled=False).picture is not None
        ready_queue(trace, step)
    drawn = pictures.at(len(trace.steps) - 1, frozenset(), unrolled=True).structure
    assert drawn is not None
    scene(trace, drawn, 0, frozenset())
    curves(trace)
    timeline(trace)
    list(search(trace, drawn, "x"))
    return weakref.ref(index_of(trace))


@pytest.mark.parametrize("name", ["loop", "second_order", "two_paths"])
def test_nothing_holds_a_trace_that_was_looked_at(name: str) -> None:
    trace = golden(name)
    trace = decode_trace(encode_trace(trace), Path(name))
    index, gone = looked_at(trace), weakref.ref(trace)
    del trace
    assert gone() is None and index() is None
