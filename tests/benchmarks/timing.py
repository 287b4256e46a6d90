"""Two ways of doing the same work, timed in turn in one process."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

PATIENCE = 20.0
"""Seconds after which no further round begins."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over the rounds: seconds of the plain way, and how many times as much the other way took."""

    plain: float
    ratio: float
    lowest: float
    highest: float
    processor: float
    """As `ratio`, of processor time, which other processes disturb less."""

    rounds: int


def paired(plain: Callable[[], None], other: Callable[[], object], *, least: int = 3, most: int = 11) -> Cost:
    """Each way runs once to warm up, then in turn."""
    plain()
    other()
    pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
    until = time.perf_counter() + PATIENCE
    while len(pairs) < least or (len(pairs) < most and time.perf_counter() < until):
        pairs.append((_seconds(plain), _seconds(other)))
    ratios = sorted(changed[0] / before[0] for before, changed in pairs)
    return Cost(
        plain=statistics.median(before[0] for before, _ in pairs),
        ratio=statistics.median(ratios),
        lowest=ratios[0],
        highest=ratios[-1],
        processor=statistics.median(changed[1] / max(before[1], 1e-9) for before, changed in pairs),
        rounds=len(pairs),
    )


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """On the clock, and of the processor. What earlier rounds left is cleared away before."""
    gc.collect()
    clock, processor = time.perf_counter(), time.process_time()
    work()
    wait()
    return time.perf_counter() - clock, time.process_time() - processor


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
