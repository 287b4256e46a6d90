"""The kernel ends with its window, however the window ends: no kernel outlives it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from tutor.process_tree import kill_tree

PERIOD = 0.25
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Linux ends us itself, even in the midst of a long call into C; elsewhere a thread looks after the parent.

    The thread is there on Linux too: for a parent that was gone before we could say so, and for what we started.
    """
    if sys.platform == "win32":
        return  # ipykernel waits for the parent's handle there
    parent = int(os.environ.get("JPY_PARENT_PID", "0")) or os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PERIOD)
    kill_tree(os.getpid())
