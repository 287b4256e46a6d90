"""What the callout says of layers: the factors as torch multiplied them, and the sides that match."""

from __future__ import annotations

import pytest

from tutor.insight.scene import scene
from tutor.insight.step_text import step_text
from tutor.trace.iterations import iteration_at
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

pytestmark = pytest.mark.kernel


def _trace(text: str) -> Trace:
    from tests.traces.recording import record_text

    return record_text("import torch\n" + text)


def _said(text: str, node: str) -> str:
    """All that the callout of this node says."""
    trace = _trace(text)
    assert trace.error is None, trace.error
    step = next(
        number
        for number, row in enumerate(trace.steps)
        if row.kind == "node" and trace.nodes[row.id].name == node
    )
    found = scene(trace, structure(trace, iteration_at(trace, step).index), step).callout
    assert found is not None
    return " ".join(found.lines)


def test_a_layer_without_a_bias_multiplies_by_the_turned_weight() -> None:
    said = _said(
        """\
layer = torch.nn.Linear(3, 3, bias=False)
x = torch.ones(1, 3, requires_grad=True)
layer(x).sum().backward()
""",
        "MmBackward0",
    )
    assert "∂(x@layer.weightᵀ)/∂x: G[1×3] · layer.weight[3×3] → [1×3]" in said
    assert "∂(x@layer.weightᵀ)/∂layer.weightᵀ: xᵀ[3×1] · G[1×3] → [3×3]" in said


def test_a_batch_of_sequences_goes_through_a_layer_as_one_matrix_of_rows() -> None:
    said = _said(
        """\
layer = torch.nn.Linear(3, 2)
X = torch.ones(4, 5, 3)
layer(X).sum().backward()
""",
        "AddmmBackward0",
    )
    assert "Xᵀ[3×20] · G[20×2] → [3×2]" in said


def test_an_error_that_the_program_caught_is_called_by_its_type() -> None:
    trace = _trace("""\
w = torch.tensor(2.0, requires_grad=True)
y = w * w
y.backward()
try:
    y.backward()
except RuntimeError:
    print("twice")
""")
    errors = [n for n, step in enumerate(trace.steps) if step.kind == "error"]
    assert [step_text(trace, n) for n in errors] == ["RuntimeError"]


def test_a_line_that_goes_on_behind_a_backslash_is_told_without_it() -> None:
    trace = _trace("x = torch.tensor(2.0)\ny = x * 2 \\\n    + 3\n")
    assert step_text(trace, len(trace.steps) - 1) == "y = x * 2 + 3"


EINSUM = """\
x = torch.tensor([[1.0, 2.0]], requires_grad=True)
B = torch.tensor([[3.0], [4.0]])
torch.einsum("ij,jk->ik", x, B).sum().backward()
"""


def test_factors_that_only_torch_knows_get_a_free_letter_each() -> None:
    assert "∂(y@u)/∂y: G[1×1×1] · uᵀ[1×1×2]" in _said(EINSUM, "BmmBackward0")


def test_a_shape_that_is_not_known_is_not_claimed() -> None:
    said = _said(
        """\
v = torch.tensor([1.0, 2.0], requires_grad=True)
B = torch.eye(2)
(v @ B).sum().backward()
""",
        "UnsqueezeBackward0",
    )
    assert said == "passes [1, 1] to v"


def test_a_rule_is_not_claimed_where_a_hook_sent_something_else() -> None:
    said = _said(
        """\
A = torch.eye(2, requires_grad=True)
B = torch.eye(2)
y = A @ B
y.grad_fn.register_hook(lambda sent, received: (sent[0] * 10, None))
y.sum().backward()
""",
        "MmBackward0",
    )
    assert said == "passes [[10, 10], [10, 10]] to A hook <lambda>: [[1, 1], [1, 1]] → [[10, 10], [10, 10]]"


def test_reckoning_in_place_on_a_view_is_not_called_overwriting() -> None:
    program = """\
x = torch.ones(3, requires_grad=True)
c = x * 1
{change}
c.sum().backward()
"""
    assert _said(program.format(change="v = c[1:]\nv *= 2"), "CopySlices") == "passes [1, 2, 2] to c"
    assert "overwritten" in _said(program.format(change="c[0] = 5"), "CopySlices")
