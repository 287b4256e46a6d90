"""What a recording adds to the largest memory of a long run, each run in a process of its own.

`python -m tests.benchmarks.memory PROGRAM WAY` is that process; it prints the peak of its resident memory in bytes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from tests.benchmarks.recording import Recorded
from tests.benchmarks.work import digits

ROOT = Path(__file__).resolve().parent.parent.parent
GOAL = 64.0
"""Megabytes above the unrecorded run."""


def a_million_without_backward() -> None:
    x = torch.tensor(1.0)
    for _ in range(1_000_000):
        x = x * 1.0000001


def a_million_with_backward() -> None:
    """A backward for every hundred operations."""
    w = torch.tensor(1.0, requires_grad=True)
    for _ in range(10_000):
        w.grad = None
        x = w
        for _ in range(100):
            x = x * 1.0001
        x.backward()


def steps_of_training() -> None:
    replace(digits("cpu"), turns=20_000)()


PROGRAMS: dict[str, Callable[[], None]] = {
    "1,000,000 operations, no backward": a_million_without_backward,
    "1,000,000 operations, 10,000 backwards": a_million_with_backward,
    "20,000 training steps": steps_of_training,
}
WAYS = ("plain", "told", "kept")
"""Unrecorded; with events that go nowhere; with a trace, as `record()` keeps it."""


def report() -> None:
    sys.stdout.write(f"\nmemory above the unrecorded run, MB (goal {GOAL:.0f})\n")
    for name in PROGRAMS:
        plain, told, kept = (_peak(name, way) / 1e6 for way in WAYS)
        verdict = "reached" if kept - plain <= GOAL else "missed"
        sys.stdout.write(
            f"{name:40} {plain:7.0f} MB unrecorded   recorder {told - plain:+7.1f}   "
            f"with its trace {kept - plain:+7.1f}   {verdict}\n"
        )
        sys.stdout.flush()


def _peak(program: str, way: str) -> int:
    command = [sys.executable, "-m", "tests.benchmarks.memory", program, way]
    return int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout)


def main(program: str, way: str) -> None:
    recorded = Recorded(PROGRAMS[program])
    {"plain": PROGRAMS[program], "told": recorded, "kept": recorded.kept}[way]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{peak * (1 if sys.platform == 'darwin' else 1024)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
