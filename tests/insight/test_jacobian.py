"""J of a node, worked out from what was recorded: never a number that torch's own vᵀJ does not confirm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.traces.recording import record_text
from tutor.insight.jacobian import Jacobian, NoJacobian, jacobian, times
from tutor.trace.state import moment_of
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

PRODUCT = """
import torch
A = torch.tensor([[1., 2.], [3., 4.], [5., 6.]])
x = torch.tensor([1., -1.], requires_grad=True)
y = A @ x
y.backward(torch.tensor([1., 0., 2.]))
"""


def found(
    text: str, name: str, step: int | None = None, covered: frozenset[str] = frozenset()
) -> Jacobian | NoJacobian:
    return of(record_text(text), name, step, covered)


def of(
    trace: Trace, name: str, step: int | None = None, covered: frozenset[str] = frozenset()
) -> Jacobian | NoJacobian:
    drawn = structure(trace, 0)
    at = moment_of(trace, drawn, len(trace.steps) - 1 if step is None else step, covered)
    circle, node = next((c, t.node) for c in drawn.circles for t in c.tabs if t.name.startswith(name))
    return jacobian(at, circle, node)


def test_a_matrix_times_a_vector_has_the_matrix_as_its_jacobian() -> None:
    j = found(PRODUCT, "MvBackward0")
    assert isinstance(j, Jacobian) and j.checked
    assert j.blocks[0].rows.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert j.v is not None and j.v.data == [1.0, 0.0, 2.0]
    assert j.blocks[0].sent is not None and j.blocks[0].sent.data == [11.0, 14.0]
    assert times([1.0, 0.0, 0.0], j.blocks[0]).tolist() == [1, 2], "one row alone"


def test_before_its_turn_there_is_no_v_and_nothing_was_sent() -> None:
    trace = record_text(PRODUCT)
    j = of(trace, "MvBackward0", step=2)
    assert isinstance(j, Jacobian) and j.v is None and j.blocks[0].sent is None


SAMPLES = [
    ("x * torch.tensor([2., 3.])", [[2, 0], [0, 3]]),
    ("x ** 3", [[3 * 1.5**2, 0], [0, 3 * 0.25]]),
    ("torch.exp(x)", [[math.exp(1.5), 0], [0, math.exp(-0.5)]]),
    ("x.sum()", [[1, 1]]),
    ("x.mean()", [[0.5, 0.5]]),
    ("x.expand(2, 2)", [[1, 0], [0, 1], [1, 0], [0, 1]]),
    ("x - x.detach() * 2", [[1, 0], [0, 1]]),
    ("x.reshape(2, 1)", [[1, 0], [0, 1]]),
    ("torch.relu(x)", [[1, 0], [0, 0]]),
    ("x[1]", [[0, 1]]),
    ("x[-1]", [[0, 1]]),
    ("x[:1]", [[1, 0]]),
    ("x.expand(2, 2)[:, 1]", [[0, 1, 0, 0], [0, 0, 0, 1]]),
    ("torch.stack([x, x], 1).sum(1)", [[1, 1, 0, 0], [0, 0, 1, 1]]),
    ("x / torch.tensor([[2.], [4.]])", [[0.5, 0], [0, 0.5], [0.25, 0], [0, 0.25]]),
]


@pytest.mark.parametrize(("expression", "rows"), SAMPLES)
def test_the_jacobian_is_that_of_calculus(expression: str, rows: list[list[float]]) -> None:
    text = f"import torch\nx = torch.tensor([1.5, -0.5], requires_grad=True)\ny = {expression}\ny.sum().backward()\n"
    trace = record_text(text)
    tensor = next(row.tensor for row in trace.names if row.name == "y")
    node = next(node for node in trace.nodes if node.id == trace.tensors[tensor].grad_fn)
    j = of(trace, node.name)
    assert isinstance(j, Jacobian), j
    assert np.allclose(j.blocks[0].rows, rows)


def test_softmax_mixes_all_its_elements() -> None:
    j = found(
        "import torch\nx = torch.tensor([1., 2., 0.], requires_grad=True)\n"
        "y = torch.softmax(x, 0)\ny.backward(torch.tensor([1., 0., 2.]))\n",
        "SoftmaxBackward0",
    )
    assert isinstance(j, Jacobian) and j.checked
    s = np.exp([1.0, 2.0, 0.0]) / np.exp([1.0, 2.0, 0.0]).sum()
    assert np.allclose(j.blocks[0].rows, np.diag(s) - np.outer(s, s), atol=1e-6)


def test_an_infinite_derivative_spoils_only_its_own_element() -> None:
    j = found(
        "import torch\nx = torch.tensor([0., 4.], requires_grad=True)\ny = torch.sqrt(x)\ny.backward(torch.ones(2))\n",
        "SqrtBackward0",
    )
    assert isinstance(j, Jacobian)
    assert j.blocks[0].rows.tolist() == [[math.inf, 0], [0, 0.25]]


WHY = [
    ("z = torch.complex(x, x)\ny = z * 2\ny.abs().sum().backward()", "MulBackward0", "no_rule", 0),
    ("y = (x[:0] * 2)\ny.sum().backward()", "MulBackward0", "empty", 0),
    ("y = x.expand(5, 2)\ny.sum().backward()", "ExpandBackward0", "outputs", 10),
    ("y = x.cumsum(0)\ny.sum().backward()", "CumsumBackward0", "no_rule", 0),
    ("a, b = x.unbind()\n(a * b).backward()", "UnbindBackward0", "several", 0),
    ("y = torch.div(x, 2, rounding_mode='floor')", "DivBackward", "unchecked", 0),
]


@pytest.mark.parametrize(("text", "name", "why", "count"), WHY)
def test_where_there_is_none_the_reason_is_known(text: str, name: str, why: str, count: int) -> None:
    none = found(f"import torch\nx = torch.tensor([1.5, -0.5], requires_grad=True)\n{text}\n", name)
    assert isinstance(none, NoJacobian) and (none.why, none.count) == (why, count)


def test_many_inputs_are_too_many_columns() -> None:
    none = found(
        "import torch\nx = torch.ones(300, requires_grad=True)\ny = x.sum()\ny.backward()\n", "SumBackward0"
    )
    assert isinstance(none, NoJacobian) and (none.why, none.count) == ("inputs", 300)


def test_a_rule_that_torch_contradicts_gives_no_jacobian() -> None:
    trace = record_text(PRODUCT)
    run = trace.backwards[0].steps[0]
    run.grad_inputs[1 if run.grad_inputs[0] is None else 0] = [99.0, 99.0]
    none = of(trace, "MvBackward0")
    assert isinstance(none, NoJacobian) and none.why == "differs"


def test_what_a_question_asks_for_is_covered_and_so_is_a_row_that_tells_it() -> None:
    asked = frozenset({"x.grad"})
    j = found(PRODUCT, "MvBackward0", covered=asked)
    assert isinstance(j, Jacobian) and j.blocks[0].sent_hidden and not j.blocks[0].hidden
    told = found(PRODUCT.replace("[1., 0., 2.]", "[1., 0., 0.]"), "MvBackward0", covered=asked)
    assert isinstance(told, Jacobian) and told.blocks[0].hidden, "the row is the answer"
    matrix = found(PRODUCT, "MvBackward0", covered=frozenset({"A"}))
    assert isinstance(matrix, Jacobian) and matrix.blocks[0].hidden


def test_the_rule_of_addmm_knows_its_factors() -> None:
    j = found(
        "import torch\nb = torch.zeros(2, requires_grad=True)\nx = torch.tensor([[1., 2.]])\n"
        "W = torch.eye(2).requires_grad_()\ny = torch.addmm(b, x, W, beta=3, alpha=2)\n"
        "y.backward(torch.tensor([[1., 5.]]))\n",
        "AddmmBackward0",
    )
    assert isinstance(j, Jacobian) and j.checked
    assert j.blocks[0].rows.tolist() == [[3, 0], [0, 3]]
    assert np.allclose(j.blocks[1].rows, [[2, 0, 4, 0], [0, 2, 0, 4]])


def test_each_part_of_a_stack_has_a_block_of_its_own() -> None:
    j = found(
        "import torch\na = torch.tensor(2., requires_grad=True)\nb = torch.tensor(3., requires_grad=True)\n"
        "y = torch.stack([a, b, a])\ny.backward(torch.tensor([1., 10., 100.]))\n",
        "StackBackward0",
    )
    assert isinstance(j, Jacobian) and j.checked
    assert [block.rows.T.tolist() for block in j.blocks] == [[[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]]]
