"""A tensor's flags and graph as torch has them: a class of the learner's may answer for itself, in code of its own."""

from __future__ import annotations

from typing import Any, cast

import torch

PLAIN = (torch.Tensor, torch.nn.Parameter)
_base: Any = torch._C.TensorBase


def _torchs(name: str) -> property:
    """The attribute as torch itself computes it."""
    read: Any = vars(_base)[name].__get__
    return property(lambda bare: read(bare._tensor))


class _Bare:
    """Stands in for a tensor of another class while its attributes are read."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: torch.Tensor) -> None:
        self._tensor = tensor

    requires_grad = _torchs("requires_grad")
    is_leaf = _torchs("is_leaf")
    grad_fn = _torchs("grad_fn")
    retains_grad = _torchs("retains_grad")
    output_nr = _torchs("output_nr")
    dtype = _torchs("dtype")
    device = _torchs("device")
    is_cpu = _torchs("is_cpu")
    layout = _torchs("layout")
    _version = _torchs("_version")
    _base = _torchs("_base")
    _grad = _torchs("_grad")

    def size(self, *dimension: int) -> Any:
        return _base.size(self._tensor, *dimension)

    def dim(self) -> int:
        return int(_base.dim(self._tensor))

    def is_inference(self) -> bool:
        return bool(_base.is_inference(self._tensor))

    def _is_view(self) -> bool:
        return bool(_base._is_view(self._tensor))

    def untyped_storage(self) -> Any:
        return torch.Tensor.untyped_storage(self._tensor)


def bare(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself where it is one of torch's own classes, otherwise what stands in for it."""
    return tensor if type(tensor) in PLAIN else cast("torch.Tensor", _Bare(tensor))
