"""What a question's `check` comes to: `a.grad`, `x.grad * 0.01`, `d.is_leaf`, read off a trace after one of its steps.

Only names, attributes, indices and arithmetic: the numbers are torch's own, nothing is run.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy

from tutor.protocol import Data, Tensor, TensorId
from tutor.trace.index import Index, index_of, last
from tutor.trace.trace import Trace

Outcome = Any
"""A NumPy array or scalar, a bool, or None (`Any`, since arithmetic on it is NumPy's)."""

_OPERATORS: dict[type[ast.operator], Callable[[Outcome, Outcome], Outcome]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}


class ExpressionError(Exception):
    """Why an expression has no outcome."""


def evaluate(expression: str, trace: Trace, step: int) -> Outcome:
    """Raises ExpressionError."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError as fault:
        raise ExpressionError(f"{expression}: {fault.msg}") from fault
    try:
        return _Reader(index_of(trace), step).read(tree.body)
    except (TypeError, ValueError, IndexError, ZeroDivisionError) as fault:
        raise ExpressionError(f"{expression}: {fault}") from fault


class _Reader:
    """Reads expressions at one step of one trace."""

    def __init__(self, index: Index, step: int) -> None:
        self._index = index
        self._step = step

    def read(self, node: ast.expr) -> Outcome:
        match node:
            case ast.Constant(value=int() | float() | None as value):
                return value
            case ast.Name():
                return _array(self._value(self._tensor(node.id)))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return self._attribute(self._tensor(name), attribute)
            case ast.UnaryOp(op=ast.USub()):
                return -self.read(node.operand)
            case ast.BinOp() if type(node.op) in _OPERATORS:
                return _OPERATORS[type(node.op)](self.read(node.left), self.read(node.right))
            case ast.Subscript(slice=ast.Constant(value=int() as place)):
                return self.read(node.value)[place]
            case _:
                raise ExpressionError(f"{ast.unparse(node)} cannot be read off a trace")

    def _tensor(self, name: str) -> Tensor:
        naming = last(self._index.names.get(name, []), self._step)
        if naming is None:
            raise ExpressionError(f"no tensor is called {name}")
        return self._index.tensors[naming.tensor]

    def _value(self, tensor: Tensor) -> Data:
        value = self._index.value_at(tensor.id, self._step)
        if value is None or value.value is None:
            raise ExpressionError("its value was not kept")
        return value.value

    def _attribute(self, tensor: Tensor, attribute: str) -> Outcome:
        match attribute:
            case "grad":
                return _array(self._grad(tensor.id))
            case "is_leaf":
                return tensor.is_leaf
            case "requires_grad":
                return self._index.flag_at(tensor.id, self._step)
            case _:
                raise ExpressionError(f".{attribute} is not kept in a trace")

    def _grad(self, tensor: TensorId) -> Data:
        event = self._index.grad_at(tensor, self._step)
        return event.value if event is not None else None


def _array(data: Data) -> Outcome:
    return None if data is None else numpy.array(data, dtype=float)
