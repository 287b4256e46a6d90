"""The gradient's own graph (create_graph): drawn where something goes on with it, and played like any other."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.kernel.record import Recorder
from tutor.protocol import NodeId, TraceEvent
from tutor.trace.gradient_graph import gradient_graph
from tutor.trace.index import index_of
from tutor.trace.iterations import iterations
from tutor.trace.picture import Callout, Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

CUBE = """\
import torch
x = torch.tensor(3.0, requires_grad=True)
y = x**3
(g,) = torch.autograd.grad(y, x, create_graph=True)
"""
SECOND = CUBE + "g.backward()\n"


def _whole(text: str) -> tuple[Trace, Structure]:
    trace = record_text(text)
    return trace, structure(trace, None)


def _signs(drawn: Structure) -> list[str]:
    return [circle.symbol for circle in drawn.circles if circle.made_in is not None]


def _joined(drawn: Structure) -> list[tuple[str, str]]:
    """The lanes that touch the gradient's graph, by names and signs."""
    names = {box.id: box.name for box in drawn.boxes} | {c.id: c.symbol for c in drawn.circles}
    own = {circle.id for circle in drawn.circles if circle.made_in is not None}
    return [(names[ln.source], names[ln.target]) for ln in drawn.lanes if own & {ln.source, ln.target}]


def _node_step(trace: Trace, name: str, backward: int) -> int:
    return next(
        number
        for number, step in enumerate(trace.steps)
        if step.kind == "node" and step.backward == backward and trace.nodes[NodeId(step.id)].name == name
    )


def _said(trace: Trace, step: int) -> Callout:
    said = scene(trace, structure(trace, 0), step).callout
    assert said is not None
    return said


def test_the_gradient_of_a_cube_is_computed_from_x_in_circles_of_its_own() -> None:
    _trace, drawn = _whole(SECOND)

    assert _signs(drawn) == ["x²", "×", "×"]
    assert _joined(drawn) == [("x", "x²"), ("x²", "×"), ("×", "×"), ("×", "g")]
    assert all(lane.returns for lane in drawn.lanes)


def test_a_gradient_whose_graph_nobody_uses_stays_light() -> None:
    _trace, drawn = _whole(CUBE + "print(g)\n")

    assert [circle.symbol for circle in drawn.circles] == ["x³"]
    assert [box.name for box in drawn.boxes] == ["x", "y"]


def test_the_band_tells_which_line_made_it() -> None:
    _trace, drawn = _whole(SECOND)
    (zone,) = drawn.zones

    assert (zone.kind, zone.lines) == ("create_graph", (4, 4))
    assert {item for item in zone.items if item.startswith("o")} == {
        circle.id for circle in drawn.circles if circle.made_in == 0
    }


def test_it_appears_in_the_step_that_makes_it() -> None:
    trace, drawn = _whole(SECOND)
    made = {circle.id for circle in drawn.circles if circle.made_in is not None}
    step = _node_step(trace, "PowBackward0", 0)
    before, after = picture(trace, drawn, step - 1), picture(trace, drawn, step)

    assert not any(before.circles[item].present for item in made)
    assert all(after.circles[item].present for item in made)
    assert made <= set(after.motion.makes)
    assert {lane.id for lane in drawn.lanes if made & {lane.source, lane.target}} == set(after.motion.lays)


def test_the_second_backward_plays_over_it() -> None:
    trace, drawn = _whole(SECOND)
    seen = picture(trace, drawn, _node_step(trace, "MulBackward1", 1))
    lanes = {lane.id: lane for lane in drawn.lanes}

    assert seen.motion.kind == "backward"
    assert [seen.lanes[lane].gradient.data for lane in seen.motion.passes] == [3.0]  # type: ignore[union-attr]
    names = {circle.id: circle.symbol for circle in drawn.circles}
    assert [names[lanes[lane].source] for lane in seen.motion.passes] == ["x²"]


def test_its_nodes_say_what_they_multiply_by() -> None:
    trace, _drawn = _whole(SECOND)

    assert _said(trace, _node_step(trace, "MulBackward1", 1)).lines == ("∂(3·x²)/∂x² = 3 → 1 × 3 = 3 to x²",)
    assert _said(trace, _node_step(trace, "PowBackward0", 1)).lines == (
        "∂(x²)/∂x = 2·x = 6 → 3 × 6 = 18 to x",
    )


def test_the_step_that_makes_it_says_how_the_gradient_is_computed() -> None:
    trace, _drawn = _whole(SECOND)
    assert _said(trace, _node_step(trace, "PowBackward0", 0)).lines[-1] == "with a graph of its own: 1·3·x²"

    unused, _drawn = _whole(CUBE)
    assert len(_said(unused, _node_step(unused, "PowBackward0", 0)).lines) == 1


def test_an_argument_that_torch_did_not_keep_is_not_guessed() -> None:
    trace, _drawn = _whole(
        "import torch\nfrom torch.autograd import grad\nx = torch.tensor(3.0, requires_grad=True)\n"
        "(g,) = grad(x * x + x**3, x, create_graph=True)\n(h,) = grad(g, x, create_graph=True)\nh.backward()\n"
    )
    said = _said(trace, _node_step(trace, "AddBackward0", 2))
    assert said.lines[0].startswith("∂(… + ")


def test_the_formula_of_anothers_gradient_bears_its_sign() -> None:
    _trace, drawn = _whole(
        "import torch\nx = torch.tensor(0.5, requires_grad=True)\ny = torch.sigmoid(x)\n"
        "(g,) = torch.autograd.grad(y, x, create_graph=True)\ng.backward()\n"
    )
    (circle,) = [circle for circle in drawn.circles if circle.made_in == 0]
    assert (circle.symbol, circle.expression) == ("σ′", "sigmoid′(1, y)")
    assert circle.tabs[0].saves == ("1", "y")
    assert _joined(drawn) == [("y", "σ′"), ("σ′", "g")]


def test_its_expressions_are_written_as_mathematics() -> None:
    trace, drawn = _whole(
        "import torch\nw = torch.tensor(1.5, requires_grad=True)\nx = torch.tensor(2.0, requires_grad=True)\n"
        "(g,) = torch.autograd.grad(torch.sin(w * x), x, create_graph=True)\ng.backward()\n"
    )
    made = [circle for circle in drawn.circles if circle.made_in == 0]
    assert [circle.expression for circle in made] == ["cos(w·x)", "1·cos(w·x)", "1·cos(w·x)·w"]
    assert made[0].tabs[0].saves == ("w·x",)
    assert _said(trace, _node_step(trace, "MulBackward0", 0)).lines[-1].endswith(": 1·cos(w·x)·w")


def test_third_order_stands_on_second() -> None:
    trace, drawn = _whole(
        "import torch\nfrom torch.autograd import grad\nx = torch.tensor(2.0, requires_grad=True)\n"
        "(g,) = grad(x**4, x, create_graph=True)\n(h,) = grad(g, x, create_graph=True)\nh.backward()\n"
    )
    assert {circle.made_in for circle in drawn.circles} == {None, 0, 1}
    assert [box.name for box in drawn.boxes] == ["x", "x⁴", "g", "h"]
    assert len(drawn.zones) == 2
    assert trace.backwards[2].accumulations[0].after == 48.0
    assert len(iterations(trace)) == 1


@pytest.mark.filterwarnings("ignore:Using backward")
def test_a_grad_with_a_graph_has_a_box_of_its_own() -> None:
    trace, drawn = _whole(
        "import torch\nx = torch.tensor(3.0, requires_grad=True)\n(x**3).backward(create_graph=True)\n"
        "z = x.grad**2\nz.backward()\n"
    )
    assert ("copy", "x.grad") in _joined(drawn)
    before = picture(trace, drawn, trace.operations[2].step - 1)
    box = next(box for box in drawn.boxes if box.name == "x.grad")
    lane = next(lane for lane in drawn.lanes if lane.target == box.id)
    assert not before.boxes[box.id].present and not before.lanes[lane.id].present


def test_a_gradient_penalty_is_one_iteration_in_every_turn() -> None:
    trace = record_text(
        "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\nfor _ in range(3):\n"
        "    x = torch.tensor([3.0, 4.0], requires_grad=True)\n    out = (w * x).tanh().sum()\n"
        "    (g,) = torch.autograd.grad(out, x, create_graph=True)\n    loss = out.mean() + (g.norm() - 1) ** 2\n"
        "    loss.backward()\n"
    )
    turns = iterations(trace)

    assert [len(turn.backwards) for turn in turns] == [2, 2, 2]
    assert all(_signs(structure(trace, turn.index)) for turn in turns)


def test_many_nodes_share_the_circle_of_the_step_that_made_them() -> None:
    _trace, drawn = _whole(
        "import torch\nx = torch.tensor(0.5, requires_grad=True)\ny = x\nfor _ in range(9):\n    y = (y * 2).sin()\n"
        "(g,) = torch.autograd.grad(y, x, create_graph=True)\ng.backward()\n"
    )
    made = [circle for circle in drawn.circles if circle.made_in == 0]

    assert len(made) <= 18
    assert any(circle.symbol == "∂sin" and len(circle.tabs) > 1 for circle in made)


def test_what_a_custom_backward_computes_is_drawn_as_it_was_called() -> None:
    trace, drawn = _whole(
        "import torch\nclass Square(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n        return x * x\n    @staticmethod\n    def backward(ctx, v):\n"
        "        (x,) = ctx.saved_tensors\n        return v * 2 * x\n"
        "x = torch.tensor(3.0, requires_grad=True)\ny = Square.apply(x)\n"
        "(g,) = torch.autograd.grad(y, x, create_graph=True)\ng.backward()\n"
    )
    made = [circle for circle in drawn.circles if circle.made_in is not None]

    assert [circle.expression for circle in made] == ["v * 2 * x"]
    assert all(trace.operations[circle.operation].nodes for circle in made)


def test_what_a_layer_computed_on_its_way_is_taken_up_at_its_circle() -> None:
    _trace, drawn = _whole(
        "import torch\nnet = torch.nn.Linear(2, 1)\nx = torch.ones(3, 2, requires_grad=True)\n"
        "(g,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)\n(g**2).sum().backward()\n"
    )
    assert _joined(drawn) == [("linear", "xᵀ"), ("xᵀ", "@"), ("@", "g")]


def test_a_hessian_goes_through_the_gradients_graph_once_a_row() -> None:
    trace, drawn = _whole(
        "import torch\nx = torch.tensor([3.0, 2.0], requires_grad=True)\n"
        "H = torch.autograd.functional.hessian(lambda t: (t**3).sum(), x)\n"
    )
    made = [circle for circle in drawn.circles if circle.made_in == 0]

    assert [circle.symbol for circle in made] == ["x²", "×", "×"]
    runs = [[run.node for run in trace.backwards[row].steps] for row in (1, 2)]
    assert all({tab.node for circle in made for tab in circle.tabs} <= set(nodes) for nodes in runs)


def test_a_covered_gradient_is_not_given_away_by_the_values_of_its_graph() -> None:
    trace = record_text(
        "import torch\nx = torch.tensor(3.0, requires_grad=True)\ny = (x**3) * 2\n"
        "y.backward(create_graph=True)\nz = x.grad * 1.5\n"
    )
    drawn = structure(trace, 0)
    seen = picture(trace, drawn, len(trace.steps) - 1, frozenset({"x.grad"}))
    shown = [s.value for s in seen.lanes.values() if s.value is not None and s.value.data == 54.0]
    assert all(value.covered for value in shown)


def test_while_the_run_goes_on_the_graph_comes_as_soon_as_it_is_used() -> None:
    whole = record_text(SECOND)
    growing = Trace()
    growing.sources, growing.steps = whole.sources, whole.steps[:3]
    for name in ("tensors", "names", "values", "operations", "nodes", "edges"):
        setattr(growing, name, list(getattr(whole, name)))
    growing.backwards = whole.backwards[:1]
    assert _signs(structure(growing, 0)) == []

    growing.backwards = whole.backwards[:2]
    growing.steps = list(whole.steps)
    assert _signs(structure(growing, 0)) == ["x²", "×", "×"]


def test_what_autograd_grad_returns_is_covered_on_its_way_too() -> None:
    trace = record_text(CUBE)
    step = _node_step(trace, "PowBackward0", 0)
    seen = scene(trace, structure(trace, 0), step, frozenset({"g"}))
    gradients = [state.gradient for state in seen.lanes.values() if state.gradient is not None]

    assert [gradient.covered for gradient in gradients if gradient.data == 27.0] == [True]
    assert seen.callout is not None and not any("27 to" in line for line in seen.callout.lines)


def _events(text: str) -> list[TraceEvent]:
    events: list[TraceEvent] = []
    recorder = Recorder(events.extend)
    recorder.add_source(text, path=None, cell=None, filename="cell")
    with recorder:
        exec(compile(text, "cell", "exec"), {"__name__": "__main__"})
    return events


@pytest.mark.parametrize("late", ["", "first[0].backward()\n"])
def test_a_trace_that_grows_has_the_same_graphs_as_one_that_came_at_once(late: str) -> None:
    events = _events(
        "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\nfirst = []\nfor turn in range(40):\n"
        "    x = torch.tensor([3.0, 4.0], requires_grad=True)\n    out = (w * x).tanh().sum()\n"
        "    (g,) = torch.autograd.grad(out, x, create_graph=True)\n    if turn < 2:\n        first.append(g.sum())\n"
        "        continue\n    (out + (g.norm() - 1) ** 2).backward()\n" + late
    )
    growing, whole = Trace(), Trace()
    for start in range(0, len(events), 37):
        growing.extend(events[start : start + 37])
        gradient_graph(growing, index_of(growing))
    whole.extend(events)
    made, at_once = gradient_graph(growing, index_of(growing)), gradient_graph(whole, index_of(whole))

    assert made.used == at_once.used
    assert made.made_in == at_once.made_in
    assert [*made.texts.values()] == [*at_once.texts.values()]
    assert structure(growing, None).signature == structure(whole, None).signature
