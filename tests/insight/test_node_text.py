"""What a node saved, at which version, and since when that is gone."""

from __future__ import annotations

from msgspec import structs

from tests.trace.made import loop
from tests.traces.recording import record_text
from tutor.insight.node_text import node_lines
from tutor.insight.scene import scene
from tutor.insight.used_up import explain_in
from tutor.protocol import NodeId
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

TWICE = """\
import torch
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
c = a * b
c.backward()
c.backward()
"""


def _node(trace: Trace, name: str) -> NodeId:
    return next(node.id for node in trace.nodes if node.name == name)


def test_a_node_tells_the_tensors_that_it_saved_with_their_versions() -> None:
    trace = record_text(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * 2\ny += 1\nz = y**2\n"
    )
    assert node_lines(trace, _node(trace, "PowBackward0"), 4, frozenset()) == [
        "exponent = 2",
        "saved y (version 1): [3, 5]",
    ]
    assert "saved y (version 1): ?" in node_lines(trace, _node(trace, "PowBackward0"), 4, frozenset({"y"}))


def test_after_its_run_it_says_what_freed_it() -> None:
    trace = record_text(TWICE)
    node = _node(trace, "MulBackward0")
    run = next(n for n, step in enumerate(trace.steps) if step.kind == "node" and step.id == node)
    freed = "freed by the backward of line 5: a second one cannot use it"

    assert freed not in node_lines(trace, node, run - 1, frozenset())
    assert freed in node_lines(trace, node, run, frozenset())


def test_a_retained_graph_is_not_freed() -> None:
    trace = record_text(TWICE.replace("c.backward()\nc.", "c.backward(retain_graph=True)\nc."))
    node = _node(trace, "MulBackward0")
    middle = trace.backwards[1].first_step - 1
    assert not any("freed" in line for line in node_lines(trace, node, middle, frozenset()))


def test_a_second_backward_points_at_the_node_and_at_what_freed_it() -> None:
    trace = record_text(TWICE)
    assert trace.error is not None
    said = explain_in(trace, trace.error)
    assert said is not None
    assert said.cause.endswith(
        "Here it stopped at MulBackward0 of a·b: what that had saved (b, a) was freed by the backward of line 5."
    )
    callout = scene(trace, structure(trace, 0), len(trace.steps) - 1).callout
    assert callout is not None
    assert (callout.title, callout.lines) == (
        "b, a: no longer saved",
        ("freed by the backward of line 5: a second one cannot use it",),
    )


def test_another_error_is_explained_as_ever() -> None:
    trace = record_text("import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).backward()\n")
    assert trace.error is not None
    said = explain_in(trace, trace.error)
    assert said is not None and said.id == "non-scalar"


def test_what_a_function_puts_on_its_ctx_is_listed() -> None:
    trace = Trace()
    trace.extend(loop(1, 2))
    saved = {
        "ctx.k": 3,
        "ctx.t": {"tensor": 0, "version": 0},
        "saved_tensors[0]": {"tensor": 0, "version": 0},
    }
    trace.nodes[1] = structs.replace(trace.nodes[1], saved=saved)

    assert node_lines(trace, NodeId(1), 2, frozenset())[:3] == [
        "ctx.k = 3",
        "ctx.t = w: 2",
        "saved w (version 0): 2",
    ]


def test_a_node_of_a_gradients_graph_says_where_it_came_from() -> None:
    trace = record_text(
        "import torch\nx = torch.tensor(3.0, requires_grad=True)\n"
        "(g,) = torch.autograd.grad(x**3, x, create_graph=True)\ng.backward()\n"
    )
    node = next(node.id for node in trace.nodes if node.name == "MulBackward1")
    assert node_lines(trace, node, 0, frozenset())[-1] == (
        "made by create_graph in line 3: part of the gradient's own graph"
    )
