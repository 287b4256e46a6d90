"""Where the recorder's time goes: its own functions, with what they call in torch, grouped by file."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

RECORDER = str(Path(__file__).resolve().parent.parent.parent / "tutor") + "/"
CARRIES_OUT = frozenset({"__torch_function__", "run", "apply"})
"""Functions of the recorder that call what the program itself has asked for."""

SHOWN = 12
"""Functions that are printed."""

Key = TypeVar("Key")
Place = tuple[str, int, str]
Row = tuple[int, int, float, float, Mapping[Place, tuple[int, int, float, float]]]


def report(work: Callable[[], object]) -> None:
    """Runs the work under Python's profiler. It slows Python down and not torch: the shares are upper bounds."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    rows: Mapping[Place, Row] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    whole = sum(row[2] for row in rows.values())
    ours = own_seconds(rows)
    _write("recorder", sum(ours.values()), whole)
    by_file: dict[str, float] = defaultdict(float)
    for (file, _, _), seconds in ours.items():
        by_file[file.removeprefix(RECORDER)] += seconds
    for file, seconds in _dearest(by_file):
        _write(f"    {file}", seconds, whole)
    sys.stdout.write("  of these\n")
    for (file, line, name), seconds in _dearest(ours)[:SHOWN]:
        _write(f"    {file.removeprefix(RECORDER)}:{line} {name}", seconds, whole)


def own_seconds(rows: Mapping[Place, Row]) -> dict[Place, float]:
    """By function of the recorder: its own time, and that of the functions elsewhere that it calls itself."""
    found: dict[Place, float] = defaultdict(float)
    for place, (_, _, seconds, _, callers) in rows.items():
        if place[0].startswith(RECORDER):
            found[place] += seconds
            continue
        for caller, (_, _, part, _) in callers.items():
            if caller[0].startswith(RECORDER) and caller[2] not in CARRIES_OUT:
                found[caller] += part
    return found


def _dearest(seconds: Mapping[Key, float]) -> list[tuple[Key, float]]:
    return sorted(seconds.items(), key=lambda row: -row[1])


def _write(name: str, seconds: float, whole: float) -> None:
    if seconds > 0.001 * whole:
        sys.stdout.write(f"  {name:52} {seconds * 1000:9.1f} ms {100 * seconds / whole:6.1f} %\n")
