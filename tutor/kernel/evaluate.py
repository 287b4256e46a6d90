"""Evaluates an expression over what a finished run left: how exercises are checked and hovered values are read."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping

import torch

from tutor.kernel.budget import DEFAULT_LIMITS
from tutor.kernel.capture import capture, number
from tutor.protocol import Data, Evaluated

LONGEST = 10_000
"""Characters of a repr that are kept."""


def evaluate(expression: str, namespace: dict[str, object]) -> Evaluated:
    """Never raises for a fault of the expression: that is what `error` tells."""
    sink = io.StringIO()
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            value = eval(compile(expression, "<check>", "eval", dont_inherit=True), namespace)
            return Evaluated(value=_plain(value), text=repr(value)[:LONGEST])
    except Exception as error:  # whatever the expression raises is the answer
        return Evaluated(value=None, text="", error=f"{type(error).__name__}: {error}")


def _plain(value: object) -> Data:
    """The value as plain data; None for what has no such form."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return number(value)
        case torch.Tensor():
            return _values(value)
        case torch.Size() | list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case _:
            return None


def _values(tensor: torch.Tensor) -> Data:
    with torch._C.DisableTorchFunctionSubclass():
        return capture(tensor, DEFAULT_LIMITS)[0]
