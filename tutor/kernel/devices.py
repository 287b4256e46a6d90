"""The devices that this machine really has, as torch names them; asked in the kernel, shown in the window."""

from __future__ import annotations

import torch


def devices() -> list[str]:
    """ "cpu" first, then every CUDA device, then Apple's GPU."""
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found
