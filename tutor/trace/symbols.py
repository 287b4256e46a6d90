"""The sign in an operation's circle, and the words that tell two operations of one sign apart."""

from __future__ import annotations

import re

from tutor.protocol import Operation
from tutor.trace.drawn import function_name

_SIGNS = {
    "add": "+", "iadd": "+", "radd": "+", "sub": "−", "isub": "−", "rsub": "−", "subtract": "−",
    "mul": "×", "imul": "×", "rmul": "×", "multiply": "×", "div": "÷", "truediv": "÷", "rtruediv": "÷",
    "itruediv": "÷", "rdiv": "÷", "divide": "÷", "true_divide": "÷", "floordiv": "⌊÷⌋", "floor_divide": "⌊÷⌋",
    "mod": "mod", "remainder": "mod", "fmod": "mod", "matmul": "@", "rmatmul": "@", "mm": "@", "bmm": "@",
    "mv": "@", "dot": "·", "inner": "·", "neg": "−x", "negative": "−x", "abs": "|x|", "absolute": "|x|", "sum": "Σ",
    "sqrt": "√x", "square": "x²", "exp": "eˣ", "reciprocal": "1/x", "t": "xᵀ", "T": "xᵀ", "mT": "xᵀ",
    "transpose": "xᵀ", "getitem": "[ ]", "setitem": "[ ]=", "prod": "Π", "clone": "clone",
    "cross_entropy": "CE", "binary_cross_entropy_with_logits": "BCE", "binary_cross_entropy": "BCE",
    "mse_loss": "MSE", "nll_loss": "NLL", "l1_loss": "L1", "log_softmax": "log σ", "sigmoid": "σ", "linear": "linear",
    "eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "norm": "‖x‖", "linalg_norm": "‖x‖",
    "vector_norm": "‖x‖", "detach": "detach", "data": ".data", "lerp": "lerp", "fill_": "fill", "zero_": "0",
    "copy_": "copy", "pow": "xⁿ", "float_power": "xⁿ", "ipow": "xⁿ", "rpow": "nˣ", "addmm": "linear",
    "and": "and", "or": "or", "invert": "not", "logical_not": "not",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789-.n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·ⁿ")
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")


def symbol(operation: Operation) -> str:
    """One to about eight characters: "×", "x³", "@", "mean"."""
    name = function_name(operation.function)
    plain = name.strip("_") or name
    if plain in ("pow", "ipow", "float_power"):
        return _power(operation)
    if plain == "rpow":
        return f"{_plain_argument(operation) or 'n'}ˣ"
    base, is_backward, _data = plain.partition("_backward")
    if is_backward:
        return f"{_SIGNS.get(base) or base.replace('_', ' ')}′"
    sign = _SIGNS.get(name) or _SIGNS.get(plain)
    return sign or plain.replace("_", " ")


def _power(operation: Operation) -> str:
    exponent = _plain_argument(operation)
    if exponent and _NUMBER.match(exponent):
        number = exponent.removesuffix(".0")
        return "√x" if number == "0.5" else "x" + number.translate(_SUPERSCRIPTS)
    return "xⁿ"


def _plain_argument(operation: Operation) -> str:
    """The first argument that is no tensor."""
    found = (a.removeprefix("exponent=") for a in operation.arguments if not a.startswith("#"))
    return next(found, "")
