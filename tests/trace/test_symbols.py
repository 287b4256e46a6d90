"""The sign in a circle."""

from __future__ import annotations

import pytest

from tutor.protocol import Operation, OperationId, TensorId
from tutor.trace.names import written
from tutor.trace.symbols import symbol


def _operation(function: str, *arguments: str) -> Operation:
    return Operation(
        id=OperationId(0), function=function, span=None, grad_enabled=True, module=None, inputs=[TensorId(0)],
        outputs=[TensorId(1)], arguments=list(arguments), nodes=[], backward=None, step=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("function", "arguments", "sign"),
    [
        ("torch.Tensor.mul", ("#0", "3"), "×"), ("torch.Tensor.__rsub__", ("#0", "1"), "−"),
        ("torch.Tensor.__pow__", ("#0", "3"), "x³"), ("torch.pow", ("#0", "-2"), "x⁻²"),
        ("torch.Tensor.pow", ("#0", "#1"), "xⁿ"), ("torch.pow", ("#0", "exponent=2"), "x²"),
        ("torch.Tensor.matmul", ("#0", "#1"), "@"), ("torch.relu", ("#0",), "relu"), ("torch.Tensor.sum", ("#0",), "Σ"),
        ("torch.Tensor.mean", ("#0",), "mean"), ("torch.Tensor.T", ("#0",), "xᵀ"),
        ("torch.Tensor.T.__get__", ("#0",), "xᵀ"), ("torch.nn.functional.mse_loss", ("#0", "#1"), "MSE"),
        ("torch.nn.functional.leaky_relu", ("#0",), "leaky relu"), ("torch.Tensor.add_", ("#0", "1"), "+"),
    ],
)  # fmt: skip
def test_an_operation_has_a_sign(function: str, arguments: tuple[str, ...], sign: str) -> None:
    assert symbol(_operation(function, *arguments)) == sign


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("3 * a**3 - b**2", "3·a³ − b²"), ("torch.relu(x @ W)", "relu(x @ W)"), ("x ** n", "x ** n"),
        ("a**-1", "a**-1"), ("torch.nn.functional.relu(h)", "relu(h)"), ("model(X)", "model(X)"),
    ],
)  # fmt: skip
def test_code_reads_as_mathematics(code: str, text: str) -> None:
    assert written(code) == text
