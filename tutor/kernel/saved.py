"""What a node of the graph has saved, read while it is there: values, and which operand each saved tensor is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.budget import Limits
from tutor.kernel.capture import lone, number, small
from tutor.kernel.identity import Tensors
from tutor.kernel.measure import size
from tutor.kernel.shapes import shape_of
from tutor.protocol import Data


def is_readable() -> bool:
    """Whether it may be read now: with hooks for saved tensors it would call the learner's unpack hook."""
    return torch._C._autograd._top_saved_tensors_default_hooks(True) is None


class Saved:
    """Reads what nodes saved, telling saved tensors by the memory that they share with the operation's operands."""

    def __init__(self, tensors: Tensors, limits: Limits) -> None:
        self._tensors = tensors
        self._limits = limits
        self.kept = 0
        """How many numbers were read since somebody last counted them."""

    def of(self, node: AutogradNode, operands: Sequence[torch.Tensor]) -> dict[str, Data]:
        """Attribute names without `_saved_`, to values."""
        found: dict[str, Data] = {}
        for attribute, name in _saved_attributes(type(node)):
            if name == "saved_tensors":
                found.update(self._context(node, operands))
                continue
            try:
                value = getattr(node, attribute)
            except (RuntimeError, AttributeError):
                continue
            if value is None:
                found[name] = None
            elif type(value) is torch.Tensor:
                found[name] = self._tensor(value, operands)
            else:
                found[name] = self.data(value, operands)
        return found

    def _context(self, node: AutogradNode, operands: Sequence[torch.Tensor]) -> dict[str, Data]:
        """The `ctx` of a custom Function, which is its node: saved tensors, and what the learner put there."""
        found: dict[str, Data] = {}
        try:
            for index, part in enumerate(node.saved_tensors):  # type: ignore[attr-defined]
                found[f"saved_tensors[{index}]"] = self.data(part, operands)
        except (RuntimeError, AttributeError):
            pass  # Freed, or written in place since.
        return found | self.attributes(node, operands)

    def attributes(self, node: AutogradNode, operands: Sequence[torch.Tensor]) -> dict[str, Data]:
        """What the learner put on the `ctx` of a custom Function."""
        found: dict[str, Data] = {}
        if not hasattr(type(node), "saved_tensors"):
            return found
        for name, value in _attributes(node).items():
            found[f"ctx.{name}"] = self.data(value, operands)
        needs = getattr(node, "needs_input_grad", None)
        found["ctx.needs_input_grad"] = None if needs is None else list(needs)
        return found

    def data(self, value: object, operands: Sequence[torch.Tensor]) -> Data:
        if value is None:
            return None
        if isinstance(value, torch.Tensor):
            return self._tensor(value, operands)
        if isinstance(value, (tuple, list)):
            return [self.data(part, operands) for part in value]
        if isinstance(value, float):
            return number(value)
        if isinstance(value, (bool, str)) or (isinstance(value, int) and abs(value) < 2**53):
            return value
        # What the learner put on a `ctx` may be of their own making, its text their code.
        return str(value) if type(value).__module__ in ("builtins", "torch") else f"<{type(value).__name__}>"

    def _tensor(self, saved: torch.Tensor, operands: Sequence[torch.Tensor]) -> Data:
        for operand in operands:
            if operand is saved:
                return self._operand(operand)
        try:
            address = saved.data_ptr()
            for operand in operands:
                if operand.data_ptr() == address and _same_form(operand, saved):
                    return self._operand(operand)
        except (RuntimeError, NotImplementedError):
            found = _in_same_memory(saved, operands)
            if found is not None:
                return self._operand(found)
        value = lone(saved) if type(saved) is torch.Tensor and not saved.dim() else None
        if value is not None:
            self.kept += 1
            return {"tensor": None, "version": None, "shape": [], "value": value}
        value = small(saved, self._limits)
        self.kept += size(value)
        return {"tensor": None, "version": None, "shape": shape_of(saved), "value": value}

    def _operand(self, operand: torch.Tensor) -> Data:
        known = self._tensors.find(operand)
        return {
            "tensor": None if known is None else known.id,
            "version": None if known is None else known.version,
        }


def _in_same_memory(saved: torch.Tensor, operands: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """The operand in the memory of the saved tensor, where some tensor has no memory of its own."""
    address = _address(saved)
    if address is None:
        return None
    for operand in operands:
        if _address(operand) == address and _same_form(operand, saved):
            return operand
    return None


def _attributes(node: AutogradNode) -> dict[str, object]:
    found: dict[str, object] = object.__getattribute__(node, "__dict__")
    return found


def _address(tensor: torch.Tensor) -> int | None:
    try:
        return tensor.data_ptr()
    except (RuntimeError, NotImplementedError):
        return None


def _same_form(one: torch.Tensor, other: torch.Tensor) -> bool:
    try:
        return one.shape == other.shape and one.stride() == other.stride()
    except (RuntimeError, NotImplementedError):
        return False


@lru_cache(maxsize=2048)
def _saved_attributes(kind: type) -> tuple[tuple[str, str], ...]:
    found = [name for name in dir(kind) if name.startswith("_saved_")]
    if not found and hasattr(kind, "saved_tensors"):
        found.append("saved_tensors")
    return tuple((name, name.removeprefix("_saved_")) for name in found)
