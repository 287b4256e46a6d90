"""Writing into a view: the gradient passes through the writing, whichever tensor it is taken from."""

from __future__ import annotations

import pytest

from tutor.insight.scene import scene
from tutor.trace.picture import Lane, Picture
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows
from tutor.trace.trace import Trace

pytestmark = pytest.mark.kernel

THROUGH_A_VIEW = """\
import torch
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
c = x * 2
v = c[1:]
v *= 3
s = c.sum()
s.backward()
"""
INTO_AN_ELEMENT = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 3
y[1] += 5
s = y.sum()
s.backward()
"""


def _trace(text: str) -> Trace:
    from tests.traces.recording import record_text

    return record_text(text)


def _last(trace: Trace) -> Picture:
    assert trace.error is None, trace.error
    return scene(trace, structure(trace, 0), len(trace.steps) - 1)


def _lane(seen: Picture, name: str, expression: str) -> Lane:
    """The lane of the tensor of this name into the circle of this expression."""
    tensor = next(b.tensor for b in seen.structure.boxes if b.name == name)
    circle = next(c.id for c in seen.structure.circles if c.expression == expression)
    return next(ln for ln in seen.structure.lanes if ln.target == circle and ln.tensor == tensor)


def _gradient(seen: Picture, lane: Lane) -> object:
    found = seen.lanes[lane.id].gradient
    return None if found is None else found.data


def test_the_viewed_tensors_gradient_passes_through_the_writing() -> None:
    seen = _last(_trace(THROUGH_A_VIEW))
    summed, written = _lane(seen, "c", "c.sum()"), _lane(seen, "c", "v *= 3")
    assert summed.source == written.target and summed.returns and written.returns
    assert _gradient(seen, summed) == [1, 1, 1] and _gradient(seen, written) == [1, 3, 3]
    assert not _lane(seen, "v", "v *= 3").returns


def test_every_gradient_but_those_inside_a_circle_travels_on_a_lane() -> None:
    trace = _trace(INTO_AN_ELEMENT)
    seen = _last(trace)
    drawn = {edge for lane in seen.structure.lanes for edge in lane.edges}
    where = {tab.node: circle.id for circle in seen.structure.circles for tab in circle.tabs}
    runs = {run.node for backward in trace.backwards for run in backward.steps}
    between = {
        number
        for number, edge in enumerate(trace.edges)
        if {edge.from_, edge.to} <= runs and where[edge.from_] != where.get(edge.to)
    }
    assert between <= drawn


def test_the_grad_fn_is_that_of_the_last_writing() -> None:
    rows = {row.name: row for row in tensor_rows(_trace(THROUGH_A_VIEW), 99)}
    assert (rows["c"].grad_fn, rows["v"].grad_fn) == ("CopySlices", "AsStridedBackward0")
    rows = {row.name: row for row in tensor_rows(_trace(INTO_AN_ELEMENT), 99)}
    assert (rows["y"].grad_fn, rows["y"].grad.reason) == ("CopySlices", "passes")


def test_a_node_that_this_backward_leaves_out_stays_dark_beside_the_one_that_runs() -> None:
    trace = _trace(THROUGH_A_VIEW)
    seen = _last(trace)
    written = next(circle for circle in seen.structure.circles if len(circle.tabs) == 2)
    nodes = [tab.name for tab in written.tabs]
    assert nodes == ["AsStridedBackward0", "CopySlices"]
    running = next(
        step
        for step, row in enumerate(trace.steps)
        if row.kind == "node" and trace.nodes[row.id].name == "CopySlices"
    )
    tabs = scene(trace, seen.structure, running, frozenset()).circles[written.id].tabs
    assert [tab.phase for tab in tabs] == ["idle", "running"]


def test_an_update_goes_on_showing_what_it_computed() -> None:
    trace = _trace(
        "import torch\nw = torch.tensor(1.0, requires_grad=True)\nu = torch.tensor(0.5)\n"
        "with torch.no_grad():\n    w -= u\n    w -= u\n"
    )
    drawn = structure(trace, None)
    steps = [trace.operations[circle.operation].step for circle in drawn.circles]
    first = drawn.circles[0].id
    results = [picture(trace, drawn, step).circles[first].result for step in steps]

    assert [shown and shown.data for shown in results] == [0.5, 0.5]
