"""Gradients as they pass: looked through once each, however many nodes they go through."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite, prod

import torch

from tutor.kernel.budget import Outlet
from tutor.kernel.capture import dispatch_modes, gradient
from tutor.kernel.identity import version
from tutor.kernel.looked import Looked
from tutor.kernel.measure import size
from tutor.kernel.shapes import RAGGED, shape_of
from tutor.protocol import Data

_PLAIN = torch.Tensor
_ALWAYS = 8
"""So many numbers are kept of a gradient however little memory is left."""


class _Read(weakref.ref[torch.Tensor]):
    """A gradient that was read."""

    __slots__ = ("address", "data", "version")

    address: int
    version: int
    data: Data


class Gradients:
    """Reads gradients. Call it with torch functions disabled."""

    def __init__(self, outlet: Outlet, looked: Looked) -> None:
        self._outlet = outlet
        self._limits = outlet.limits
        self._looked = looked
        self._read: dict[int, _Read] = {}

    def read(self, tensor: torch.Tensor | None) -> Data:
        """A gradient's values, or {"shape", "stats"} of a large one; None where there is none."""
        if tensor is None:
            return None
        if type(tensor) is _PLAIN and not tensor.dim() and not dispatch_modes():
            # One number is read faster than remembered; what is no plain memory refuses.
            try:
                number = tensor.item()
            except (RuntimeError, NotImplementedError):
                number = None
            if type(number) is float and isfinite(number):
                return number
        seen = self._read.get(id(tensor))
        if seen is not None and seen() is tensor and seen.version == version(tensor):
            return seen.data
        if self._outlet.is_overdrawn:
            shape = tuple(shape_of(tensor))
            if prod(shape) > _ALWAYS or RAGGED in shape:
                return _shape_only(shape)
        return self.keep(tensor, gradient(tensor, self._limits, self._looked))

    def glance(self, tensor: torch.Tensor) -> Data:
        """As `read`; but a large gradient that was not read yet is told by its shape, and as `is_unread`."""
        seen = self._read.get(id(tensor))
        if (seen is None or seen() is not tensor) and self._is_large(tensor):
            return _unread(tuple(tensor.size()))
        return self.read(tensor)

    def _is_large(self, tensor: torch.Tensor) -> bool:
        plain = type(tensor) is _PLAIN and tensor.layout is torch.strided and not tensor.is_nested
        return plain and tensor.numel() > self._limits.elements

    def reread(self, tensor: torch.Tensor) -> Data:
        """As `read`, where it may have been written without a new version (fused kernels do that)."""
        self._looked.forget(tensor)
        return self.keep(tensor, gradient(tensor, self._limits))

    def keep(self, tensor: torch.Tensor, data: Data) -> Data:
        """Remembers what a gradient is, as long as it lives and is not written."""
        read = _Read(tensor, self._gone)
        read.address, read.version, read.data = id(tensor), version(tensor), data
        self._read[read.address] = read
        return data

    def _gone(self, read: weakref.ref[torch.Tensor]) -> None:
        assert isinstance(read, _Read)
        if self._read.get(read.address) is read:
            del self._read[read.address]


@lru_cache(maxsize=1024)
def _shape_only(shape: tuple[int, ...]) -> Data:
    """What is told of a gradient when memory has run out: one object for all of a shape."""
    return {"shape": list(shape), "stats": None}


@lru_cache(maxsize=1024)
def _unread(shape: tuple[int, ...]) -> Data:
    """What is told of a large gradient that was there before anybody looked."""
    return {"shape": list(shape), "stats": None, "unread": True}


def is_unread(data: Data) -> bool:
    return type(data) is dict and "unread" in data


def numbers(*gradients: Sequence[Data]) -> int:
    """How many numbers lie in the gradients of one node."""
    count = 0
    for several in gradients:
        for data in several:
            count += 1 if data is None or type(data) is float else size(data)
    return count
