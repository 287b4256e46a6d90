"""What is said of an operation beside its expression: module, mode, precision, transform."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.trace.made import loop
from tests.traces.recording import record_text
from tutor.insight.operation_text import operation_lines, telling_lines
from tutor.insight.scene import scene
from tutor.protocol import Operation
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

NET = """\
import torch
from torch import nn
net = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.BatchNorm1d(3))
x = torch.ones(4, 2)
out = net(x)
net.eval()
out = net(x)
"""


def _of(trace: Trace, name: str) -> list[Operation]:
    return [row for row in trace.operations if row.function.rpartition(".")[2] == name]


def test_an_operation_says_in_which_module_it_ran_and_how_that_was_switched() -> None:
    trace = record_text(NET)
    assert [operation_lines(trace, row)[0] for row in _of(trace, "linear")] == [
        "net.0 (Linear, training)",
        "net.0 (Linear, evaluation)",
    ]


def test_where_the_switch_matters_it_is_said_what_it_does() -> None:
    trace = record_text(NET)
    first, second = _of(trace, "dropout")
    assert telling_lines(trace, first) == [
        "training: some values are set to 0 at random, the others enlarged"
    ]
    assert telling_lines(trace, second) == ["evaluation: everything passes unchanged"]
    first, second = _of(trace, "batch_norm")
    assert telling_lines(trace, first) == ["training: mean and variance of this batch"]
    assert telling_lines(trace, second) == ["evaluation: the running mean and variance"]
    assert telling_lines(trace, _of(trace, "linear")[0]) == []


def test_a_call_says_on_the_way_forward_only_what_is_special_of_it() -> None:
    trace = record_text(NET)
    drawn = structure(trace, None)
    said = [scene(trace, drawn, _of(trace, name)[0].step).callout for name in ("linear", "dropout")]

    assert said[0] is not None and said[0].title == "net.0 (Linear, training)"
    assert said[0].lines == (
        "x[4×2] · net.0.weightᵀ[2×3] → [4×3]",
        "net.0.bias[3] is stretched to [4×3]: 4 copies",
    )
    assert said[1] is not None and said[1].title == "net.1 (Dropout, training)"
    assert said[1].drawings == ()


def _trace(**changes: object) -> Trace:
    trace = Trace()
    trace.extend(loop(1, 2))
    trace.operations[1] = structs.replace(trace.operations[1], **changes)
    return trace


def test_autocast_tells_the_precision_of_what_it_cast() -> None:
    trace = record_text(
        "import torch\na = torch.ones(2, 2)\nwith torch.autocast('cpu', dtype=torch.bfloat16):\n"
        "    b = a @ a\n    c = a.log()\n"
    )
    product, logarithm = _of(trace, "matmul")[0], _of(trace, "log")[0]
    callout = scene(trace, structure(trace, 0), product.step).callout

    assert callout is not None and callout.lines[1:] == ("in bfloat16 (autocast)",)
    assert operation_lines(trace, logarithm) == []


@pytest.mark.parametrize(
    ("transform", "word"),
    [
        ("vmap", "whole batch"),
        ("grad", "torch.func (grad, vjp, jacrev)"),
        ("other", "torch.func: "),
        ("jvp", "forward mode"),
        ("compile", "torch.compile"),
        ("script", "TorchScript"),
        ("functionalize", "functionalize"),
    ],
)
def test_a_transform_says_what_autograd_did_not_see(transform: str, word: str) -> None:
    trace = _trace(transform=transform)
    (line,) = telling_lines(trace, trace.operations[1])
    assert word in line


def test_transforms_within_one_another_are_each_told() -> None:
    trace = record_text(
        "import torch\nH = torch.func.vmap(torch.func.grad(lambda t: (t**3).sum()))(torch.ones(3, 2))\n"
    )
    row = next(row for row in trace.operations if row.transform is not None and "(" in row.transform)
    lines = telling_lines(trace, row)

    assert len(lines) == len(set(row.transform.rstrip(")").split("("))) > 1  # type: ignore[union-attr]


def test_a_batch_of_vmap_is_shown_in_the_shape_of_its_values() -> None:
    trace = record_text(
        "import torch\ny = torch.func.vmap(lambda t: t * 2)(torch.ones(3, 2, requires_grad=True))\n"
    )
    drawn = structure(trace, 0)
    seen = scene(trace, drawn, len(trace.steps) - 1)
    shapes = {box.shape for box in drawn.boxes}

    assert (3, 2) in shapes
    assert all(state.value is None or len(state.value.data) == 3 for state in seen.boxes.values())
