"""What changes a tensor without computing a new one: flags, in-place writes, `.grad`, optimizers."""

from __future__ import annotations

from typing import Any

from tests.kernel.reading import Read
from tests.traces import golden

W = "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def changes(read: Read, what: str) -> list[tuple[str, Any, Any]]:
    return [(read.name(c.tensor), c.before, c.after) for c in read.trace.changes if c.what == what]


def test_requires_grad_flips_are_steps() -> None:
    read = Read(
        "import torch\nx = torch.ones(2)\nx.requires_grad_()\nx.requires_grad = False\nx.requires_grad_(False)\n"
    )

    assert read.steps()[1:] == ["flag_changed x", "flag_changed x"]
    assert changes(read, "requires_grad") == [("x", False, True), ("x", True, False)]
    assert read.trace.tensors[0].requires_grad is False


def test_a_tensor_first_seen_at_its_flip_is_born_with_the_old_flag() -> None:
    read = Read("import torch\nx = torch.FloatTensor([1]).requires_grad_()\n")

    assert read.trace.tensors[0].requires_grad is False
    assert changes(read, "requires_grad") == [("x", False, True)]


def test_retain_grad_is_a_flag() -> None:
    assert changes(Read("", golden("retain")), "retains_grad") == [("y", False, True)]


def test_freezing_a_module_flips_each_parameter() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Linear(1, 1)\nnet.requires_grad_(False)\ny = net(torch.ones(1))\n"
    )

    assert sorted(changes(read, "requires_grad")) == [("net.bias", True, False), ("net.weight", True, False)]


def test_a_deleted_gradient_is_gone() -> None:
    read = Read(W + "w.sum().backward()\ndel w.grad\nprint(w.grad)\ndel w.grad\n")

    assert read.steps()[-2:] == ["grad_changed w", "output None"]
    assert changes(read, "grad") == [("w", [1.0, 1.0], None)]


# ------------------------------------------------------------------ values


def test_an_update_under_no_grad_changes_the_value_and_makes_no_node() -> None:
    read = Read("", golden("by_hand"))
    step = next(index for index, step in enumerate(read.trace.steps) if step.kind == "value_changed")

    assert read.step(step) == "value_changed W"
    assert [c.tensor for c in read.trace.changes if c.step == step] == [read.ids["W"]]
    versions = [(v.version, v.step) for v in read.trace.values if v.tensor == read.ids["W"]]
    assert versions == [(0, 0), (1, step)]


def test_a_tracked_in_place_operation_is_an_operation_and_a_new_version() -> None:
    read = Read(W + "y = w * 3\ny += 1\n")
    operation = read.trace.operations[-1]

    assert (operation.inputs, operation.outputs) == ([1], [1])
    assert read.steps()[-1] == "y += 1"
    assert [v.version for v in read.trace.values if v.tensor == 1] == [0, 1]
    assert read.last_value("y") == [4.0, 7.0]


def test_a_saved_tensor_written_in_place_fails_at_its_node() -> None:
    read = Read("", golden("in_place"))

    assert read.trace.backwards[0].error is None
    error = read.trace.backwards[1].error
    assert error is not None and error.node is not None
    assert read.node(error.node) == "SigmoidBackward0"


def test_writing_through_data_changes_the_tensor_without_a_version() -> None:
    read = Read(W + "w.data.fill_(10)\n")

    assert read.steps()[-1] == "value_changed w"
    assert [(v.version, v.value) for v in read.trace.values if v.tensor == 0] == [
        (0, [1.0, 2.0]),
        (0, [10.0, 10.0]),
    ]


def test_setting_data_changes_the_value() -> None:
    read = Read(W + "w.data = torch.zeros(2)\n")

    assert read.steps()[-1] == "value_changed w"
    assert read.last_value("w") == [0.0, 0.0]


def test_writing_to_a_view_changes_its_base() -> None:
    read = Read("import torch\nx = torch.zeros(4)\nv = x.view(2, 2)\nv[0] = 5\n")

    assert read.last_value("x") == [5.0, 5.0, 0.0, 0.0]
    assert read.last_value("v") == [[5.0, 5.0], [0.0, 0.0]]


def test_writing_a_tracked_value_makes_the_tensor_tracked() -> None:
    read = Read(W + "y = torch.zeros(2)\ny[0] = w[1]\n")

    assert changes(read, "requires_grad") == [("y", False, True)]


def test_a_change_that_nobody_saw_is_found_when_the_tensor_is_used() -> None:
    read = Read(
        "import torch, numpy\nx = torch.zeros(2)\nx[0] = 1\n"
        "with torch._C.DisableTorchFunction():\n    x += 4\ny = x * 2\n"
    )

    assert read.last_value("x") == [5.0, 4.0]


# ------------------------------------------------------------------ gradients


def test_clearing_tells_none_from_zeros() -> None:
    read = Read(W + "w.sum().backward()\nw.grad.zero_()\nw.grad = None\n")

    assert changes(read, "grad") == [("w", [1.0, 1.0], [0.0, 0.0]), ("w", [0.0, 0.0], None)]
    assert read.steps()[-2:] == ["grad_changed w", "grad_changed w"]


def test_clearing_nothing_is_no_step() -> None:
    assert Read(W + "w.grad = None\n").steps() == [Read(W).steps()[0]]


def test_a_gradient_set_by_hand_is_a_change() -> None:
    assert changes(Read(W + "w.grad = torch.ones(2)\n"), "grad") == [("w", None, [1.0, 1.0])]


def test_clipping_changes_the_gradients_and_shows_no_inner_operations() -> None:
    read = Read(W + "(3 * w).sum().backward()\ntorch.nn.utils.clip_grad_value_([w], 1.0)\n")

    assert changes(read, "grad") == [("w", [3.0, 3.0], [1.0, 1.0])]
    assert read.steps()[-1] == "grad_changed w"


# ------------------------------------------------------------------ optimizers


def test_a_training_turn_clears_computes_runs_back_and_updates() -> None:
    read = Read("", golden("loop"))
    second = read.steps()[16:31]

    assert second == [
        "grad_changed model.weight",
        "grad_changed model.bias",
        "model(X)",
        "prediction - target",
        "(prediction - target) ** 2",
        "((prediction - target) ** 2).mean()",
        "1: MeanBackward0",
        "1: PowBackward0",
        "1: SubBackward0",
        "1: AddmmBackward0",
        "1: AccumulateGrad of model.bias",
        "1: TBackward0",
        "1: AccumulateGrad of model.weight",
        "value_changed model.weight",
        "value_changed model.bias",
    ]
    lines = [step.span.line for step in read.trace.steps[16:31] if step.span is not None]
    assert (lines[0], lines[-1]) == (9, 13)


def test_an_update_is_one_step_a_parameter_whatever_the_optimizer_does_inside() -> None:
    for optimizer in (
        "Adam([w])",
        "AdamW([w], foreach=True)",
        "SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1)",
    ):
        read = Read(W + f"o = torch.optim.{optimizer}\n(w * w).sum().backward()\no.step()\nprint(w)\n")

        assert [step for step in read.steps() if "changed" in step] == ["value_changed w"], optimizer
        assert read.steps()[-1].startswith("output")


def test_a_loop_in_a_function_names_what_the_loop_names() -> None:
    read = Read(
        W
        + "def train():\n    o = torch.optim.SGD([w], lr=0.1)\n    for _ in range(2):\n        loss = (w * w).sum()\n"
        "        o.zero_grad()\n        loss.backward()\n        o.step()\ntrain()\n"
    )

    assert [named.name for named in read.trace.names] == ["w", "loss", "loss"]
