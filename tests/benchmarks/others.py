"""Other tools at the same work, each in a process of its own: TorchLens, torchviz, torchview.

`python -m tests.benchmarks.others TOOL DEVICE WORK` is that process; it prints the ratio to the unrecorded run.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import paired
from tests.benchmarks.work import WORKS, Work

ROOT = Path(__file__).resolve().parent.parent.parent
WANTED = ROOT / "tools" / "bench.txt"
FOLDER = ROOT / "build" / "benchmarks"
TOOLS = ("torchlens", "torchviz", "torchview")
PATIENCE = 240.0
"""Seconds for one tool at one work."""

TURNS = 10
"""Of a long loop they see the first turns: a ratio needs no more."""

DEEP = 100_000
"""torchviz walks a graph by calling itself."""


def install() -> str | None:
    """Brings the tools into a folder of their own; what went wrong, if anything."""
    done = FOLDER / WANTED.name
    if done.is_file() and done.read_bytes() == WANTED.read_bytes():
        return None
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    tried = subprocess.run(
        [*command, "--upgrade", "--target", str(FOLDER), "-r", str(WANTED)], capture_output=True, text=True
    )
    if tried.returncode != 0:
        return (tried.stderr.strip().splitlines() or ["pip failed"])[-1]
    done.write_bytes(WANTED.read_bytes())
    return None


def ratio(tool: str, device: str, work: str) -> float | str:
    """How many times the unrecorded run this tool takes; in words when it does not get there."""
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.others", tool, device, work],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(FOLDER)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"over {PATIENCE:.0f} s"
    if asked.returncode != 0:
        return (asked.stderr.strip().splitlines() or ["crashed"])[-1][:60]
    return float(asked.stdout.split()[-1])


def with_torchlens(work: Work) -> Callable[[], None]:
    """Forward and backward with every activation and gradient, as its documents show."""
    lens: Any = importlib.import_module("torchlens")
    capture = lens.options.CaptureOptions(save_grads=True, unwrap_when_done=True)

    def run() -> None:
        for _ in _turns(work):
            log = lens.trace(work.model, work.input, capture=capture)
            log.log_backward(work.loss(log[log.output_layers[0]].out))

    return run


def with_torchviz(work: Work) -> Callable[[], None]:
    """The graph of nodes, with what each has saved; no values, no backward run seen."""
    viz: Any = importlib.import_module("torchviz")

    def run() -> None:
        for _ in _turns(work):
            loss = work.loss(work.model(work.input))
            viz.make_dot(loss, params=dict(work.model.named_parameters()), show_attrs=True, show_saved=True)
            loss.backward()

    return run


def with_torchview(work: Work) -> Callable[[], None]:
    """The graph of the forward's functions; it shows no backward."""
    view: Any = importlib.import_module("torchview")

    def run() -> None:
        for _ in _turns(work):
            view.draw_graph(
                work.model, input_data=work.input, depth=9, mode="train", device=work.input.device
            )
            work.loss(work.model(work.input)).backward()

    return run


def _turns(work: Work) -> Iterator[None]:
    for _ in range(work.turns):
        work.clear()
        yield
        work.step()


WAYS = {"torchlens": with_torchlens, "torchviz": with_torchviz, "torchview": with_torchview}


def main(tool: str, device: str, name: str) -> None:
    sys.setrecursionlimit(DEEP)
    work = WORKS[name](device)
    work = replace(work, turns=min(work.turns, TURNS))
    cost = paired(work, WAYS[tool](work), least=1, most=7)
    sys.stdout.write(f"{cost.ratio:.3f}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
