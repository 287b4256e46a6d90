"""Reads what a crashed process left behind: the signal's name, and the line of the learner's code where it was."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable

from tutor.protocol import Failure, RunCells, Source, Span, code_name
from tutor.trace.lines import lines_of

_FRAME = re.compile(r'File "(.+)", line (\d+) in ')


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def crash_line(log: str, files: frozenset[str]) -> tuple[str | None, int | None]:
    """The innermost line of the learner's code in the traceback that faulthandler left at the end of a log."""
    _before, found, crash = log.rpartition("Fatal Python error:")
    _others, _current, stack = crash.partition("Current thread")
    for file, line in _FRAME.findall(stack.partition("\n\n")[0]) if found else ():
        if file in files:
            return file, int(line)
    return None, None


def crash_failure(
    command: RunCells, sources: Iterable[Source], *, status: int, log: str, step: int
) -> Failure:
    """The end of a program whose process is gone. `status` as subprocess has it, negative for a signal."""
    if status >= 0:
        message = f"the process ended with exit status {status}"
        return Failure(type="ProcessExit", message=message, span=None, step=step)
    name = signal_name(-status)
    message = signal.strsignal(-status) or name
    return Failure(type=name, message=message, span=_crash_span(command, sources, log), step=step)


def code_names(command: RunCells) -> frozenset[str]:
    """The names that the texts of a run go by in tracebacks."""
    return frozenset(code_name(command.path, cell.id) for cell in command.cells)


def _crash_span(command: RunCells, sources: Iterable[Source], log: str) -> Span | None:
    """The whole line at which Python was when it crashed."""
    file, line = crash_line(log, code_names(command))
    for source in sources:
        lines = lines_of(source.text)
        if line is not None and code_name(command.path, source.cell) == file and 1 <= line <= len(lines):
            text = lines[line - 1]
            start = len(text) - len(text.lstrip())
            return Span(source=source.id, line=line, end_line=line, col=start, end_col=len(text.rstrip()))
    return None
