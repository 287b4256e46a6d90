"""The memory that a run may take: on a machine without a GPU, running out of it becomes an error that torch raises."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

SHARE = 0.9
"""How much of the memory that is free when a run begins it may take."""

_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""Limit and use of this container, in the second and in the first version of Linux's control groups."""


def limit_memory() -> None:
    """Sets the address space's soft limit for the run that begins. CUDA maps far more than it uses: no limit there."""
    if sys.platform != "linux" or _has_gpu():
        return
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + int(SHARE * _free())
    resource.setrlimit(
        resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _free() -> int:
    """Bytes that are free on the machine, or in the container where that is less."""
    available: int = psutil.virtual_memory().available
    for limit_file, used_file in _CGROUP_FILES:
        limit, used = _number(_CGROUP / limit_file), _number(_CGROUP / used_file)
        if limit is not None and used is not None:
            available = max(min(available, limit - used), 0)
    return available


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
