"""Where a kernel process keeps its files while the window lives: connection, logs, and what a crash left unsent."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

_PREFIX = "autograd-tutor-kernel-"


def make_folder() -> Path:
    """A new folder, readable by this user only. Those of windows that were killed are cleared away."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        if not _window_lives(folder):
            remove_folder(folder)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def remove_folder(folder: Path) -> None:
    """What cannot be removed (another user's) stays."""
    shutil.rmtree(folder, ignore_errors=True)


def _window_lives(folder: Path) -> bool:
    window = folder.name.removeprefix(_PREFIX).partition("-")[0]
    return not window.isdecimal() or psutil.pid_exists(int(window))
