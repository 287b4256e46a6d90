"""Versions of the trace file: which one is written, and how a file of an older one is brought up to it.

A key that is added, with a default, needs no new version. One that changes its meaning or goes does: then VERSION
rises, and an upgrade from the version before makes the old rows into new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VERSION = 1

Fields = dict[str, Any]
"""A whole file as JSON has it."""

UPGRADES: dict[int, Callable[[Fields], Fields]] = {}
"""From a version to the next one."""


def oldest() -> int:
    """The oldest version that can be read."""
    return min(UPGRADES, default=VERSION)


def upgraded(fields: Fields, version: int) -> Fields:
    """A file's fields as the current version has them."""
    for number in range(version, VERSION):
        fields = UPGRADES[number](fields)
    return {**fields, "version": VERSION}
