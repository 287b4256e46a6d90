"""Tooltips, marks and notes: what a person finds out by pointing at a node, an operation or a tensor."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from tests.trace.made import loop
from tests.traces import golden
from tests.traces.recording import record_text
from tests.views.graph.pane import box, shown
from tests.views.graph_session import GraphSession
from tutor.protocol import Gap, Step, TensorId
from tutor.trace.picture import CircleState
from tutor.trace.trace import Trace
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.view import GraphView


def circle(view: GraphView, symbol: str) -> CircleItem:
    return next(item for item in view.scene.pool.circles.values() if item.circle.symbol == symbol)


def tab_tip(view: GraphView, symbol: str) -> list[str]:
    item = circle(view, symbol)
    return view.canvas.tip_of(item, item.anatomy.tabs[0].center()).splitlines()


def test_a_node_tells_what_it_saved_and_after_its_run_that_it_is_freed(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.at(session.step_of("MulBackward0") - 1)
    before = tab_tip(view, "×")
    session.at(session.step_of("MulBackward0"))
    after = tab_tip(view, "×")

    assert before[:4] == ["MulBackward0", "of a * b", "saved b (version 0): 3", "saved a (version 0): 2"]
    assert set(after) - set(before) == {"freed by the backward of line 6: a second one cannot use it"}


def test_a_node_that_saves_nothing_says_so(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    assert "saves nothing" in tab_tip(view, "+")


def test_an_operation_tells_its_module(qtbot: QtBot) -> None:
    trace = record_text("import torch\nnet = torch.nn.Linear(2, 1)\nloss = net(torch.ones(3, 2)).sum()\n")
    session = GraphSession(trace)
    view = shown(qtbot, session)
    session.player.last()
    item = circle(view, "linear")
    assert "net (Linear, training)" in view.canvas.tip_of(item, QPointF(0, 0)).splitlines()


def test_a_view_tells_its_base(qtbot: QtBot) -> None:
    trace = Trace()
    trace.extend(loop(1, 2))
    trace.tensors[2] = structs.replace(trace.tensors[2], base=TensorId(0))
    session = GraphSession(trace)
    view = shown(qtbot, session)
    session.player.last()
    item = box(view, "loss")
    assert "view of w" in view.canvas.tip_of(item, QPointF(0, item.anatomy.body.top() + 4)).splitlines()


def test_a_circle_of_a_gradients_graph_tells_what_made_it(qtbot: QtBot) -> None:
    session = GraphSession("second_order")
    view = shown(qtbot, session)
    session.player.last()
    item = circle(view, "x²")
    tip = view.canvas.tip_of(item, QPointF(0, 0)).splitlines()

    assert tip[0] == "x²"
    assert "made by create_graph in line 5: part of the gradient's own graph" in tip


def test_pointing_at_the_call_lights_the_whole_graph_that_it_made(qtbot: QtBot) -> None:
    session = GraphSession("second_order")
    view = shown(qtbot, session)
    session.player.last()
    session.hovered_span = session.trace.backwards[0].span
    session.selection_changed.emit()
    lit = {item.circle.symbol for item in view.scene.pool.circles.values() if item.look.hovered}

    assert lit == {"x²", "×"}
    made = [item for item in view.scene.pool.circles.values() if item.circle.made_in == 0]
    assert len(made) == 3 and all(item.look.hovered for item in made)


def test_the_band_of_a_gradients_graph_is_named_and_explained(qtbot: QtBot) -> None:
    view = shown(qtbot, GraphSession("second_order"))
    (band,) = view.scene.pool.bands

    assert band.name == "create_graph · line 5"
    assert "create_graph: the gradient's own graph" in view.legend.accessibleDescription()
    assert "create_graph" not in shown(qtbot, GraphSession("q")).legend.accessibleDescription()


def test_a_gradients_graph_fades_in_during_the_step_that_makes_it(qtbot: QtBot) -> None:
    session = GraphSession("second_order")
    view = shown(qtbot, session)
    step = session.step_of("PowBackward0")
    opacities = []
    for progress in (0.1, 0.8, 1.0):
        session.at(step, progress)
        opacities.append(circle(view, "x²").opacity())

    assert opacities[0] == 0.0 and 0.0 < opacities[1] < 1.0 and opacities[2] == 1.0


def test_every_step_with_a_gradients_graph_is_drawn(qtbot: QtBot) -> None:
    session = GraphSession("second_order")
    view = shown(qtbot, session)
    for step in range(-1, session.player.count):
        for progress in (0.0, 0.4, 0.7, 1.0):
            session.at(step, progress)
    assert not view.grab().isNull()


def test_a_hook_is_marked_and_explained(qtbot: QtBot) -> None:
    trace = record_text(
        "import torch\nx = torch.tensor(2.0, requires_grad=True)\ny = x**2\ny.register_hook(lambda g: g * 3)\n"
        "y.backward()\n"
    )
    session = GraphSession(trace)
    view = shown(qtbot, session)
    session.player.last()
    assert "a hook ran" in view.legend.accessibleDescription()
    assert "hook <lambda>: 1 → 3" in tab_tip(view, "x²")
    plain = view.grab().toImage()
    bare = _with_hooks(circle(view, "x²"), hooked=False)
    circle(view, "x²").set_state(bare)
    assert plain != view.grab().toImage()


def _with_hooks(item: CircleItem, *, hooked: bool) -> CircleState:
    assert item.state is not None
    return replace(item.state, tabs=tuple(replace(tab, hooked=hooked) for tab in item.state.tabs))


def test_at_a_gap_the_pane_says_how_much_was_left_out(qtbot: QtBot) -> None:
    trace = golden("loop")
    trace.steps = [*trace.steps, Step(kind="gap", id=0)]
    trace.gaps = [Gap(iterations=1200, operations=4000, backwards=1200, step=len(trace.steps) - 1)]
    session = GraphSession(trace)
    view = shown(qtbot, session)
    session.player.last()
    assert "1\u202f200 iterations were left out here" in view.buttons.note.text()
    session.player.seek(3)
    assert "left out" not in view.buttons.note.text()
