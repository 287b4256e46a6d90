"""Runs the learner's cells in a fresh namespace that is `__main__`, recorded; says how it ended. Window and command line
use it alike, they differ only in where the events go.
"""

from __future__ import annotations

import builtins
import getpass
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import torch

from tutor.kernel.display import shown
from tutor.kernel.limits import limit_memory
from tutor.kernel.output import Output, Streams
from tutor.kernel.program import compile_cell
from tutor.kernel.refused import NoInput, refuse_input
from tutor.kernel.reset import Baseline
from tutor.protocol import CellText, Environment, Event, RunBegan, RunCells, RunEnded

try:
    from tutor.kernel.record import Recorder
except ModuleNotFoundError:
    from tutor.kernel.unrecorded import Recorder  # type: ignore[assignment]


class Runner:
    """Holds what outlives a run: the process as it was before, and the namespace that the last run left."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._baseline = Baseline.taken()
        self.namespace: dict[str, object] = {}

    def run(self, command: RunCells) -> RunEnded:
        """Runs the cells in order and emits all that happens, `RunEnded` last."""
        ended = RunEnded(run=command.run, outcome="interrupted")
        with suppress(KeyboardInterrupt):
            ended = self._run(command)
        _ignore_interrupts()
        self._emit(ended)
        return ended

    def _run(self, command: RunCells) -> RunEnded:
        self._baseline.restore(command.settings)
        limit_memory()
        self._emit(RunBegan(run=command.run, environment=_environment(command)))
        module = _enter_document(command)
        self.namespace = module.__dict__
        recorder = Recorder(self._emit)
        output = Output(recorder)
        with _refusals(), Streams(output) as streams:
            run = _Run(command, recorder, output, streams, module)
            return run.cells()


class _Run:
    """One run on its way through the cells."""

    def __init__(
        self, command: RunCells, recorder: Recorder, output: Output, streams: Streams, module: ModuleType
    ) -> None:
        self._command = command
        self._recorder = recorder
        self._output = output
        self._streams = streams
        self._namespace = module.__dict__
        self._future_flags = 0

    def cells(self) -> RunEnded:
        outcome = self._ended("ok")
        for cell in self._command.cells:
            outcome = self._guarded(cell)
            if outcome.outcome != "ok" and not (outcome.outcome == "error" and cell.may_raise):
                return outcome
        return self._ended("ok")

    def _guarded(self, cell: CellText) -> RunEnded:
        """Runs one cell; the learner's exception is data from here on."""
        try:
            self._run_cell(cell)
        except KeyboardInterrupt:
            return self._ended("interrupted")
        except SystemExit as leaving:
            return self._ended("exit", status=_status(leaving))
        except BaseException as error:
            self._streams.flush()
            self._recorder.failure(error)
            return self._ended("error")
        finally:
            self._streams.flush()
            self._recorder.cell_ended(self._namespace)
        return self._ended("ok")

    def _run_cell(self, cell: CellText) -> None:
        filename = _filename(self._command, cell)
        self._recorder.add_source(cell.text, path=self._command.path, cell=cell.id, filename=filename)
        program = compile_cell(
            cell.text, filename, display=cell.id is not None, future_flags=self._future_flags
        )
        self._future_flags |= program.future_flags
        with self._recorder:
            exec(program.body, self._namespace)
            value = None if program.last is None else eval(program.last, self._namespace)
        if value is not None:
            self._display(value)

    def _display(self, value: object) -> None:
        self._streams.flush()
        form = shown(value)
        self._output.display(form.text + "\n", html=form.html, png=form.png)

    def _ended(self, outcome: str, *, status: str | int | None = None) -> RunEnded:
        return RunEnded(
            run=self._command.run,
            outcome=outcome,  # type: ignore[arg-type]
            status=status,
            recorder_fault=self._recorder.fault,
        )


def _filename(command: RunCells, cell: CellText) -> str:
    """The name the code goes by in tracebacks: the file's, or the cell's in pointed brackets."""
    if cell.id is not None:
        return f"<{cell.id}>"
    return command.path or "<script>"


def _environment(command: RunCells) -> Environment:
    return Environment(
        torch=str(torch.__version__),
        python=platform.python_version(),
        device=command.settings.device,
        seed=command.settings.seed,
    )


def _enter_document(command: RunCells) -> ModuleType:
    """A new `__main__` in the document's folder, as `python FILE` would have it."""
    module = ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    if command.path is not None:
        module.__file__ = command.path
    sys.modules["__main__"] = module
    sys.argv[:] = [command.path or "", *command.arguments]
    if Path(command.directory).is_dir():
        os.chdir(command.directory)
        sys.path.insert(0, command.directory)
    return module


@contextmanager
def _refusals() -> Iterator[None]:
    """Nothing in a run can wait for a person to type."""
    before = (builtins.input, getpass.getpass, sys.breakpointhook, sys.stdin)
    builtins.input = refuse_input
    getpass.getpass = refuse_input
    sys.breakpointhook = refuse_input
    sys.stdin = NoInput()
    try:
        yield
    finally:
        builtins.input, getpass.getpass, sys.breakpointhook, sys.stdin = before


def _status(leaving: SystemExit) -> str | int | None:
    code = leaving.code
    return code if code is None or isinstance(code, int) else str(code)


def _ignore_interrupts() -> None:
    """A second Ctrl+C that comes while the run is being closed must not fall into the kernel's own code."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
