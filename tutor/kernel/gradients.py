"""Gradients as they pass: looked through once each, however many nodes they go through."""

from __future__ import annotations

import weakref
from math import isfinite

import torch

from tutor.kernel.budget import Limits, size
from tutor.kernel.capture import gradient
from tutor.kernel.identity import version
from tutor.protocol import Data

_KEPT = 256
"""How many gradients are remembered with what was read of them."""

_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_PLAIN = torch.Tensor
_SIMPLE = (torch.float32, torch.float64)


class Gradients:
    """Reads gradients. Call it with torch functions disabled."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._read: dict[int, tuple[weakref.ref[torch.Tensor], int, Data]] = {}

    def read(self, tensor: torch.Tensor | None) -> Data:
        """A gradient's values, or {"shape", "stats"} of a large one; None where there is none."""
        if tensor is None:
            return None
        if (
            type(tensor) is _PLAIN
            and tensor.dim() == 0
            and tensor.dtype in _SIMPLE
            and not _is_wrapped(tensor)
        ):
            # One number is read faster than remembered.
            number = tensor.item()
            if isfinite(number):
                return number
        seen = self._read.get(id(tensor))
        if seen is not None and seen[0]() is tensor and seen[1] == version(tensor):
            return seen[2]
        return self.reread(tensor)

    def reread(self, tensor: torch.Tensor) -> Data:
        """As `read`, where it may have been written without a new version (fused kernels do that)."""
        if len(self._read) >= _KEPT:
            self._read.clear()
        data = gradient(tensor, self._limits)
        self._read[id(tensor)] = (weakref.ref(tensor), version(tensor), data)
        return data


def size_of(data: Data) -> int:
    """How many numbers lie in it."""
    return 1 if type(data) is float else size(data)
