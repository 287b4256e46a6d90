"""What an optimizer's step did to one parameter, in numbers: w ← 2 − 0.1·(0.9·1 + 3) = 1.61.

The formula is torch.optim.SGD's (torch/optim/sgd.py, _single_tensor_sgd); it is said only where, with the recorded
settings, state and gradient, it gives the value that torch wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutor.i18n import _
from tutor.insight.local import Floats
from tutor.insight.numbers_text import number_text
from tutor.insight.uses import array
from tutor.protocol import Data, OptimizerStepped, TensorId
from tutor.trace.index import Index
from tutor.trace.names import short_name
from tutor.trace.shown import Covered, grad_covered, value_covered
from tutor.trace.values import cell

_BUFFER = "momentum_buffer"
_FEW = 3
"""Of more elements the formula is said in symbols only."""


def update_title(update: OptimizerStepped) -> str:
    """`opt.step() · SGD`."""
    return f"{update.name or update.kind}.step() · {update.kind}" if update.name else f"{update.kind}.step()"


def update_lines(
    index: Index, update: OptimizerStepped, tensor: TensorId, step: int, covered: Covered
) -> list[str]:
    """The formula with its numbers where it is known, else before and after; then what the optimizer keeps."""
    hidden = value_covered(tensor, index, covered) or grad_covered(tensor, index, covered)
    before, after = _value(index, tensor, update.first_step - 1), _value(index, tensor, step)
    name = short_name(index, tensor, step)
    sgd = _sgd(index, update, tensor)
    if sgd is not None and sgd.gives(array(before), array(after)):
        lines = [*sgd.lines(name, before, after, hidden=hidden)]
    elif is_known(after):
        lines = [f"{name}: {number_text(before, hidden=hidden)} → {number_text(after, hidden=hidden)}"]
    else:
        lines = []
    return lines + kept_lines(update, tensor, hidden=hidden)


def is_known(data: Data) -> bool:
    """Whether the numbers were kept: that a shape stays the same need not be said."""
    return not isinstance(data, dict) or "indices" in data


def _value(index: Index, tensor: TensorId, step: int) -> Data:
    found = index.value_at(tensor, step)
    if found is None or found.value is None:
        return {"shape": index.shape_of(tensor)}
    return found.value


def kept_lines(update: OptimizerStepped, tensor: TensorId, *, hidden: bool) -> list[str]:
    """What the optimizer keeps for the parameter, before and after: `momentum_buffer: 1 → 3.9`."""
    return [
        f"{row.name}: {number_text(row.before, hidden=hidden and row.before is not None)}"
        f" → {number_text(row.after, hidden=hidden)}"
        for row in update.state
        if row.tensor == tensor and is_known(row.after)
    ]


def options_of(update: OptimizerStepped, tensor: TensorId) -> dict[str, Data]:
    """The settings of the parameter's group."""
    at = update.parameters.index(tensor) if tensor in update.parameters else 0
    group = update.groups[at] if at < len(update.groups) else 0
    return update.options[group] if group < len(update.options) else {}


# ------------------------------------------------------------------ SGD


@dataclass(frozen=True, slots=True)
class _Sgd:
    """One parameter's update by torch.optim.SGD."""

    lr: float
    momentum: float
    dampening: float
    weight_decay: float
    nesterov: bool
    maximize: bool
    grad: Data
    buffer: Data
    """The momentum buffer before; None in the first step."""

    def gives(self, before: Floats | None, after: Floats | None) -> bool:
        """Whether the formula leads from the one recorded value to the other."""
        if before is None or after is None:
            return False
        found = self._after(before)
        return found is not None and np.allclose(found, after, rtol=1e-5, atol=1e-7)

    def _after(self, before: Floats) -> Floats | None:
        grad, buffer = array(self.grad), array(self.buffer)
        if grad is None or grad.shape != before.shape:
            return None
        grad = (-grad if self.maximize else grad) + self.weight_decay * before
        if self.momentum:
            kept = grad if buffer is None else self.momentum * buffer + (1 - self.dampening) * grad
            grad = grad + self.momentum * kept if self.nesterov else kept
        return before - self.lr * grad

    def lines(self, name: str, before: Data, after: Data, *, hidden: bool) -> list[str]:
        """In symbols, with the settings' numbers; below it the whole in this step's numbers, where they are few."""
        rate = cell(self.lr)
        symbols = f"{name} ← {name} − {rate}·{self._direction('grad', _BUFFER, name)}"
        values = array(before)
        if values is None or values.ndim > 1 or values.size > _FEW:
            return [symbols]
        grad = number_text(self.grad, hidden=hidden)
        buffer = number_text(self.buffer, hidden=hidden)
        old, new = number_text(before, hidden=hidden), number_text(after, hidden=hidden)
        number = f"= {old} − {rate}·{self._direction(grad, buffer, old)} = {new}"
        return [symbols, number]

    def _direction(self, grad: str, buffer: str, weight: str) -> str:
        """What is multiplied by the learning rate."""
        own = f"(−{_signed(grad)})" if self.maximize else _signed(grad)
        if self.weight_decay:
            own = f"({own} + {cell(self.weight_decay)}·{_signed(weight)})"
        if not self.momentum or (self.buffer is None and not self.nesterov):
            return own
        momentum = cell(self.momentum)
        if self.dampening and self.buffer is not None:
            own = f"{cell(1 - self.dampening)}·{own}"
        kept = own if self.buffer is None else f"{momentum}·{_signed(buffer)} + {own}"
        if self.nesterov:
            return f"({own} + {momentum}·({kept}))"
        return f"({kept})"


def _signed(number: str) -> str:
    """A negative number in brackets, behind a sign."""
    return f"({number})" if number.startswith("−") else number


def _sgd(index: Index, update: OptimizerStepped, tensor: TensorId) -> _Sgd | None:
    if update.kind != "SGD" or update.skipped:
        return None
    options = options_of(update, tensor)
    lr = options.get("lr")
    grad = index.grad_at(tensor, update.first_step - 1)
    if not isinstance(lr, int | float) or grad is None or grad.value is None:
        return None
    rows = (row.before for row in update.state if row.tensor == tensor and row.name == _BUFFER)
    return _Sgd(
        lr=float(lr),
        momentum=_number(options, "momentum"),
        dampening=_number(options, "dampening"),
        weight_decay=_number(options, "weight_decay"),
        nesterov=options.get("nesterov") is True,
        maximize=options.get("maximize") is True,
        grad=grad.value,
        buffer=next(rows, None),
    )


def _number(options: dict[str, Data], key: str) -> float:
    found = options.get(key, 0.0)
    return float(found) if isinstance(found, int | float) else 0.0


def skipped_text() -> str:
    return _("left out by the GradScaler: a gradient was inf or nan")
