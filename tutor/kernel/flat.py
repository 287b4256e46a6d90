"""The tensors in what a call was given or has given back, however it holds them."""

from __future__ import annotations

import torch


def flat_tensors(value: object, found: list[torch.Tensor] | None = None) -> list[torch.Tensor]:
    """The tensors in an argument or result, through tuples, lists and dicts, in order."""
    found = [] if found is None else found
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for part in value:
            if isinstance(part, torch.Tensor):
                found.append(part)
            elif not isinstance(part, (int, float, str)):
                flat_tensors(part, found)
    elif isinstance(value, dict):
        for part in value.values():
            flat_tensors(part, found)
    return found
