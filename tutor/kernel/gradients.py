"""Gradients as they pass: looked through once each, however many nodes they go through."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from math import isfinite

import torch

from tutor.kernel.budget import Limits
from tutor.kernel.capture import gradient
from tutor.kernel.identity import version
from tutor.kernel.looked import Looked
from tutor.kernel.measure import size
from tutor.protocol import Data

_KEPT = 256
"""How many gradients are remembered with what was read of them."""

_PLAIN = torch.Tensor


class Gradients:
    """Reads gradients. Call it with torch functions disabled."""

    def __init__(self, limits: Limits, looked: Looked) -> None:
        self._limits = limits
        self._looked = looked
        self._read: dict[int, tuple[weakref.ref[torch.Tensor], int, Data]] = {}

    def read(self, tensor: torch.Tensor | None) -> Data:
        """A gradient's values, or {"shape", "stats"} of a large one; None where there is none."""
        if tensor is None:
            return None
        if type(tensor) is _PLAIN and not tensor.dim():
            # One number is read faster than remembered; what is no plain memory refuses.
            try:
                number = tensor.item()
            except (RuntimeError, NotImplementedError):
                number = None
            if type(number) is float and isfinite(number):
                return number
        seen = self._read.get(id(tensor))
        if seen is not None and seen[0]() is tensor and seen[1] == version(tensor):
            return seen[2]
        return self._keep(tensor, gradient(tensor, self._limits, self._looked))

    def reread(self, tensor: torch.Tensor) -> Data:
        """As `read`, where it may have been written without a new version (fused kernels do that)."""
        self._looked.forget(tensor)
        return self._keep(tensor, gradient(tensor, self._limits))

    def _keep(self, tensor: torch.Tensor, data: Data) -> Data:
        if len(self._read) >= _KEPT:
            self._read.clear()
        self._read[id(tensor)] = (weakref.ref(tensor), version(tensor), data)
        return data


def numbers(*gradients: Sequence[Data]) -> int:
    """How many numbers lie in the gradients of one node."""
    count = 0
    for several in gradients:
        for data in several:
            count += 1 if type(data) is float else size(data)
    return count
