"""Tensors that stand in the text as numbers, `a = torch.tensor([2., 3.])`: found, read, and changed number by number."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy

from tutor.protocol import Data
from tutor.source.syntax import Reason, RewriteError, Splice, creation

Number = int | float | bool

_LITERAL_CALLS = {"tensor", "as_tensor", "Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor"}
_LEGACY_FLOAT = {"Tensor", "FloatTensor", "DoubleTensor"}
_FACTORIES = {
    *(
        "ones",
        "zeros",
        "full",
        "rand",
        "randn",
        "randint",
        "randperm",
        "arange",
        "linspace",
        "logspace",
        "eye",
        "empty",
    ),
    *(
        "ones_like",
        "zeros_like",
        "full_like",
        "rand_like",
        "randn_like",
        "empty_like",
        "normal",
        "from_numpy",
    ),
}
_TRANSPARENT = {
    "requires_grad_",
    "to",
    "cpu",
    "cuda",
    "float",
    "double",
    "half",
    "bfloat16",
    "clone",
    "detach",
}


@dataclass(frozen=True, slots=True)
class LiteralInfo:
    """A tensor written as numbers: its data (nested lists, or a number), the literal's text and its first line."""

    name: str
    data: Data
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class NotALiteral:
    """Why a tensor's numbers do not stand in the text; `line` where the reason stands."""

    reason: Reason
    line: int | None = None


def literal_of(text: str, name: str) -> LiteralInfo | NotALiteral:
    """The numbers from which the text makes `name`, or the reason why there are none to edit."""
    try:
        splice = Splice(text)
        node = _literal_node(splice.tree, name)
        return LiteralInfo(name, _read(node), splice.source(node), node.lineno)
    except RewriteError as fault:
        return NotALiteral(fault.reason, fault.line)


def set_literal(text: str, name: str, data: Data) -> str:
    """The text with other numbers in `name`'s literal: those that stay keep their spelling, spacing and comments.

    `data` is nested lists of numbers, or a number; "nan", "inf" and "-inf" may stand for themselves. A shape that differs
    rewrites the whole literal. Raises RewriteError: see `literal_of`, and "integers_only" for a fraction among integers.
    """
    splice = Splice(text)
    node = _literal_node(splice.tree, name)
    new = _as_numbers(data)
    if _is_integer(splice.tree, name) and any(not float(value).is_integer() for value in _leaves(new)):
        raise RewriteError("integers_only", node.lineno)
    style = _style(splice, node)
    if _shape(new) != _shape(_read(node)):
        splice.put(node, _spelled(new, style))
    else:
        for element, value in zip(_elements(node), _leaves(new), strict=True):
            if not _same(_number(element), value):
                splice.put(element, _spell(value, splice.source(element)))
    return splice.done()


def tensor_call(value: ast.expr) -> ast.Call | None:
    """The call that makes the tensor, seen through `Parameter(...)`, `.requires_grad_()`, `.to(...)` and the like."""
    if not isinstance(value, ast.Call):
        return None
    called = call_name(value)
    if called in _LITERAL_CALLS | _FACTORIES:
        return value
    if called == "Parameter" and value.args:
        return tensor_call(value.args[0])
    if called in _TRANSPARENT and isinstance(value.func, ast.Attribute):
        return tensor_call(value.func.value)
    return None


def call_name(call: ast.Call) -> str:
    """The last part of what is called: "tensor" for both `torch.tensor(...)` and `tensor(...)`."""
    match call.func:
        case ast.Attribute():
            return call.func.attr
        case ast.Name():
            return call.func.id
        case _:
            return ""


def takes_requires_grad(call: ast.Call) -> bool:
    """Whether this call has a `requires_grad` argument: torch's factories do, `torch.Tensor` and `as_tensor` do not."""
    return call_name(call) == "tensor" or call_name(call) in _FACTORIES - {"from_numpy"}


def makes_integers(call: ast.Call) -> bool:
    """Whether the call's own numbers make an integer tensor, which cannot require gradients."""
    if call_name(call) not in _LITERAL_CALLS - _LEGACY_FLOAT or any(
        key.arg == "dtype" for key in call.keywords
    ):
        return False
    try:
        return bool(call.args) and all(isinstance(value, int) for value in _leaves(_read(call.args[0])))
    except RewriteError:
        return False


def _literal_node(tree: ast.Module, name: str) -> ast.expr:
    value = creation(tree, name)
    call = tensor_call(value)
    if call is None:
        raise RewriteError("computed", value.lineno)
    if call_name(call) not in _LITERAL_CALLS:
        raise RewriteError("factory", value.lineno)
    if not call.args:
        raise RewriteError("not_numbers", call.lineno)
    if call_name(call) in _LEGACY_FLOAT | {"LongTensor", "IntTensor"} and not isinstance(
        call.args[0], ast.List
    ):
        raise RewriteError("factory", call.lineno)
    _read(call.args[0])
    return call.args[0]


def _is_integer(tree: ast.Module, name: str) -> bool:
    call = tensor_call(creation(tree, name))
    return call is not None and makes_integers(call)


def _read(node: ast.expr) -> Data:
    if isinstance(node, ast.List | ast.Tuple):
        return [_read(element) for element in node.elts]
    return _number(node)


def _number(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            inner = _number(node.operand)
            return -inner if isinstance(node.op, ast.USub) else inner
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as word)]) if _is_float(word):
            return float(word)
        case ast.Attribute(attr="inf" | "nan" as word):
            return float(word)
        case _:
            raise RewriteError("not_numbers", node.lineno)


def _is_float(word: str) -> bool:
    return word.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}


def _elements(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _elements(element)
    else:
        yield node


def _leaves(data: Data) -> Iterator[Number]:
    if isinstance(data, list):
        for inner in data:
            yield from _leaves(inner)
    else:
        yield data


def _as_numbers(data: Data) -> Data:
    """Nested lists of Python numbers. Raises RewriteError("not_numbers") for anything else."""
    if isinstance(data, list | tuple):
        return [_as_numbers(inner) for inner in data]
    if isinstance(data, bool | int | float):
        return data
    if isinstance(data, str) and _is_float(data):
        return float(data)
    raise RewriteError("not_numbers")


def _shape(data: Data) -> Data:
    return [_shape(inner) for inner in data] if isinstance(data, list) else None


def _same(old: Number, new: Number) -> bool:
    """Equal, also after the rounding of a tensor's own type: 0.1 in the text is 0.10000000149011612 in float32."""
    with numpy.errstate(over="ignore", under="ignore"):
        roundings = (float(numpy.float32(old)), float(numpy.float16(old)))
    kept = [rounded for rounded in roundings if math.isfinite(rounded) and (rounded != 0) == (old != 0)]
    return float(new) in (float(old), *kept) or (math.isnan(old) and math.isnan(new))


def _style(splice: Splice, node: ast.expr) -> str:
    """The spelling that new numbers follow: that of the first one with a point, else of the first."""
    spellings = [splice.source(element) for element in _elements(node)]
    return next((spelling for spelling in spellings if "." in spelling), spellings[0] if spellings else "0.")


def _spelled(data: Data, style: str) -> str:
    if isinstance(data, list):
        return "[" + ", ".join(_spelled(inner, style) for inner in data) + "]"
    return _spell(data, style)


def _spell(value: Number, style: str) -> str:
    """The number written as its neighbour is: `5.` after `2.`, `5.0` after `2.0`, `5` after `2`."""
    if isinstance(value, bool):
        return str(value)
    if not math.isfinite(value):
        return f'float("{value}")'
    is_float = re.search(r"[.e]", style.lower()) is not None
    if not is_float and float(value).is_integer():
        return str(int(value))
    digits = _shortest(float(value))
    ends_in_point = re.search(r"\.(?!\d)", style) is not None
    return digits.removesuffix("0") if ends_in_point and digits.endswith(".0") else digits


def _shortest(value: float) -> str:
    """The shortest digits that make this number, in float32 where the number is one of those."""
    with numpy.errstate(over="ignore"):
        narrow = numpy.float32(value)
    text = str(narrow) if float(narrow) == value else repr(value)
    return repr(float(text))
