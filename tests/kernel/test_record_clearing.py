"""What happens to gradients between a backward and the step: cleared, clipped, scaled, unscaled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read
from tutor.protocol import OptimizerStepped

W = "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def changed(read: Read, what: str) -> list[str]:
    return [step for step in read.steps() if step.startswith(what)]


def the_step(read: Read) -> OptimizerStepped:
    (step,) = read.trace.optimizer_steps
    return step


# ------------------------------------------------------------------ clearing gradients


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        ("o.zero_grad()", None),
        ("o.zero_grad(set_to_none=False)", [0.0, 0.0]),
        ("net.zero_grad()", None),
        ("net.zero_grad(set_to_none=False)", [0.0, 0.0]),
        ("net.w.grad = None", None),
        ("net.w.grad.zero_()", [0.0, 0.0]),
        ("torch.optim.SGD([net.w], foreach=True).zero_grad(set_to_none=False)", [0.0, 0.0]),
        ("net.w.grad.fill_(0)", [0.0, 0.0]),
        ("torch._foreach_zero_([net.w.grad])", [0.0, 0.0]),
    ],
)
def test_clearing_tells_none_from_zeros(statement: str, after: Any) -> None:
    read = Read(
        "import torch\nnet = torch.nn.ParameterDict({'w': torch.ones(2)})\no = torch.optim.SGD(net.parameters())\n"
        f"(net.w * 3).sum().backward()\n{statement}\n"
    )
    changes = [(read.name(c.tensor), c.before, c.after) for c in read.trace.changes if c.what == "grad"]

    assert changes == [("net.w", [3.0, 3.0], after)]
    assert read.steps()[-1] == "grad_changed net.w"
    assert statement.startswith(read.code(read.trace.steps[-1].span))


# ------------------------------------------------------------------ clipping


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("torch.nn.utils.clip_grad_norm_([w], 1.0)", [0.6, 0.8]),
        ("torch.nn.utils.clip_grad_norm_(w, 1.0, foreach=True)", [0.6, 0.8]),
        ("torch.nn.utils.clip_grads_with_norm_([w], 1.0, torch.tensor(5.0))", [0.6, 0.8]),
        ("torch.nn.utils.clip_grad_value_([w], 3.5)", [3.0, 3.5]),
        ("torch.nn.utils.clip_grad_value_([w], 3.5, foreach=True)", [3.0, 3.5]),
    ],
)
def test_clipping_changes_the_gradients_at_the_learners_line(call: str, after: list[float]) -> None:
    text = f"import torch\nw = torch.ones(2, requires_grad=True)\nw.grad = torch.tensor([3.0, 4.0])\nn = {call}\n"
    read = Read(text)
    change = [c for c in read.trace.changes if c.what == "grad"][-1]

    assert change.before == [3.0, 4.0]
    assert change.after == pytest.approx(after)
    assert read.code(change.span) == call
    assert_faithful(text)


def test_two_lines_that_clip_are_two_changes() -> None:
    read = Read(
        "import torch\nw = torch.ones(2, requires_grad=True)\nw.grad = torch.tensor([3.0, 4.0])\n"
        "torch.nn.utils.clip_grad_value_([w], 3.5)\ntorch.nn.utils.clip_grad_value_([w], 2.0)\n"
    )
    changes = [(c.before, c.after, c.span.line) for c in read.trace.changes if c.what == "grad" and c.span]

    assert changes[1:] == [([3.0, 4.0], [3.0, 3.5], 4), ([3.0, 3.5], [2.0, 2.0], 5)]


def test_a_total_norm_is_a_tensor_of_its_own() -> None:
    read = Read(W + "(w * w).sum().backward()\nn = torch.nn.utils.get_total_norm([w.grad])\nm = n * 2\n")

    assert read.last_value("n") == pytest.approx(20**0.5)
    assert changed(read, "grad_changed") == []


# ------------------------------------------------------------------ GradScaler


SCALED = W + (
    "o = torch.optim.SGD([w], lr=0.5)\nscaler = torch.amp.GradScaler('cpu', init_scale=4.0)\n"
    "loss = (w * w).sum(){}\nscaled = scaler.scale(loss)\nscaled.backward()\nscaler.unscale_(o)\n"
    "scaler.step(o)\nscaler.update()\n"
)


def test_a_scaled_loss_is_an_operation() -> None:
    read = Read(SCALED.format(""))
    (operation,) = (one for one in read.trace.operations if read.code(one.span) == "scaler.scale(loss)")

    assert [read.name(id) for id in operation.outputs] == ["scaled"]
    assert operation.nodes
    assert read.last_value("scaled") == 20.0


def test_unscaling_is_a_change_of_the_gradients() -> None:
    read = Read(SCALED.format(""))
    changes = [(c.before, c.after, read.code(c.span)) for c in read.trace.changes if c.what == "grad"]

    assert changes == [([8.0, 16.0], [2.0, 4.0], "scaler.unscale_(o)")]
    assert read.last_value("w") == [0.0, 0.0]
    assert (the_step(read).name, the_step(read).skipped) == ("o", False)
    assert_faithful(SCALED.format(""))


def test_a_step_that_the_scaler_leaves_out_is_told_as_such() -> None:
    text = SCALED.format(" * float('inf')")
    read = Read(text)
    step = the_step(read)

    assert step.skipped
    assert (step.name, step.first_step, step.state) == ("o", step.step, [])
    assert read.code(step.span) == "scaler.step(o)"
    assert "value_changed w" not in read.steps()
    assert_faithful(text)


def test_a_fused_optimizer_unscales_by_itself() -> None:
    text = (
        SCALED.format("")
        .replace("SGD([w], lr=0.5)", "SGD([w], lr=0.5, fused=True)")
        .replace("scaler.unscale_(o)\n", "")
    )
    read = Read(text)

    assert read.last_value("w") == [0.0, 0.0]
    assert [(c.before, c.after) for c in read.trace.changes if c.what == "grad"] == [
        ([8.0, 16.0], [2.0, 4.0])
    ]
    assert_faithful(text)
