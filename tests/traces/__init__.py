"""Traces recorded once from real torch: the fixtures of everything downstream. Remade by `python -m tests.traces`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tutor.trace.file import decode_trace
from tutor.trace.trace import Trace

FOLDER = Path(__file__).parent


@cache
def _bytes(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def golden(name: str) -> Trace:
    """A fresh copy of a recorded trace: "slope", "q", "two_paths", …: the names of the files here."""
    return decode_trace(_bytes(name), FOLDER / f"{name}.json")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))
