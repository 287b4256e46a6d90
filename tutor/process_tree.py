"""Ends a process together with all that it started, children that ignore signals and orphans of its group too.

Used on both sides: by the window for its kernel, by the kernel for what a stopped run leaves behind.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import psutil


def kill_tree(pid: int) -> None:
    """The process first, so that it starts no more; then its descendants."""
    descendants = descendants_of(pid)
    for process in [*_process(pid), *descendants]:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()


def kill_descendants(pid: int) -> None:
    """Everything that the process started, not the process itself."""
    for process in descendants_of(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()


def kill_group(leader: int) -> None:
    """What is left of the group of a process that has ended itself."""
    for process in _group(leader):
        if process.pid != leader:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()


def descendants_of(pid: int) -> list[psutil.Process]:
    """Children and children's children, and what else runs in the process group that this process leads."""
    found: list[psutil.Process] = []
    for process in _process(pid):
        with suppress(psutil.NoSuchProcess):
            found = process.children(recursive=True)
    known = {pid, *(process.pid for process in found)}
    return found + [process for process in _group(pid) if process.pid not in known]


def _process(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return []


def _group(leader: int) -> list[psutil.Process]:
    """Also children whose own parent has ended, which no longer hang on the tree."""
    if sys.platform == "win32":
        return []
    return [process for pid in psutil.pids() if _group_of(pid) == leader for process in _process(pid)]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None
