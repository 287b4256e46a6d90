"""Reads what a crashed process left behind: the signal's name, and the line of the learner's code where it was."""

from __future__ import annotations

import re
import signal

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
