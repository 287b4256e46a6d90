"""One node's run as a rule sees it (`Use`), and what a rule says of it (`Local`): the local derivative."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Operand:
    """An argument of the operation: how it is written, and its values where they were kept."""

    text: str
    value: Floats | None = None
    shape: tuple[int, ...] = ()
    hidden: bool = False
    """Whether a question covers its value."""


@dataclass(frozen=True, slots=True)
class Use:
    """One node's run: its operation's arguments, what it saved, its result, and the gradient that it received."""

    name: str
    operands: tuple[Operand, ...]
    received: Floats | None
    result: Operand
    saved: Mapping[str, object] = field(default_factory=dict)
    came: tuple[int, ...] | None = None
    """The shape of the gradient received, where its numbers were not kept."""

    @property
    def came_shape(self) -> tuple[int, ...] | None:
        return self.came if self.received is None else self.received.shape

    def operand(self, at: int) -> Operand:
        return self.operands[at] if at < len(self.operands) else Operand("x")

    def number(self, key: str, default: float) -> float:
        found = self.saved.get(key, default)
        return float(found) if isinstance(found, int | float) else default


@dataclass(frozen=True, slots=True)
class Local:
    """A local derivative: `of` what it is the derivative of, `rule` in symbols, `value` in numbers (None: not known).

    `kind`: "times" elementwise; "spread" one number to many elements; "moves" only places change; "matrix" a product of
    matrices, whose `rule` has the shapes; "formula" the rule needs the received gradient itself.
    """

    of: str
    rule: str
    value: Floats | None = None
    kind: Literal["times", "spread", "moves", "matrix", "formula"] = "times"
    whole: Floats | None = None
    """For "formula" and "matrix": what the rule gives for the gradient received."""
    hidden: bool = False
    factors: tuple[Operand, Operand] | None = None
    """For "matrix": the two that are multiplied, as they stand in the product."""


Rule = Callable[[Use, int], Local | None]


PLAIN = frozenset(
    (
        *(
            "Add",
            "Sub",
            "Mul",
            "Mm",
            "Bmm",
            "Mv",
            "Dot",
            "Addmm",
            "Sum",
            "Mean",
            "Neg",
            "Exp",
            "Log",
            "Sin",
            "Cos",
        ),
        *("Tanh", "Sigmoid", "Relu", "Sqrt", "T", "Transpose", "Expand", "View", "UnsafeView"),
    )
)
"""Nodes whose rule is known to hold without a look at torch's numbers."""


def base_name(name: str) -> str:
    """MulBackward0 → Mul."""
    return re.sub(r"Backward\d*$", "", name)


def agrees(local: Local, received: Floats | None, sent: Floats | None) -> bool:
    """Whether the rule's number, applied to what was received, is what torch sent on (summed where it was stretched)."""
    if received is None or sent is None:
        return False
    with np.errstate(all="ignore"):
        try:
            found = local.whole if local.whole is not None else _times(local, received)
            return found is not None and alike(folded(found, sent.shape), sent)
        except ValueError:
            return False


def alike(found: Floats, sent: Floats) -> bool:
    """Whether these are torch's numbers, as exactly as its single precision tells."""
    return np.allclose(found, sent, rtol=2e-3, atol=1e-5, equal_nan=True)


def _times(local: Local, received: Floats) -> Floats | None:
    return None if local.value is None else np.asarray(received * local.value, dtype=np.float64)


def folded(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Summed over the dimensions along which `shape` was stretched (at::sum_to)."""
    extra = values.ndim - len(shape)
    summed = values.sum(axis=tuple(range(max(extra, 0)))) if extra > 0 else values
    axes = tuple(a for a, n in enumerate(shape) if n == 1 and a < summed.ndim and summed.shape[a] != 1)
    summed = summed.sum(axis=axes, keepdims=True) if axes else summed
    return np.asarray(np.broadcast_to(summed, shape), dtype=np.float64)


def atom(text: str) -> str:
    """The text, in brackets where it is more than one term."""
    return text if re.fullmatch(r"[\w.#\[\]…]+ᵀ?|\(.*\)|\w+\([^()]*\)", text) else f"({text})"
