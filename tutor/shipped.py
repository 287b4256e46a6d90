"""What ships with the program: `resources/` and `lessons/`, in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The folder "resources" or "lessons"."""
    packed = _PACKAGE / "_data" / folder
    return packed if packed.is_dir() else _PACKAGE.parent / folder


def resource(name: str) -> Path:
    """A file or folder of `resources/`, whether it exists or not."""
    return shipped("resources") / name
