"""What recording costs, as ratios to the unrecorded run: `python -m tests.benchmarks [WORDS] [--profile | --alone]`.

Words pick works by a part of their name, `memory` the measurements of memory. `--profile` prints where the recorder's
time goes, `--alone` leaves the other tools out. On a busy machine OMP_NUM_THREADS=1 makes figures that can be repeated:
threads that wait for one another wait for the other processes too.
"""

from __future__ import annotations

import os
import sys

import torch

from tests.benchmarks import memory, others, where
from tests.benchmarks.recording import Recorded
from tests.benchmarks.timing import Cost, devices, paired
from tests.benchmarks.work import GOALS, WORKS


def main() -> None:
    words = [word.lower() for word in sys.argv[1:] if not word.startswith("--")]
    chosen = [name for name in WORKS if not words or any(word in name.lower() for word in words)]
    _say(f"torch {torch.__version__}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    for device in devices() if chosen else ():
        _compare_all(device, chosen, tools=() if {"--alone", "--profile"} & set(sys.argv) else _tools())
    if not words or "memory" in words:
        memory.report()


def _tools() -> tuple[str, ...]:
    fault = others.install()
    if fault is not None:
        _say(f"The other tools could not be installed, and are left out: {fault}")
        return ()
    return others.TOOLS


def _compare_all(device: str, names: list[str], *, tools: tuple[str, ...]) -> None:
    _say(f"\n{device}: times the unrecorded run (median; lowest–highest; processor time)")
    for name in names:
        work = WORKS[name](device)
        recorded = Recorded(work)
        cost = paired(work, recorded)
        _say(f"{name:30} {cost.plain * 1000:9.1f} ms unrecorded   {_ratio(cost)}   {_goal(name, cost)}")
        _say(f"    {'as the window records':26} {paired(work, recorded.sent, most=5).ratio:9.2f}×")
        if "--profile" in sys.argv:
            where.report(recorded)
        for tool in tools:
            _say(f"    {tool:26} {_beside(others.ratio(tool, device, name), cost.ratio)}")


def _ratio(cost: Cost) -> str:
    span = f"{cost.lowest:.2f}–{cost.highest:.2f}"
    return f"recorded {cost.ratio:6.2f}× ({span}; {cost.processor:.2f}×; {cost.rounds} rounds)"


def _goal(name: str, cost: Cost) -> str:
    goal = GOALS.get(name)
    if goal is None:
        return ""
    return f"goal {goal}×: {'reached' if cost.ratio <= goal else 'missed'}"


def _beside(ratio: float | str, recorded: float) -> str:
    """What a tool adds to the unrecorded run, in units of what the recorder adds."""
    if isinstance(ratio, str):
        return ratio
    times = f"{(ratio - 1) / (recorded - 1):8.1f} times what recording adds" if recorded > 1 else ""
    return f"{ratio:9.2f}×   {times}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
