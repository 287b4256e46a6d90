"""Every rule against autograd itself: what it says, times what the node received, is what torch passed on."""

from __future__ import annotations

import pytest

from tutor.insight.formulas import local_derivative
from tutor.insight.local import agrees
from tutor.insight.uses import array, use_of
from tutor.trace.item_states import Moment
from tutor.trace.state import moment_of
from tutor.trace.structure import structure

pytestmark = pytest.mark.kernel

X = "torch.tensor([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]], requires_grad=True)"
P = "torch.tensor([[0.5, 1.2, 2.0], [1.5, 0.3, 0.7]], requires_grad=True)"
Q = "torch.tensor([[0.2, 0.9, 0.4], [0.6, 0.3, 0.7]], requires_grad=True)"
V = "torch.tensor([2.0, -3.0, 0.5], requires_grad=True)"

CASES = {
    "Add": ("x + v", X, V), "Sub": ("x - v", X, V), "Rsub": ("1 - x", X, V), "Mul": ("x * v", X, V),
    "Div": ("x / v", X, V), "Neg": ("-x", X, V), "Pow": ("x ** 3", X, V), "Pow tensor": ("x ** v", P, V),
    "Exp": ("torch.exp(x)", X, V), "Log": ("torch.log(x)", P, V), "Log2": ("torch.log2(x)", P, V),
    "Log10": ("torch.log10(x)", P, V), "Log1P": ("torch.log1p(x)", P, V), "Sqrt": ("torch.sqrt(x)", P, V),
    "Rsqrt": ("torch.rsqrt(x)", P, V), "Reciprocal": ("torch.reciprocal(x)", P, V), "Sin": ("torch.sin(x)", X, V),
    "Cos": ("torch.cos(x)", X, V), "Tan": ("torch.tan(x)", Q, V), "Tanh": ("torch.tanh(x)", X, V),
    "Sinh": ("torch.sinh(x)", X, V), "Cosh": ("torch.cosh(x)", X, V), "Asin": ("torch.asin(x)", Q, V),
    "Atan": ("torch.atan(x)", X, V), "Erf": ("torch.erf(x)", X, V), "Expm1": ("torch.expm1(x)", X, V),
    "Sigmoid": ("torch.sigmoid(x)", X, V), "LogSigmoid": ("torch.nn.functional.logsigmoid(x)", X, V),
    "Relu": ("torch.relu(x)", X, V), "LeakyRelu": ("torch.nn.functional.leaky_relu(x, 0.2)", X, V),
    "Elu": ("torch.nn.functional.elu(x)", X, V), "Silu": ("torch.nn.functional.silu(x)", X, V),
    "Gelu": ("torch.nn.functional.gelu(x)", X, V), "Softplus": ("torch.nn.functional.softplus(x)", X, V),
    "Abs": ("torch.abs(x)", X, V), "Clamp": ("torch.clamp(x, -1.0, 1.0)", X, V),
    "Maximum": ("torch.maximum(x, v)", X, V), "Minimum": ("torch.minimum(x, v)", X, V),
    "Where": ("torch.where(x > 0, x, v)", X, V), "Clone": ("x.clone()", X, V),
    "Sum last dim": ("x.sum(-1)", X, V), "Mean last dim": ("x.mean(-1)", X, V),
    "Softmax from behind": ("torch.softmax(x, -2)", X, V), "Permute from behind": ("x.permute(-1, -2)", X, V),
    "Sum": ("x.sum()", X, V), "Sum dim": ("x.sum(0)", X, V), "Mean": ("x.mean()", X, V),
    "Mean dim": ("x.mean(1)", X, V), "Max": ("x.max()", X, V), "Var": ("x.var()", X, V), "Std": ("x.std()", X, V),
    "LinalgVectorNorm": ("torch.linalg.vector_norm(x)", X, V), "Prod": ("x.prod()", X, V),
    "Softmax": ("torch.softmax(x, 1)", X, V), "LogSoftmax": ("torch.log_softmax(x, 1)", X, V),
    "Mm": ("x @ torch.ones(3, 4)", X, V), "Mv": ("x @ v", X, V), "Dot": ("v @ v", X, V),
    "Bmm": ("torch.bmm(x.unsqueeze(0), torch.ones(1, 3, 2))", X, V),
    "Addmm": ("torch.nn.functional.linear(x, torch.ones(4, 3, requires_grad=True), torch.ones(4))", X, V),
    "View": ("x.view(3, 2)", X, V), "Reshape": ("x.reshape(6)", X, V), "Unsqueeze": ("x.unsqueeze(0)", X, V),
    "Squeeze": ("v.unsqueeze(0).squeeze(0)", X, V), "T": ("x.t()", X, V), "Transpose": ("x.transpose(0, 1)", X, V),
    "Permute": ("x.permute(1, 0)", X, V), "Expand": ("v.expand(2, 3)", X, V),
    "MseLoss": ("torch.nn.functional.mse_loss(x, torch.ones(2, 3))", X, V),
    "BCEWithLogits": ("torch.nn.functional.binary_cross_entropy_with_logits(x, torch.ones(2, 3))", X, V),
    "BCE": ("torch.nn.functional.binary_cross_entropy(x, torch.ones(2, 3))", Q, V),
    "NllLoss": ("torch.nn.functional.nll_loss(x, torch.tensor([0, 2]))", X, V),
    "CrossEntropy": ("torch.nn.functional.cross_entropy(x, torch.tensor([0, 2]))", X, V),
}  # fmt: skip

PLACES = {
    "Select": "x[0]", "Slice": "x[:, 1:]", "Index": "x[[0, 1]]", "Cat": "torch.cat([x, x])",
    "Stack": "torch.stack([x, x])", "Split": "torch.split(v, 1)[0]",
}  # fmt: skip


def _runs(expression: str, x: str, v: str) -> list[tuple[Moment, str, bool, bool]]:
    """For each gradient that a node of the expression passed on: the node's name, known, and agreeing."""
    from tests.traces.recording import record_text

    text = f"import torch\nx = {x}\nv = {v}\ny = {expression}\ny.backward(torch.full_like(y, 0.5))\n"
    trace = record_text(text)
    assert trace.error is None, trace.error
    drawn = structure(trace, 0)
    found = []
    for run in trace.backwards[0].steps:
        at = moment_of(trace, drawn, run.step, frozenset())
        item = at.stage.circle_of.get(run.node)
        if item is None:
            continue
        use = use_of(at, run, at.stage.circles[item], {})
        for edge in at.index.edges_from[run.node]:
            output = at.index.edges[edge].output
            local = local_derivative(use, output)
            sent = array(run.grad_inputs[output])
            found.append((at, use.name, local is not None, bool(local and agrees(local, use.received, sent))))
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_rule_gives_what_torch_passes_on(name: str) -> None:
    found = _runs(*CASES[name])
    assert found
    assert all(known and agreeing for _, _, known, agreeing in found), [(n, k, a) for _, n, k, a in found]


@pytest.mark.parametrize("name", PLACES)
def test_what_only_moves_places_is_said_in_words(name: str) -> None:
    assert all(known for _, _, known, _ in _runs(PLACES[name], X, V))


def test_an_unknown_node_claims_nothing() -> None:
    assert all(not known for _, name, known, _ in _runs("torch.special.i0(x)", X, V) if "I0" in name)
