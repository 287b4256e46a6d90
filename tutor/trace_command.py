"""The `trace` command: a program runs recorded in a child process, and what it did is written as a trace file.

This process never loads torch. It outlives whatever happens to the program, and writes what was recorded until then.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from tutor.i18n import _
from tutor.insight.errors import explain
from tutor.insight.frames import caused_text, folded, more_text
from tutor.insight.used_up import explain_in
from tutor.protocol import (
    Cause,
    CellText,
    Failure,
    Frame,
    RunCells,
    RunEnded,
    RunId,
    RunSettings,
    Span,
)
from tutor.recorded_run import RecordedRun, Stops, run_recorded
from tutor.source.disk import DocumentError, write_bytes
from tutor.source.document import Cell, Document
from tutor.source.formats import read_document
from tutor.trace.file import encode_trace
from tutor.trace.trace import Trace

NOT_STARTED, UNWRITABLE = 1, 2
"""Exit statuses."""

NOT_RUN = frozenset({"solution", "skip-execution"})
"""Tags of cells that are there to be read."""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What to run and how. `timeout` in seconds, None for as long as it takes."""

    program: Path
    out: Path
    settings: RunSettings
    timeout: float | None = None
    arguments: tuple[str, ...] = ()


def trace(options: TraceOptions, errors: TextIO | None) -> int:
    """Returns the exit status: 0 when a trace was written, also of a program that raised; 2 for a file that cannot be
    read or written; 130 after Ctrl+C (143 after SIGTERM); 1 when torch or the recorder cannot be loaded.
    """
    try:
        command = _command(options)
        _check_out(options)
        with Stops() as stops:  # until all is written: a second Ctrl+C shall not cost what was recorded
            return _traced(command, options, stops, errors)
    except DocumentError as fault:
        say(errors, str(fault))
        return UNWRITABLE


def say(errors: TextIO | None, line: str) -> None:
    """A reader that has gone away does not make the command fail."""
    with suppress(OSError):
        if errors is not None:
            errors.write(line + "\n")
            errors.flush()


def _traced(command: RunCells, options: TraceOptions, stops: Stops, errors: TextIO | None) -> int:
    done = _recorded(command, options, stops, errors)
    if done is None:
        return NOT_STARTED
    write_bytes(options.out, encode_trace(_portable(done.trace, command)))
    for line in _report(done, options):
        say(errors, line)
    say(errors, _("Trace written to {path}.").format(path=options.out))
    return stops.status if done.stopped_by == "interrupt" else 0


def recorded(options: TraceOptions, stops: Stops, errors: TextIO | None) -> RecordedRun | None:
    """Runs the program and tells how it ended; None, which is told, when torch or the recorder cannot be loaded.

    Raises DocumentError.
    """
    done = _recorded(_command(options), options, stops, errors)
    for line in _report(done, options) if done is not None else ():
        say(errors, line)
    return done


def _recorded(
    command: RunCells, options: TraceOptions, stops: Stops, errors: TextIO | None
) -> RecordedRun | None:
    done = _run(command, options, stops)
    if done.trace.environment is None and done.stopped_by is None:
        say(errors, _not_started(done.ended))
        return None
    _explain(done.trace)
    return done


def _run(command: RunCells, options: TraceOptions, stops: Stops) -> RecordedRun:
    try:
        return run_recorded(command, options.timeout, stops)
    except OSError as fault:
        folder = Path(fault.filename or os.environ.get("TMPDIR") or "/tmp")
        text = _("no room for what is recorded ({why}); name another folder by TMPDIR")
        raise DocumentError(folder, None, text.format(why=fault.strerror)) from fault


# ---------------------------------------------------------------- what to run


def _command(options: TraceOptions) -> RunCells:
    document = read_document(options.program)
    path = options.program.absolute()
    return RunCells(
        run=RunId(0),
        cells=[_text(document, cell) for cell in document.code_cells if not NOT_RUN & set(cell.tags)],
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


# ---------------------------------------------------------------- what it left


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


def _report(done: RecordedRun, options: TraceOptions) -> Iterator[str]:
    if done.trace.error is not None:
        yield from _traceback(done.trace, done.trace.error, options.program.name)
    if done.ended is not None and done.ended.outcome == "exit" and done.ended.status not in (None, 0):
        status = done.ended.status if isinstance(done.ended.status, int) else 1  # a text was printed
        yield _("The program ended with exit status {status}.").format(status=status)
    if done.ended is not None and done.ended.recorder_fault is not None:
        yield _("The recorder failed, and the rest of the run is not in the trace: {fault}").format(
            fault=done.ended.recorder_fault
        )


def _traceback(trace: Trace, error: Failure, program: str) -> Iterator[str]:
    """As Python prints it, what led to the exception first, with the learner's own frames."""
    for cause in reversed(error.causes):
        yield from _exception(trace, cause)
        yield caused_text(cause)
    if not error.frames and error.span is not None:
        yield _("{program}, line {line}:").format(program=program, line=error.span.line)
    yield from _exception(trace, error)
    explanation = explain_in(trace, error)
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
