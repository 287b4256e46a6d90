"""What torch carries an operation out under beside plain autograd: function transforms, batches, forward-mode duals."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.autograd import forward_ad
from torch.autograd.graph import Node

_functorch = torch._C._functorch
_NAMES = {
    _functorch.TransformType.Vmap: "vmap",
    _functorch.TransformType.Grad: "grad",
    _functorch.TransformType.Jvp: "jvp",
    _functorch.TransformType.Functionalize: "functionalize",
}

are_active: Callable[[], bool] = torch._C._are_functorch_transforms_active


def transform() -> str | None:
    """The transforms of torch.func in progress, outermost first: "vmap(grad)". torch runs vjp and jacrev as "grad"."""
    names = [_NAMES.get(one.key(), "other") for one in _functorch.get_interpreter_stack() or ()]
    return None if not names else "(".join(names) + ")" * (len(names) - 1)


def batch(tensor: torch.Tensor) -> list[int]:
    """The sizes of the dimensions that vmap maps over, outermost first: they stand before the tensor's own in its values."""
    values = unwrapped(tensor)
    return list(values.shape[: values.dim() - tensor.dim()])


def unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """The plain tensor behind the wrappers of torch.func and of `is_grads_batched`, its batch dimensions first."""
    mapped = []
    while _functorch.is_functorch_wrapped_tensor(tensor):
        if _functorch.is_batchedtensor(tensor):
            mapped.append(_functorch.maybe_get_bdim(tensor))
        tensor = _functorch.get_unwrapped(tensor)
    if _functorch.is_legacy_batchedtensor(tensor):
        return torch._remove_batch_dim(tensor, _legacy_level(), 1, 0)
    if not any(mapped):
        return tensor
    own = list(range(tensor.dim()))
    first = [own.pop(dimension) for dimension in reversed(mapped)]
    return tensor.permute(*first, *own)


def mapped_node(tensor: torch.Tensor) -> Node | None:
    """The grad_fn of what vmap maps over: the wrapper has none, but what is returned from vmap will have this one."""
    plain = mapped(tensor)
    return None if plain is None else plain.grad_fn


def mapped(tensor: torch.Tensor) -> torch.Tensor | None:
    """The plain tensor that vmap maps over; None where there is none."""
    inner = tensor
    while _functorch.is_batchedtensor(inner):
        inner = _functorch.get_unwrapped(inner)
    return None if inner is tensor or _functorch.is_functorch_wrapped_tensor(inner) else inner


def _legacy_level() -> int:
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    return int(level)


def is_batch(tensor: torch.Tensor) -> bool:
    """Whether it stands for a batch of gradients while `is_grads_batched` is at work, and is taken apart behind it."""
    return bool(_functorch.is_legacy_batchedtensor(tensor))


def tangent(tensor: torch.Tensor) -> torch.Tensor | None:
    """What a dual number carries beside its value; None for a number that is none, or not one of this level."""
    try:
        with torch.no_grad():
            carried: torch.Tensor | None = forward_ad.unpack_dual(tensor).tangent  # type: ignore[no-untyped-call]
            return carried
    except (RuntimeError, NotImplementedError):
        return None
