"""What is said of a node's saved tensors: kept, overtaken by a write, or changed behind autograd's back."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.insight.node_text import node_lines
from tutor.insight.scene import scene
from tutor.insight.tensor_text import tensor_lines
from tutor.protocol import NodeId
from tutor.trace.picture import Callout
from tutor.trace.shown import NOTHING
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

START = """\
import torch
a = torch.tensor([2.0, 3.0], requires_grad=True)
b = a * 2
c = b * b
"""


def last_callout(trace: Trace, step: int | None = None) -> Callout | None:
    at = len(trace.steps) - 1 if step is None else step
    return scene(trace, structure(trace, None), at).callout


def node_of(trace: Trace, expression: str) -> NodeId:
    circles = structure(trace, None).circles
    return next(circle.tabs[0].node for circle in circles if circle.expression == expression)


def said(trace: Trace, expression: str) -> list[str]:
    return node_lines(trace, node_of(trace, expression), len(trace.steps) - 1, NOTHING)


def test_a_write_says_which_node_it_breaks_before_backward_is_called() -> None:
    trace = record_text(START + "b.add_(1)\n")
    callout = last_callout(trace)

    assert callout is not None
    assert callout.title == "b is now at version 1"
    assert callout.lines == ("MulBackward0 of b·b saved version 0: backward will stop there",)
    assert "b is at version 1 since line 5, saved was version 0: backward will stop here." in said(
        trace, "b * b"
    )


@pytest.mark.parametrize(
    "write", ["with torch.no_grad():\n    a -= 1\n", "with torch.no_grad():\n    a.mul_(2)\n"]
)
def test_a_write_that_is_no_circle_says_it_at_the_box(write: str) -> None:
    trace = record_text("import torch\na = torch.ones(2, requires_grad=True)\nc = a * a\n" + write)
    callout = last_callout(trace)

    assert callout is not None
    assert callout.title == "a is now at version 1"
    assert callout.lines == ("MulBackward0 of a·a saved version 0: backward will stop there",)


def test_a_write_behind_autograds_back_is_said_at_the_tensor_the_node_and_the_step() -> None:
    trace = record_text(START + "b.data.mul_(10)\n")
    b = next(named.tensor for named in trace.names if named.name == "b")
    callout = last_callout(trace)

    assert callout is not None
    assert callout.title == "changed behind autograd's back"
    assert callout.lines == ("MulBackward0 of b·b saved b: backward will not notice",)
    assert "b was changed since, behind autograd's back: backward will not notice." in said(trace, "b * b")
    lines = tensor_lines(trace, b, len(trace.steps) - 1, NOTHING)
    assert "Changed behind autograd's back in line 5: its version did not rise." in lines


def test_the_error_at_an_overtaken_pin_is_said_at_its_node() -> None:
    trace = record_text(START + "b.add_(1)\nc.sum().backward()\n")
    callout = last_callout(trace)

    assert callout is not None
    assert callout.title == "a saved value was changed"
    assert callout.lines == ("b is at version 1 since line 5, saved was version 0: backward will stop here.",)


def test_what_retain_graph_keeps_is_said_to_be_kept() -> None:
    trace = record_text(START + "c.sum().backward(retain_graph=True)\n")

    assert said(trace, "b * b")[-1] == "kept by retain_graph=True: a further backward can use it"


def test_an_ordinary_training_loop_is_told_no_such_thing() -> None:
    trace = record_text(
        "import torch\nw = torch.tensor(1.0, requires_grad=True)\nfor k in range(3):\n    l = (w * w - 4) ** 2\n"
        "    l.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\n"
    )
    callouts = [last_callout(trace, step) for step in range(len(trace.steps))]

    assert not [callout for callout in callouts if callout is not None and callout.about == "error"]
