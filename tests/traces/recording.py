"""Runs a program's text under the recorder, cell by cell, with its output captured: what the kernel does, in miniature."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any, Literal

import torch

from tutor.kernel.budget import DEFAULT_LIMITS, Limits
from tutor.kernel.record import Recorder, environment
from tutor.trace.trace import Trace


class _Written(io.TextIOBase):
    """A stream whose every write goes to the recorder; a print's text and newline are one piece."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._held = ""

    def write(self, text: str) -> int:
        self._held += text
        if self._held.endswith("\n"):
            self._write(self._held)
            self._held = ""
        return len(text)


def record_text(
    text: str, *, limits: Limits = DEFAULT_LIMITS, namespace: dict[str, Any] | None = None
) -> Trace:
    """The trace of a program's text; its error, if it raises, is in the trace. A recorder's fault raises."""
    trace = Trace()
    trace.environment = environment()
    recorder = Recorder(trace.extend, limits=limits)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    torch.manual_seed(0)
    cells = text.split("# %%\n")
    for index, cell in enumerate(cells):
        if not _ran(recorder, cell, f"cell {index}", str(index) if len(cells) > 1 else None, namespace):
            break
    if recorder.fault is not None:
        raise AssertionError(recorder.fault)
    return trace


def _ran(recorder: Recorder, cell: str, filename: str, name: str | None, namespace: dict[str, Any]) -> bool:
    recorder.add_source(cell, path=None, cell=name, filename=filename)
    error = None
    streams: list[Literal["stdout", "stderr"]] = ["stdout", "stderr"]
    out, err = (_Written(lambda text, stream=stream: recorder.output(stream, text)) for stream in streams)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with recorder:
                exec(compile(cell, filename, "exec"), namespace)
        except Exception as raised:
            error = raised
    recorder.cell_ended(namespace)
    if error is not None:
        recorder.failure(error)
    return error is None
