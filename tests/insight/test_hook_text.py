"""What hooks did: said in firing order beside the node, marked on it, and listed with the tensor."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.insight.hook_text import hook_text
from tutor.insight.node_text import node_lines
from tutor.insight.scene import scene
from tutor.insight.tensor_text import tensor_lines
from tutor.protocol import Data, HookRan, NodeId, TensorId
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

PROGRAM = """\
import torch
x = torch.tensor(2.0, requires_grad=True)
w = torch.tensor(3.0, requires_grad=True)
def clip(grad):
    return grad.clamp(max=1.0)
def note(grad):
    pass
y = x * w
y.register_hook(clip)
y.register_hook(note)
w.register_hook(lambda grad: grad * 10)
z = y**2
z.backward()
"""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return record_text(PROGRAM)


def _step(trace: Trace, name: str, tensor: str | None = None) -> int:
    named = {row.tensor: row.name for row in trace.names}
    return next(
        number
        for number, step in enumerate(trace.steps)
        if step.kind == "node"
        and trace.nodes[NodeId(step.id)].name == name
        and (tensor is None or named.get(trace.nodes[NodeId(step.id)].tensor) == tensor)  # type: ignore[arg-type]
    )


def _tensor(trace: Trace, name: str) -> TensorId:
    return next(row.tensor for row in trace.names if row.name == name)


def _said(trace: Trace, step: int, covered: frozenset[str] = frozenset()) -> tuple[str, ...]:
    callout = scene(trace, structure(trace, 0), step, covered).callout
    assert callout is not None
    return callout.lines


def test_a_hook_on_a_tensor_is_said_before_the_node_multiplies(trace: Trace) -> None:
    assert _said(trace, _step(trace, "MulBackward0")) == (
        "hook clip: 12 → 1",
        "hook note: 1, unchanged",
        "∂(x·w)/∂x = w = 3 → 1 × 3 = 3 to x",
        "∂(x·w)/∂w = x = 2 → 1 × 2 = 2 to w",
    )


def test_a_leafs_hook_is_said_before_it_adds(trace: Trace) -> None:
    step = _step(trace, "AccumulateGrad", "w")
    assert _said(trace, step) == ("hook <lambda>: 2 → 20", "None + 20 = 20")
    assert _said(trace, step, frozenset({"w.grad"})) == ("hook <lambda>: ? → ?", "None + ? = ?")


def test_node_and_leaf_bear_a_mark_from_then_on(trace: Trace) -> None:
    drawn = structure(trace, 0)
    mul = next(circle for circle in drawn.circles if circle.symbol == "×")
    box = next(box for box in drawn.boxes if box.name == "w")
    step, later = _step(trace, "MulBackward0"), _step(trace, "AccumulateGrad", "w")

    marks = [scene(trace, drawn, at).circles[mul.id].tabs[0].hooked for at in (step - 1, step, later)]
    assert marks == [False, True, True]
    assert [scene(trace, drawn, at).boxes[box.id].hooked for at in (later - 1, later)] == [False, True]


def test_the_tensors_detail_and_the_nodes_tooltip_list_them(trace: Trace) -> None:
    end = len(trace.steps) - 1
    assert tensor_lines(trace, _tensor(trace, "y"), end, frozenset()) == [
        "hook clip: 12 → 1",
        "hook note: 1, unchanged",
    ]
    assert "hook clip: 12 → 1" in node_lines(
        trace, NodeId(trace.steps[_step(trace, "MulBackward0")].id), end, frozenset()
    )
    assert tensor_lines(trace, _tensor(trace, "y"), 0, frozenset()) == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("posthook", [1.0, None], [10.0, None], "hook f: 1 → 10"),
        ("posthook", [1.0, 2.0], None, "hook f: 1, 2, unchanged"),
        ("prehook", [[1.0, 2.0]], [[0.0, 2.0]], "hook f: [1, 2] → [0, 2]"),
        ("tensor", [1.0, 2.0], None, "hook f: [1, 2], unchanged"),
        ("tensor", 5.0, 5.0, "hook f: 5, unchanged"),
        ("tensor", "nan", 0.0, "hook f: nan → 0"),
        ("post_accumulate", None, None, "hook f ran"),
        ("pack", 6.0, "<ndarray>", "pack hook f: 6 → <ndarray>"),
        ("unpack", "<ndarray>", 6.0, "unpack hook f: <ndarray> → 6"),
    ],
)
def test_every_kind_of_hook_has_its_words(kind: str, before: Data, after: Data, said: str) -> None:
    hook = HookRan(
        kind=kind,  # type: ignore[arg-type]
        function="f",
        tensor=None,
        node=None,
        backward=None,
        before=before,
        after=after,
        step=0,
    )
    assert hook_text(hook) == said


def test_saved_tensors_hooks_are_told_where_they_pack_and_where_they_unpack() -> None:
    trace = record_text(
        "import torch\nx = torch.tensor(2.0, requires_grad=True)\ny = x * 3\n"
        "with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.from_numpy):\n"
        "    z = y * y\nz.backward()\n"
    )
    forward = next(o.step for o in trace.operations if o.inputs and len(set(o.inputs)) == 1 and o.step > 1)
    assert _said(trace, forward) == ("pack hook <lambda>: 6 → <ndarray> (×2)",)
    node = next(node.id for node in trace.nodes if node.operation is not None and "packed[0]" in node.saved)
    assert node_lines(trace, node, forward, frozenset())[0] == "saved y, packed as <ndarray>"
    drawn = structure(trace, 0)
    assert [tab.saves for circle in drawn.circles for tab in circle.tabs if tab.node == node] == [("y",)]
    assert any("unpack hook from_numpy: <ndarray> → 6 (×2)" in _said(trace, n) for n in _runs(trace))
    made = next(circle for circle in drawn.circles if circle.expression == "x * 3")
    assert not scene(trace, drawn, forward).circles[made.id].tabs[0].hooked


def _runs(trace: Trace) -> list[int]:
    return [number for number, step in enumerate(trace.steps) if step.kind == "node"]


def test_a_callout_has_the_colour_of_what_it_speaks_of(trace: Trace) -> None:
    drawn = structure(trace, 0)
    said = [scene(trace, drawn, step).callout for step in range(len(trace.steps))]
    assert {callout.about for callout in said if callout is not None} == {"gradient"}
    net = record_text("import torch\ny = torch.nn.Dropout(0.5)(torch.ones(4))\n")
    forward = [scene(net, structure(net, 0), step).callout for step in range(len(net.steps))]
    assert [callout.about for callout in forward if callout is not None] == ["value"]
