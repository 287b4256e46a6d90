"""The `trace` command: a program runs recorded in a child process, and what it did is written as a trace file.

This process never loads torch. It outlives whatever happens to the program, and writes what was recorded until then.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import msgspec

from tutor.crash import crash_failure
from tutor.i18n import _
from tutor.insight.errors import explain
from tutor.insight.frames import caused_text, folded, more_text
from tutor.process_tree import kill_tree
from tutor.protocol import (
    Cause,
    CellText,
    Event,
    Failure,
    Frame,
    RunBegan,
    RunCells,
    RunEnded,
    RunId,
    RunSettings,
    Span,
    Step,
    TraceEvent,
    encode_command,
)
from tutor.source.disk import DocumentError, write_bytes
from tutor.source.document import Cell, Document
from tutor.source.formats import read_document
from tutor.trace.file import encode_trace
from tutor.trace.trace import Trace

PATIENCE = 2.0
"""Seconds that an interrupted program has to end by itself."""

_NOT_RUN = frozenset({"solution", "skip-execution"})
"""Tags of cells that are there to be read."""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What to run and how. `timeout` in seconds, None for as long as it takes."""

    program: Path
    out: Path
    settings: RunSettings
    timeout: float | None = None
    arguments: tuple[str, ...] = ()


def trace(options: TraceOptions, errors: TextIO) -> int:
    """Returns the exit status: 0 when a trace was written, also of a program that raised; 2 for a file that cannot be
    read or written; 130 after Ctrl+C; 1 when torch or the recorder cannot be loaded.
    """
    try:
        command = _command(options)
        _check_out(options)
        done = _run(command, options.timeout)
        if done.trace.environment is None and done.stopped_by is None:
            errors.write(_not_started(done.ended) + "\n")
            return 1
        _explain(done.trace)
        write_bytes(options.out, encode_trace(done.trace))
    except DocumentError as fault:
        errors.write(f"{fault}\n")
        return 2
    for line in _report(done, options):
        errors.write(line + "\n")
    return 130 if done.stopped_by == "interrupt" else 0


# ---------------------------------------------------------------- what to run


def _command(options: TraceOptions) -> RunCells:
    document = read_document(options.program)
    path = options.program.absolute()
    return RunCells(
        run=RunId(0),
        cells=[_text(document, cell) for cell in document.code_cells if not _NOT_RUN & set(cell.tags)],
        path=str(path),
        directory=str(path.parent),
        settings=options.settings,
        arguments=list(options.arguments),
    )


def _text(document: Document, cell: Cell) -> CellText:
    cell_id = None if document.kind == "script" else cell.id
    return CellText(cell_id, cell.text, may_raise="raises-exception" in cell.tags)


def _check_out(options: TraceOptions) -> None:
    """Better told before a long run than after it."""
    out, program = options.out, options.program
    if out.is_dir():
        raise DocumentError(out, None, _("this is a folder; name a file inside it"))
    if not out.absolute().parent.is_dir():
        raise DocumentError(out, None, _("there is no such folder to write into"))
    if not os.access(out if out.exists() else out.absolute().parent, os.W_OK):
        why = os.strerror(errno.EACCES)
        raise DocumentError(
            out, None, _("cannot be saved: {why}; what was there before is unharmed").format(why=why)
        )
    if out.exists() and out.samefile(program):
        raise DocumentError(out, None, _("this is the program itself; name another file for the trace"))


# ---------------------------------------------------------------- running it


@dataclass(slots=True)
class _Done:
    """What came of a run. `stopped_by`: "interrupt" or "timeout" when it did not end by itself."""

    trace: Trace
    ended: RunEnded | None
    stopped_by: str | None


def _run(command: RunCells, timeout: float | None) -> _Done:
    with tempfile.TemporaryDirectory(prefix="autograd-tutor-") as name:
        folder = Path(name)
        (folder / "command.json").write_text(encode_command(command), encoding="utf-8")
        child = _start(folder)
        stopped_by = _waited(child, folder / "events", timeout)
        trace, ended = _gathered(folder / "events")
        if ended is None or stopped_by == "timeout":
            _add_end(trace, _death(child.returncode, folder, command, trace, stopped_by, timeout))
        return _Done(_portable(trace, command), ended, stopped_by)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """In a session of its own: interrupts reach the program once, by us, and with it all that it has started."""
    script = Path(__file__).parent / "kernel" / "trace_program.py"
    return subprocess.Popen(
        [sys.executable, "-P", str(script), str(folder)],
        stdin=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


def _waited(child: subprocess.Popen[bytes], events: Path, timeout: float | None) -> str | None:
    """Waits until the program has ended, by itself or not; what it has started ends with it.

    The time is the program's own: it runs from its first event on, when torch is loaded.
    """
    stopped_by: str | None = None
    with _signals_raise():
        try:
            while timeout is not None and child.poll() is None and not events.exists():
                time.sleep(0.02)
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            stopped_by = "timeout"
        except KeyboardInterrupt:
            stopped_by = "interrupt"
    if stopped_by is not None:
        _stop(child)
    return stopped_by


def _stop(child: subprocess.Popen[bytes]) -> None:
    """An interrupt first, so that the trace tells the line; then the end, at once after a second Ctrl+C."""
    try:
        child.send_signal(signal.SIGINT)
        child.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        kill_tree(child.pid)
        child.wait()


@contextmanager
def _signals_raise() -> Iterator[None]:
    """SIGTERM and a closed terminal end the program as Ctrl+C does, and the trace is written all the same."""

    def raise_interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, raise_interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---------------------------------------------------------------- what it left


def _gathered(path: Path) -> tuple[Trace, RunEnded | None]:
    trace = Trace()
    ended: RunEnded | None = None
    for event in _events(path):
        if isinstance(event, RunBegan):
            trace.environment = event.environment
        elif isinstance(event, RunEnded):
            ended = event
        elif isinstance(event, TraceEvent):
            trace.append(event)
    return trace, ended


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
    status: int, folder: Path, command: RunCells, trace: Trace, stopped_by: str | None, timeout: float | None
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


def _portable(trace: Trace, command: RunCells) -> Trace:
    """No folder of this machine in the file: the program goes by its name, its modules by theirs."""
    folder = command.directory
    trace.sources = [
        msgspec.structs.replace(source, path=_within(folder, source.path)) for source in trace.sources
    ]
    if trace.error is not None:
        frames = _frames_within(folder, trace.error.frames)
        causes = [
            msgspec.structs.replace(cause, frames=_frames_within(folder, cause.frames))
            for cause in trace.error.causes
        ]
        trace.error = msgspec.structs.replace(trace.error, frames=frames, causes=causes)
    return trace


def _frames_within(folder: str, frames: Iterable[Frame]) -> list[Frame]:
    return [msgspec.structs.replace(frame, path=_within(folder, frame.path) or "") for frame in frames]


def _within(folder: str, path: str | None) -> str | None:
    """A path relative to the program's folder where it lies in it."""
    if path is None or not Path(path).is_relative_to(folder):
        return path
    return Path(path).relative_to(folder).as_posix()


def _explain(trace: Trace) -> None:
    """Names the explanation of each error that has one."""
    trace.error = _explained(trace.error)
    for backward in trace.backwards:
        backward.error = _explained(backward.error)


def _explained(error: Failure | None) -> Failure | None:
    explanation = None if error is None else explain(error)
    if error is None or explanation is None:
        return error
    return msgspec.structs.replace(error, explanation=explanation.id)


# ---------------------------------------------------------------- what is said


def _not_started(ended: RunEnded | None) -> str:
    """The child has printed what it could not load; what it could not set up it has said at its end."""
    if ended is None or ended.recorder_fault is None:
        return _("The recorder could not start; no trace was written.")
    why = ended.recorder_fault.strip().splitlines()[-1]
    return _("The program could not be started; no trace was written: {why}").format(why=why)


def _report(done: _Done, options: TraceOptions) -> Iterator[str]:
    if done.trace.error is not None:
        yield from _traceback(done.trace, done.trace.error, options.program.name)
    if done.ended is not None and done.ended.outcome == "exit" and done.ended.status not in (None, 0):
        yield _("The program ended with exit status {status}.").format(status=done.ended.status)
    if done.ended is not None and done.ended.recorder_fault is not None:
        yield _("The recorder failed, and the rest of the run is not in the trace: {fault}").format(
            fault=done.ended.recorder_fault
        )
    yield _("Trace written to {path}.").format(path=options.out)


def _traceback(trace: Trace, error: Failure, program: str) -> Iterator[str]:
    """As Python prints it, what led to the exception first, with the learner's own frames."""
    for cause in reversed(error.causes):
        yield from _exception(trace, cause)
        yield caused_text(cause)
    if not error.frames and error.span is not None:
        yield _("{program}, line {line}:").format(program=program, line=error.span.line)
    yield from _exception(trace, error)
    explanation = explain(error)
    if explanation is not None:
        yield explanation.title
        yield f"{explanation.cause} {explanation.fix}"


def _exception(trace: Trace, raised: Failure | Cause) -> Iterator[str]:
    if raised.frames:
        yield "Traceback (most recent call last):"
    for frame in folded(raised.frames):
        if isinstance(frame, int):
            yield f"  {more_text(frame)}"
            continue
        cell = _cell_number(trace, frame.span)
        place = f"line {frame.line}" if cell is None else f"cell {cell}, line {frame.line}"
        yield f'  File "{frame.path}", {place}, in {frame.function}'
        if frame.text:
            yield f"    {frame.text}"
    yield f"{raised.type}: {raised.message}" if raised.message else raised.type


def _cell_number(trace: Trace, span: Span | None) -> int | None:
    """Which of the cells that ran, from 1; None in a script or a module."""
    cells = [source.id for source in trace.sources if source.cell is not None]
    return cells.index(span.source) + 1 if span is not None and span.source in cells else None


def options_from(values: Any, arguments: tuple[str, ...]) -> TraceOptions:
    """From the parsed command line."""
    program = Path(values.file)
    out = Path(values.output) if values.output else program.with_suffix(".trace.json")
    return TraceOptions(
        program=program,
        out=out,
        settings=RunSettings(device=values.device, seed=values.seed),
        timeout=values.timeout,
        arguments=arguments,
    )
