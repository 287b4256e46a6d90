"""A tensor's shape as a list of sizes, also of those whose parts differ in size."""

from __future__ import annotations

import torch

RAGGED = -1
"""Stands for a dimension in which the parts of a nested tensor differ."""

_PLAIN = (torch.Tensor, torch.nn.Parameter)


def shape_of(tensor: torch.Tensor) -> list[int]:
    try:
        # A lazy module's uninitialized parameter has a size, and no shape.
        sizes = list(tensor.size())
    except RuntimeError:
        # A nested tensor of strided parts: how many there are is certain.
        return [tensor.size(0), *[RAGGED] * (tensor.dim() - 1)]
    return sizes if type(tensor) in _PLAIN else [_plain(size) for size in sizes]


def _plain(size: object) -> int:
    return size if type(size) is int else RAGGED
