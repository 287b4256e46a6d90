"""Where the recorder's time goes: its own functions, with what they call in torch, grouped by file."""

from __future__ import annotations

import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import TypeVar

from torch import nn

RECORDER = str(Path(__file__).resolve().parent.parent.parent / "tutor") + "/"
PROGRAM = (str(Path(__file__).resolve().parent) + "/", str(Path(nn.__file__).parent) + "/")
"""The work and torch's own modules; all else that the recorder calls counts as the recorder's."""
CARRIES_OUT = frozenset({"__torch_function__", "run", "apply"})
"""Functions of the recorder that call what the program itself has asked for."""

EVERY = 0.001
"""Seconds of processor time between two looks."""

STARTS = 8
"""Up to this place in its code a function has only begun: the time before was its caller's."""

SHOWN = 15
"""Functions that are printed."""

LEAST = 5.0
"""Seconds that are looked at, in as many runs as that takes."""

Key = TypeVar("Key")
Place = tuple[str, str]


class Sampler:
    """Looks now and then at what is running: unlike a profiler that counts calls, it slows nothing down."""

    def __init__(self) -> None:
        self.seconds: dict[Place, float] = defaultdict(float)
        self.whole = 0.0
        self._last = 0.0

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._look)
        self._last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        """A long call into torch is seen once, when it is over: it counts with all its time."""
        now = time.process_time()
        place = _recorders(frame.f_back if frame is not None and frame.f_lasti <= STARTS else frame)
        if place is not None:
            self.seconds[place] += now - self._last
        self.whole += now - self._last
        self._last = now


def _recorders(frame: FrameType | None) -> Place | None:
    """The innermost function of the recorder, unless it carries out what the program has asked for."""
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(RECORDER):
            return None if name in CARRIES_OUT else (file.removeprefix(RECORDER), name)
        if file.startswith(PROGRAM):
            return None
        frame = frame.f_back
    return None


def report(work: Callable[[], object]) -> None:
    """Prints the recorder's share of the whole run, by file and by function."""
    until = time.process_time() + LEAST
    with Sampler() as sampler:
        while time.process_time() < until:
            work()
    by_file: dict[str, float] = defaultdict(float)
    for (file, _), seconds in sampler.seconds.items():
        by_file[file] += seconds
    _write("recorder", sum(by_file.values()), sampler.whole)
    for file, seconds in _dearest(by_file):
        _write(f"    {file}", seconds, sampler.whole)
    sys.stdout.write("  of these\n")
    for (file, name), seconds in _dearest(sampler.seconds)[:SHOWN]:
        _write(f"    {file} {name}", seconds, sampler.whole)


def _dearest(seconds: Mapping[Key, float]) -> list[tuple[Key, float]]:
    return sorted(seconds.items(), key=lambda row: -row[1])


def _write(name: str, seconds: float, whole: float) -> None:
    if seconds > 0.001 * whole:
        sys.stdout.write(f"  {name:52} {100 * seconds / whole:6.1f} %\n")
