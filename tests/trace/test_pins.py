"""Saved tensors as pins: what is foreseen of them must be what torch then does."""

from __future__ import annotations

import pytest

from tests.trace.programs import Shown
from tests.traces import golden
from tests.traces.recording import record_text
from tutor.trace.picture import ItemId, Picture
from tutor.trace.pin import PinPhase
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

START = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
"""
WRITES = {
    "a factor": "b = x * 2\ny = (b * w).sum()\nb.add_(1)",
    "the result": "y = x.tanh()\ns = y * 1\ny.mul_(2)\ny = s.sum()",
    "through a view": "b = x * 2\ny = (b * w).sum()\nb[0].mul_(3)",
    "the base of what was saved": "b = x * 2\ny = (b[:1] * w[:1]).sum()\nb.zero_()",
    "a leaf under no_grad": "y = (x * w).sum()\nwith torch.no_grad():\n    w -= 0.1",
    "a detached twin": "b = x * 2\ny = (b * w).sum()\nb.detach().add_(1)",
    "what nothing saved": "b = x * 2\ny = (b + w).sum()\nb.add_(1)",
    "before it is saved": "b = x * 2\nb.add_(1)\ny = (b * w).sum()",
    "behind autograd's back": "b = x * 2\ny = (b * w).sum()\nb.data.add_(1)",
    "an index": "b = x * 2\ny = (b * w).sum()\nb[0] = 7.0",
    "a linear layer's weight, saved turned": (
        "m = torch.ones(3, 2, requires_grad=True)\n"
        "y = torch.nn.functional.linear(torch.stack([x, x]), m).sum()\n"
        "with torch.no_grad():\n    m += 1"
    ),
    "a linear layer's input, saved as a matrix": (
        "m = torch.ones(3, 2, requires_grad=True)\n"
        "h = torch.stack([x, x]).reshape(1, 2, 2) * 1\n"
        "y = torch.nn.functional.linear(h, m, m[:, 0]).sum()\nh += 1"
    ),
    "the weight of a cell": (
        "torch.manual_seed(0)\ncell = torch.nn.RNNCell(2, 3)\n"
        "y = cell(torch.stack([x, x]), torch.ones(2, 3)).sum()\n"
        "with torch.no_grad():\n    cell.weight_ih += 1"
    ),
    "a vector in a product": "m = torch.ones(2, 3, requires_grad=True)\nv = x * 1\ny = (v @ m).sum()\nv += 1",
    "a matrix in a product": "m = torch.ones(2, 3, requires_grad=True)\nn = m * 1\ny = (x @ n).sum()\nn += 1",
    "nothing": "y = (x * w).exp().sum()",
}


def phases(seen: Picture) -> dict[str, set[PinPhase]]:
    """How the pins stand, by the expression of their operation."""
    found: dict[str, set[PinPhase]] = {}
    for circle in seen.structure.circles:
        for tab in seen.circles[circle.id].tabs:
            found.setdefault(circle.expression, set()).update(tab.pins)
    return found


def at(trace: Trace, step: int) -> Picture:
    return picture(trace, structure(trace, None), step)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_pin_is_red_before_backward_exactly_where_torch_will_stop(write: str) -> None:
    trace = record_text(f"{START}{write}\ntry:\n    y.backward()\nexcept RuntimeError:\n    pass\n")
    backward = trace.backwards[0]
    before = at(trace, backward.first_step - 1)
    red = {
        tab.node
        for circle in before.structure.circles
        for tab, state in zip(circle.tabs, before.circles[circle.id].tabs, strict=True)
        if "changed" in state.pins
    }

    assert red == (set() if backward.error is None else {backward.error.node})


def test_a_tab_names_its_pins_with_their_versions() -> None:
    q = Shown("q")
    pins = {c.expression: [(p.name, p.version) for p in c.tabs[0].pins] for c in q.structure.circles}

    assert pins["a**3"] == [("a", 0)]
    assert pins["3 * a**3 - b**2"] == []


def test_pins_drop_when_their_node_has_run_and_not_before() -> None:
    q = Shown("q")
    power = q.circle("a**3").id
    seen = [q.at(step).circles[power].tabs[0].pins for step in (10, 11, 12)]

    assert seen == [("held",), ("dropped",), ("dropped",)]


def test_retain_graph_locks_the_pins_until_another_backward_pulls_them_out() -> None:
    trace = golden("retain")
    ends = [backward.end_step or 0 for backward in trace.backwards]
    first, second = (phases(at(trace, end - 1)) for end in ends)

    assert set().union(*first.values()) == {"locked"}
    assert set().union(*second.values()) == {"dropped"}


def test_a_second_backward_stops_where_the_first_pin_is_missing() -> None:
    trace = record_text(
        f"{START}u = x * w\ny = u.sum() + x.sum()\ny.backward()\ntry:\n    y.backward()\nexcept RuntimeError:\n    pass\n"
    )
    seen = at(trace, len(trace.steps) - 1)
    failed = [c.expression for c in seen.structure.circles if "missing" in phases(seen)[c.expression]]

    assert failed == ["x * w"]
    assert trace.backwards[1].steps, "what saved nothing has run again"


def test_a_write_behind_autograds_back_marks_the_value_and_the_pin() -> None:
    trace = record_text(f"{START}b = x * 2\ny = (b * w).sum()\nb.data.mul_(10)\ny.backward()\n")
    structure_ = structure(trace, None)
    b = next(box.id for box in structure_.boxes if box.name == "b")
    step = trace.backwards[0].first_step - 1
    before, after = at(trace, step - 1), at(trace, step)

    assert not before.boxes[b].behind
    assert after.boxes[b].behind
    assert "behind" in phases(after)["b * w"]
    assert after.motion.breaks == (circle(after, "b * w"),)


def circle(seen: Picture, expression: str) -> ItemId:
    return next(c.id for c in seen.structure.circles if c.expression == expression)


def test_an_optimizer_breaks_no_pin_that_backward_has_used() -> None:
    loop = "for k in range(3):\n    y = (x * w).sum()\n    y.backward()\n    o.step()\n"
    trace = record_text(f"{START}o = torch.optim.SGD([w], lr=0.1)\n{loop}")
    for step in range(len(trace.steps)):
        seen = at(trace, step)
        assert not {"changed", "behind"} & set().union(*phases(seen).values(), set())
        assert not any(state.behind for state in seen.boxes.values())


def test_a_fused_optimizer_is_not_said_to_write_behind_autograds_back() -> None:
    loop = "for k in range(2):\n    o.zero_grad()\n    (w * w).sum().backward()\n    o.step()\n"
    trace = record_text(f"{START}o = torch.optim.Adam([w], lr=0.1, fused=True)\n{loop}")
    seen = at(trace, len(trace.steps) - 1)

    assert [value.version for value in trace.values if value.tensor == 1] == [0, 0, 0]
    assert not any(state.behind for state in seen.boxes.values())


def test_a_box_is_a_stack_once_it_was_written_in_place_and_not_by_birth() -> None:
    born = record_text("import torch\nn = torch.nn.Linear(2, 1)\ny = n(torch.ones(1, 2)).sum()\n")
    written = record_text(f"{START}b = x * 2\nb.add_(1)\nc = b * 3\n")
    versions = {
        box.name: at(born, len(born.steps) - 1).boxes[box.id].version for box in structure(born, None).boxes
    }
    b = next(box.id for box in structure(written, None).boxes if box.name == "b")

    assert versions["n.weight"] == 0
    assert at(written, len(written.steps) - 1).boxes[b].version == 1
