"""Runs a program recorded in a child process, outlives whatever happens to it, and gathers what was recorded until then."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, Literal

import msgspec

from tutor.crash import crash_failure
from tutor.process_tree import kill_tree
from tutor.protocol import (
    Event,
    Failure,
    RunBegan,
    RunCells,
    RunEnded,
    Span,
    Step,
    TraceEvent,
    Truncation,
    encode_command,
)
from tutor.trace.salvage import whole_trace
from tutor.trace.trace import Trace

PATIENCE = 2.0
"""Seconds that an interrupted program has to end by itself."""
_PERIOD = 0.05

StoppedBy = Literal["interrupt", "timeout"]


class Stops:
    """Ctrl+C, SIGTERM and a closed terminal, counted while it is entered; those that were to be ignored stay so (nohup)."""

    def __init__(self) -> None:
        self.count = 0
        self.status = 0
        """What a shell gives as the exit status of a program that the first signal ended."""

        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stops:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.status = self.status or 128 + number


@dataclass(slots=True)
class RecordedRun:
    """What came of a run. `ended` is None when the program could not say itself how it ended."""

    trace: Trace
    ended: RunEnded | None
    stopped_by: StoppedBy | None


def run_recorded(command: RunCells, timeout: float | None, stops: Stops) -> RecordedRun:
    """Raises OSError when there is no room for what is recorded.

    `timeout` in seconds; it begins with the program's first event, when torch is loaded.
    """
    with tempfile.TemporaryDirectory(prefix="autograd-tutor-") as name:
        folder = Path(name)
        (folder / "command.json").write_text(encode_command(command), encoding="utf-8")
        child = _start(folder)
        stopped_by = _waited(child, folder / "events", timeout, stops)
        if stopped_by is not None:
            _stop(child, stops)
        trace, ended = _gathered(folder / "events")
        if ended is None:
            _tell_what_is_missing(trace)
        if ended is None or stopped_by == "timeout":
            _add_end(trace, _death(child.returncode, folder, command, trace, stopped_by, timeout))
        return RecordedRun(trace, ended, stopped_by)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """In a session of its own: interrupts reach the program once, by us, and with it all that it has started."""
    script = Path(__file__).parent / "kernel" / "trace_program.py"
    return subprocess.Popen(
        [sys.executable, "-P", str(script), str(folder)],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def _waited(
    child: subprocess.Popen[bytes], events: Path, timeout: float | None, stops: Stops
) -> StoppedBy | None:
    """Waits until the program has ended; what ended the waiting, if it was something else."""
    end: float | None = None
    while not _has_ended(child):
        if stops.count:
            return "interrupt"
        if timeout is not None and end is None and events.exists():
            end = monotonic() + timeout
        if end is not None and monotonic() > end:
            return "timeout"
    return None


def _stop(child: subprocess.Popen[bytes], stops: Stops) -> None:
    """An interrupt first, so that the trace tells the line; then the end, at once after a second Ctrl+C."""
    heard = stops.count
    child.send_signal(signal.SIGINT)
    end = monotonic() + PATIENCE
    while not _has_ended(child):
        if monotonic() > end or stops.count > heard:
            kill_tree(child.pid)
            child.wait()


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Waits a moment for it."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(_PERIOD)
    return child.returncode is not None


# ---------------------------------------------------------------- what it left


def _gathered(path: Path) -> tuple[Trace, RunEnded | None]:
    began: RunBegan | None = None
    ended: RunEnded | None = None
    told: list[TraceEvent] = []
    for event in _events(path):
        if isinstance(event, RunBegan):
            began = event
        elif isinstance(event, RunEnded):
            ended = event
        elif isinstance(event, TraceEvent):
            told.append(event)
    trace = whole_trace(told)
    trace.environment = None if began is None else began.environment
    return trace, ended


def _tell_what_is_missing(trace: Trace) -> None:
    """Of a long run iterations are held until it is known whether they are kept: a process that is gone took them along."""
    printed = sum(step.kind == "output" for step in trace.steps)
    if trace.truncated is None and (trace.gaps or printed < len(trace.outputs)):
        trace.append(Truncation(limit="process", what="held_iterations", step=len(trace.steps)))


def _events(path: Path) -> Iterator[Event]:
    """The events in the file; one that was cut short by a crash is the last, and left out."""
    data = memoryview(path.read_bytes() if path.is_file() else b"")
    decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
    place = 0
    while place + 4 <= len(data):
        (size,) = struct.unpack_from("<I", data, place)
        if place + 4 + size > len(data):
            return
        yield decoder.decode(data[place + 4 : place + 4 + size])
        place += 4 + size


def _death(
    status: int,
    folder: Path,
    command: RunCells,
    trace: Trace,
    stopped_by: StoppedBy | None,
    timeout: float | None,
) -> Failure:
    """What ended a program that could not tell it itself."""
    if stopped_by == "timeout":
        span = None if trace.error is None else trace.error.span
        return _failure("TimeoutError", f"the program ran longer than {timeout:g} s", trace, span)
    if stopped_by == "interrupt":
        return _failure("KeyboardInterrupt", "", trace, None)
    crash = folder / "crash"
    log = crash.read_text(errors="replace") if crash.is_file() else ""
    return crash_failure(command, trace.sources, status=status, log=log, step=len(trace.steps))


def _failure(kind: str, message: str, trace: Trace, span: Span | None) -> Failure:
    return Failure(type=kind, message=message, span=span, step=len(trace.steps))


def _add_end(trace: Trace, failure: Failure) -> None:
    """The failure and its step; it takes the place of the KeyboardInterrupt that a timeout caused."""
    if trace.error is not None and trace.error.type == "KeyboardInterrupt":
        trace.error = msgspec.structs.replace(failure, step=trace.error.step, frames=trace.error.frames)
        return
    trace.append(failure)
    trace.append(Step(kind="error", id=-1, span=failure.span))
