"""Runs the learner's cells in a fresh namespace that is `__main__`, recorded, and says how it ended.

Window and command line use it alike; they differ only in where the events go.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Literal

import torch

from tutor.kernel.descriptors import Descriptors
from tutor.kernel.display import Shown, shown
from tutor.kernel.encodable import text_of
from tutor.kernel.farewells import Farewells
from tutor.kernel.interrupts import Interrupts
from tutor.kernel.limits import limit_memory
from tutor.kernel.output import Echo, Output, Streams
from tutor.kernel.program import compile_cell
from tutor.kernel.record import Recorder, environment
from tutor.kernel.reset import Baseline
from tutor.kernel.surroundings import join_threads, surroundings
from tutor.process_tree import kill_descendants
from tutor.protocol import CellText, Event, RunBegan, RunCells, RunEnded, code_name


class Runner:
    """Holds what outlives a run: the process as it was before any, and the namespace that the last one left.

    `descriptors`: files behind descriptors 1 and 2, where they are ours to read; `echo`: where output is shown, too.
    `interrupt_is_failure`: whether a stopped run leaves KeyboardInterrupt in its trace, as in a terminal. `modules`:
    whether the program's own modules are in its trace, too: where there is no window that shows but the document.
    """

    def __init__(
        self,
        emit: Callable[[Sequence[Event]], None],
        *,
        descriptors: Descriptors | None = None,
        echo: Echo | None = None,
        interrupt_is_failure: bool = False,
        modules: bool = False,
    ) -> None:
        self._emit = emit
        self._modules = modules
        self._descriptors = descriptors
        self._echo = echo
        self._interrupt_is_failure = interrupt_is_failure
        self._baseline = Baseline.taken()
        self._run: _Run | None = None
        self.namespace: dict[str, object] = {"torch": torch}

    def run(self, command: RunCells) -> RunEnded:
        """Runs the cells in order and emits all that happens, `RunEnded` last, whatever happens."""
        with Interrupts() as interrupts:
            try:
                self._prepare(command)
                ended = self._carried_out(command, interrupts)
            except Exception:  # ours, not the learner's: it goes into the report, and the kernel lives on
                ended = RunEnded(run=command.run, outcome="error", recorder_fault=traceback.format_exc())
            if ended.outcome == "interrupted":
                kill_descendants(os.getpid())
            self._emit([ended])
        return ended

    def display(self, form: Shown) -> None:
        """Shows something in the run on its way, if there is one."""
        if self._run is not None:
            self._run.display(form)

    def _prepare(self, command: RunCells) -> None:
        self._baseline.restore(command.settings)
        limit_memory()
        if self._descriptors is not None:
            self._descriptors.skip()
        settings = command.settings
        here = environment(device=settings.device, seed=settings.seed)
        self._emit([RunBegan(run=command.run, environment=here)])

    def _carried_out(self, command: RunCells, interrupts: Interrupts) -> RunEnded:
        module = _enter_document(command)
        self.namespace = module.__dict__
        recorder = Recorder(self._emit, modules=self._modules)
        output = Output(recorder, descriptors=self._descriptors, echo=self._echo)
        self._run = run = _Run(command, recorder, output, interrupts, module.__dict__)
        try:
            with surroundings(recorder, run.display), Streams(output):
                outcome, status = run.cells()
                if outcome == "interrupted" and self._interrupt_is_failure:
                    recorder.failure(run.interrupt)
        finally:
            self._run = None
        return RunEnded(run=command.run, outcome=outcome, status=status, recorder_fault=recorder.fault)


Outcome = Literal["ok", "error", "exit", "interrupted"]


class _Run:
    """One run on its way through the cells."""

    def __init__(
        self,
        command: RunCells,
        recorder: Recorder,
        output: Output,
        interrupts: Interrupts,
        namespace: dict[str, object],
    ) -> None:
        self._command = command
        self._recorder = recorder
        self._output = output
        self._interrupts = interrupts
        self._namespace = namespace
        self._future_flags = 0
        self.interrupt: BaseException = KeyboardInterrupt()
        self._farewells = Farewells(namespace)

    def cells(self) -> tuple[Outcome, str | int | None]:
        """How the run ended, with sys.exit's status."""
        with self._farewells.heard():
            outcome, status = self._until_one_ends_it()
            if self._command.cells and self._command.cells[0].id is None:
                self._leave_script()
        return outcome, status

    def display(self, form: Shown) -> None:
        self._output.display(form.text + "\n", html=form.html, png=form.png)

    def _until_one_ends_it(self) -> tuple[Outcome, str | int | None]:
        for cell in self._command.cells:
            outcome, status = self._guarded(cell)
            if outcome != "ok" and not (outcome == "error" and cell.may_raise):
                return outcome, status
        return "ok", None

    def _leave_script(self) -> None:
        """What `atexit` was asked to call; a stopped program calls nothing more."""
        with suppress(KeyboardInterrupt), self._interrupts.allowed():
            self._farewells.run()
        self._output.flush()

    def _guarded(self, cell: CellText) -> tuple[Outcome, str | int | None]:
        """Runs one cell; from here on the learner's exception is data."""
        try:
            with self._interrupts.allowed():
                self._run_cell(cell)
        except SystemExit as leaving:
            return "exit", self._status(leaving)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and self._interrupts.came:
                self.interrupt = error
                return "interrupted", None
            self._output.flush()
            self._recorder.failure(error)
            return "error", None
        finally:
            self._output.flush()
            self._recorder.cell_ended(self._namespace)
        return "ok", None

    def _run_cell(self, cell: CellText) -> None:
        whole = cell.id is None
        filename = code_name(self._command.path, cell.id)
        self._recorder.add_source(cell.text, path=self._command.path, cell=cell.id, filename=filename)
        program = compile_cell(cell.text, filename, display=not whole, future_flags=self._future_flags)
        self._future_flags |= program.future_flags
        threads = frozenset(threading.enumerate())
        with self._recorder:
            exec(program.body, self._namespace)
            value = None if program.last is None else eval(program.last, self._namespace)
            if whole:
                join_threads(threads)
        if value is not None:
            self.display(shown(value))

    def _status(self, leaving: SystemExit) -> str | int | None:
        """A text is printed, as Python does, which then leaves with 1. A number too large for the system is -1 there."""
        match leaving.code:
            case None:
                return None
            case int() as number:
                return int(number) if abs(number) < 2**31 else -1
            case other:
                text = text_of(other)
                self._output.echo("stderr", f"{text}\n")
                self._output.write("stderr", f"{text}\n")
                return text


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
