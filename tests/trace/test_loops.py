"""Programs as people write them, recorded afresh: loops, optimizers, evaluation, layers, hooks."""

from __future__ import annotations

import pytest

from tutor.insight.scene import scene
from tutor.trace.cover import covered_text
from tutor.trace.iterations import iteration_at, iterations
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows
from tutor.trace.timeline import timeline
from tutor.trace.trace import Trace

pytestmark = pytest.mark.kernel

TRAINING = """\
import torch
from torch import nn
net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
optimizer = torch.optim.{optimizer}(net.parameters(), lr=0.1)
for batch in range(4):
    x = torch.randn(5, 4)
    target = torch.randn(5, 2)
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), target)
    loss.backward()
    optimizer.step()
    print(batch, loss.item())
"""

EVALUATION = """\
net.eval()
with torch.no_grad():
    guess = net(torch.randn(6, 4))
    print(guess.abs().mean())
"""


def _trace(text: str) -> Trace:
    from tests.traces.recording import record_text

    trace = record_text(text)
    assert trace.error is None, trace.error
    return trace


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_training_loop_plays_on_one_still_picture(optimizer: str) -> None:
    trace = _trace(TRAINING.format(optimizer=optimizer))
    turns = iterations(trace)
    assert len(turns) == 4 and all(len(turn.backwards) == 1 for turn in turns)
    assert len({structure(trace, turn.index).signature for turn in turns}) == 1


def test_an_evaluation_after_training_is_an_iteration_of_its_own() -> None:
    trace = _trace(TRAINING.format(optimizer="SGD") + EVALUATION)
    *turns, evaluation = iterations(trace)
    assert len(turns) == 4 and evaluation.backwards == ()
    assert all(c.tabs == () and c.zone == "no_grad" for c in structure(trace, evaluation.index).circles)


def test_an_evaluation_between_two_epochs_parts_them() -> None:
    epoch = "for batch in range(2):\n    loss = (net(torch.randn(5, 4)) ** 2).mean()\n    loss.backward()\n"
    setup = "import torch\nfrom torch import nn\nnet = nn.Linear(4, 2)\n"
    trace = _trace(setup + epoch + EVALUATION + epoch)
    assert [len(turn.backwards) for turn in iterations(trace)] == [1, 1, 0, 1, 1]


def test_updates_by_hand_keep_the_picture_still() -> None:
    trace = _trace("""\
import torch
W = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
for turn in range(3):
    loss = ((W * 3 + b) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        for p in (W, b):
            p -= 0.1 * p.grad
    W.grad = b.grad = None
""")
    turns = iterations(trace)
    assert len(turns) == 3
    drawn = [structure(trace, turn.index) for turn in turns]
    assert len({d.signature for d in drawn}) == 1
    assert [b.name for b in drawn[0].boxes] == ["W", "b", "loss"]
    assert len(drawn[0].zones) == 2


def test_a_graph_that_is_not_detached_reaches_back_into_earlier_turns() -> None:
    trace = _trace("""\
import torch
h = torch.zeros(2, requires_grad=True)
s = h
for turn in range(3):
    s = torch.tanh(s + 1)
    s.sum().backward(retain_graph=True)
""")
    tanhs = [sum(c.symbol == "tanh" for c in structure(trace, i.index).circles) for i in iterations(trace)]
    assert tanhs == [1, 2, 3]


MANY_KINDS = {
    "views and writing": """\
x = torch.ones(3, requires_grad=True)
y = x * 2
y[0] = 5
y.mul_(3)
a, b = torch.split(torch.stack([x, y]), 1)
largest, place = torch.max(a + b, dim=1)
largest.sum().backward()
""",
    "hooks": """\
a = torch.tensor([1.0, 2.0], requires_grad=True)
a.register_hook(lambda g: g * 10)
b = a * 3
b.retain_grad()
(b**2).sum().backward()
""",
    "odd numbers": """\
e = torch.empty(0, requires_grad=True)
e.sum().backward()
big = torch.ones(200, 200, requires_grad=True)
(big * 2).sum().backward()
n = torch.tensor([float("nan"), float("inf"), -0.0], requires_grad=True)
(n * 2).sum().backward()
c = torch.tensor([1 + 2j], requires_grad=True)
(c * c.conj()).real.sum().backward()
""",
    "inference": """\
x = torch.ones(3, requires_grad=True)
with torch.inference_mode():
    y = x * 2
(x * 2).sum().backward(inputs=[x])
""",
    "derivative of a derivative": """\
x = torch.tensor([1.0, 2.0], requires_grad=True)
(g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
(g**2).sum().backward()
""",
    "recurrent": """\
layer = torch.nn.LSTM(3, 4)
out, _ = layer(torch.randn(5, 2, 3))
out.mean().backward()
""",
    "own function": """\
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g

x = torch.tensor(3.0, requires_grad=True)
(Square.apply(x) * 2).backward()
""",
}


@pytest.mark.parametrize("name", MANY_KINDS)
def test_every_step_of_any_program_can_be_shown(name: str) -> None:
    trace = _trace("import torch\n" + MANY_KINDS[name])
    assert timeline(trace).count == len(trace.steps)
    for step in range(-1, len(trace.steps)):
        drawn = structure(trace, iteration_at(trace, step).index)
        for covered in (frozenset[str](), frozenset({"x.grad", "x"})):
            seen = scene(trace, drawn, step, covered)
            assert set(seen.lanes) == {ln.id for ln in drawn.lanes}
            assert len(tensor_rows(trace, step, covered)) == len(tensor_rows(trace, step))
            covered_text("tensor([nan, inf, 3.])", trace, step, covered)


def test_what_the_hooks_made_of_a_gradient_is_what_is_shown() -> None:
    trace = _trace("import torch\n" + MANY_KINDS["hooks"])
    rows = {row.name: row for row in tensor_rows(trace, len(trace.steps) - 1)}
    assert rows["a"].grad.value is not None and rows["a"].grad.value.data == [180.0, 360.0]
    assert rows["b"].grad.value is not None and rows["b"].retains_grad
