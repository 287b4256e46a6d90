"""What is named how, and what is a leaf, in programs that name, write in place and count lines as people do."""

from __future__ import annotations

import pytest

from tutor.insight.scene import scene
from tutor.insight.step_text import step_text
from tutor.trace.iterations import iterations
from tutor.trace.structure import structure
from tutor.trace.tensors import TensorRow, tensor_rows
from tutor.trace.trace import Trace
from tutor.trace.values import add, dense

pytestmark = pytest.mark.kernel


def _trace(text: str) -> Trace:
    from tests.traces.recording import record_text

    trace = record_text("import torch\n" + text)
    assert trace.error is None, trace.error
    return trace


def _rows(trace: Trace) -> dict[str, TensorRow]:
    return {row.name: row for row in tensor_rows(trace, len(trace.steps) - 1)}


def _boxes(trace: Trace, iteration: int = 0) -> list[str]:
    return [box.name for box in structure(trace, iteration).boxes]


UPDATE_BY_HAND = """\
net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
for _ in range(2):
    loss = net(torch.ones(1, 2)).sum()
    loss.backward()
    with torch.no_grad():
        for p in net.parameters():
            p -= 0.1 * p.grad
            p.grad = None
"""


def test_parameters_keep_their_paths_when_a_loop_calls_each_of_them_p() -> None:
    trace = _trace(UPDATE_BY_HAND)
    for turn in iterations(trace):
        assert {"net.0.weight", "net.0.bias", "net.1.weight", "net.1.bias"} <= set(_boxes(trace, turn.index))
        assert "p" not in _boxes(trace, turn.index)
    texts = [step_text(trace, step) for step in range(len(trace.steps))]
    assert "net.0.weight changed in place" in texts and "net.1.bias.grad cleared" in texts


def test_a_name_of_its_own_goes_before_the_name_of_a_loop_over_many() -> None:
    trace = _trace("""\
w1 = torch.tensor(1.0, requires_grad=True)
w2 = torch.tensor(2.0, requires_grad=True)
y = w1 * w2
for w in (w1, w2):
    w.retain_grad()
y.backward()
""")
    assert _boxes(trace) == ["w1", "w2", "y"]


def test_a_second_name_is_shown_when_the_first_went_to_another_tensor() -> None:
    trace = _trace("a = torch.tensor(1.0, requires_grad=True)\nb = a\na = b * 2\na.backward()\n")
    assert _boxes(trace) == ["b", "a"]


def test_what_is_written_into_in_place_has_the_node_of_the_writing_and_is_no_leaf() -> None:
    trace = _trace("""\
w = torch.tensor([1.0, 2.0], requires_grad=True)
a = torch.zeros(3)
a[1:] = w * 2
y = w * 3
y += 1
a.sum().backward()
""")
    rows = _rows(trace)
    assert (rows["a"].is_leaf, rows["a"].grad_fn, rows["a"].grad.reason) == (False, "CopySlices", "passes")
    assert rows["y"].grad_fn == "AddBackward0"
    start = next(r for r in tensor_rows(trace, 1) if r.name == "a")
    assert (start.is_leaf, start.grad_fn) == (True, None)
    box = next(b for b in structure(trace, 0).boxes if b.name == "a")
    assert not box.is_leaf


def test_a_step_that_writes_in_place_is_not_told_as_an_assignment() -> None:
    trace = _trace("y = torch.ones(3, requires_grad=True) * 2\ny[0] = 5\ny[1:] *= 3\n")
    texts = [step_text(trace, step) for step in range(len(trace.steps))]
    assert "y[0] = 5" in texts and "y[1:] = …" in texts and "y = y[0]" not in texts and "y[1:] *= 3" in texts


def test_lines_are_counted_as_python_counts_them() -> None:
    trace = _trace('s = "a\u2028b\x85"\n\x0c\nx = torch.tensor(2.0, requires_grad=True)\ny = x * 3\n')
    assert [circle.expression for circle in structure(trace, 0).circles] == ["x * 3"]
    assert step_text(trace, len(trace.steps) - 1) == "y = x * 3"


def test_a_sparse_gradient_adds_up_in_its_tray() -> None:
    trace = _trace("""\
table = torch.nn.Embedding(4, 2, sparse=True)
for _ in range(2):
    table(torch.tensor([1, 3, 1])).sum().backward()
""")
    seen = scene(trace, structure(trace, 1), len(trace.steps) - 1)
    tray = next(box.tray for box in seen.boxes.values() if box.tray is not None)
    assert tray.before is not None and tray.incoming is not None and tray.after is not None
    assert tray.incoming.data == [[0, 0], [2, 2], [0, 0], [1, 1]]
    assert add(tray.before.data, tray.incoming.data) == tray.after.data
    assert _rows(trace)["table.weight"].grad.value == tray.after


def test_a_sparse_tensor_is_written_with_its_zeros_and_a_gradient_not_kept_adds_to_its_shape() -> None:
    sparse = {"indices": [[0, 1, 0]], "values": [1.0, "inf", 2.0], "shape": [3]}
    assert dense(sparse) == [3.0, "inf", 0.0]
    assert dense({"indices": [[], []], "values": [], "shape": [2, 1]}) == [[0.0], [0.0]]
    assert dense({"indices": [[0]], "values": [1.0], "shape": [100_000]}) is None
    assert add({"shape": [2000], "stats": None}, {"shape": [2000], "stats": None}) == {"shape": [2000]}


def test_saving_the_parameters_draws_nothing() -> None:
    trace = _trace(UPDATE_BY_HAND + "saved = net.state_dict()\n")
    assert all(c.function != "torch.Tensor.detach" for c in structure(trace, 1).circles)


def test_evaluating_in_the_first_turn_on_data_made_there_is_an_iteration_of_its_own() -> None:
    trace = _trace("""\
w = torch.tensor(1.0, requires_grad=True)
X = torch.ones(3) * 2
for turn in range(3):
    loss = ((X * w - 1) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
        right = (loss < 0.1).float() + 1
        seen = ((X * w - 1) ** 2).mean()
""")
    turns = iterations(trace)
    assert [len(turn.backwards) for turn in turns] == [1, 0, 1, 0, 1, 0]
    assert len({structure(trace, turn.index).signature for turn in turns}) == 2


def test_tensors_that_only_torch_knows_have_some_name() -> None:
    trace = _trace("layer = torch.nn.BatchNorm1d(2)\nlayer(torch.randn(3, 2)).sum().backward()\n")
    assert all(_boxes(trace))


@pytest.mark.filterwarnings("ignore:Using backward")
def test_a_gradient_with_a_name_of_its_own_is_called_by_it() -> None:
    trace = _trace("""\
x = torch.tensor(2.0, requires_grad=True)
(x**3).backward(create_graph=True)
g = x.grad
(g**2).backward()
""")
    seen = scene(trace, structure(trace, 0), next(s for s in _node_steps(trace) if _ran(trace, s) == "g**2"))
    assert seen.callout is not None and "to g" in seen.callout.lines[0]


def test_a_reciprocals_inner_product_borrows_no_name_of_the_program() -> None:
    trace = _trace("x = torch.tensor(2.0, requires_grad=True)\ny = 1 / x\ny.backward()\n")
    seen = scene(trace, structure(trace, 0), _node_steps(trace)[0])
    assert seen.callout is not None and "∂(1·u)/∂u" in seen.callout.lines[0]


def _node_steps(trace: Trace) -> list[int]:
    return [number for number, step in enumerate(trace.steps) if step.kind == "node"]


def _ran(trace: Trace, step: int) -> str:
    return step_text(trace, step).partition(" of ")[2]


def test_an_update_in_one_expression_begins_at_the_box_of_its_own_gradient() -> None:
    trace = _trace("""\
other = torch.tensor(1.0, requires_grad=True)
(other * 2).backward()
y = torch.tensor(1.0, requires_grad=True)
(y * 2).backward()
y = y - y.grad
""")
    assert "other" not in _boxes(trace, len(iterations(trace)) - 1)


def test_what_a_detach_cuts_off_is_not_drawn_again_in_the_next_iteration() -> None:
    trace = _trace("""\
a = torch.tensor(1.0, requires_grad=True)
p = a * 2
p.backward()
r = a * 3 + p.detach()
r.backward()
""")
    assert [c.expression for c in structure(trace, 1).circles] == [
        "a * 3",
        "p.detach()",
        "a * 3 + p.detach()",
    ]


def test_the_results_of_one_call_are_told_apart() -> None:
    trace = _trace("""\
x = torch.tensor([1.0, 2.0], requires_grad=True)
u = x.unbind()
(u[0] * u[1]).backward()
""")
    seen = scene(trace, structure(trace, 0), _node_steps(trace)[0])
    assert seen.callout is not None
    assert [line.rpartition(" to ")[2] for line in seen.callout.lines] == ["u[0]", "u[1]"]


def test_a_loop_over_a_tensor_is_told_by_its_head() -> None:
    trace = _trace("for row in torch.ones(2, 2):\n    y = row * 2\n")
    texts = [step_text(trace, number) for number in range(len(trace.steps))]
    assert "for row in torch.ones(2, 2)" in texts
    assert "y = row * 2" in texts
