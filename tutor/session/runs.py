"""Runs: hands cells to the kernel, tells what became of them, and gathers the events of each run into a trace of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from PySide6.QtCore import QObject, Signal

from tutor.protocol import (
    CellText,
    Evaluated,
    KernelReady,
    RunBegan,
    RunCells,
    RunEnded,
    RunId,
    RunSettings,
    TraceEvent,
)
from tutor.session import message
from tutor.session.kernel_client import Completions
from tutor.session.message import Message
from tutor.source.document import Cell, CellId, Document
from tutor.trace.trace import Trace

Phase = Literal["starting", "ready", "running", "stopping", "restarting", "failed"]
Outcome = Literal["ok", "error", "exit", "interrupted"]


class Died(Protocol):
    """Why the kernel went."""

    @property
    def cause(self) -> str: ...
    @property
    def detail(self) -> str | int | None: ...


class Kernel(Protocol):
    """What the session needs of a kernel client. Its signals are Qt's; their types say what they carry."""

    @property
    def phase(self) -> str: ...
    @property
    def phase_changed(self) -> Any: ...
    @property
    def ready(self) -> Any: ...
    @property
    def events(self) -> Any: ...
    @property
    def run_ended(self) -> Any: ...
    @property
    def died(self) -> Any: ...
    def start(self) -> None: ...
    def run(self, command: RunCells, /) -> None: ...
    def stop(self) -> None: ...
    def restart(self) -> None: ...
    def shutdown(self) -> None: ...
    def log(self) -> str: ...
    def evaluate(self, expression: str, callback: Callable[[Evaluated], None], /) -> None: ...
    def complete(self, code: str, cursor: int, callback: Callable[[Completions], None], /) -> None: ...


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Where the kernel and the run stand. `queued`: asked for, and torch is still loading."""

    phase: Phase = "starting"
    queued: bool = False
    target: CellId | None = None
    """The cell up to which was run; None for the whole document."""
    outcome: Outcome | None = None
    torch: str | None = None

    @property
    def running(self) -> bool:
        return self.phase in ("running", "stopping")

    @property
    def can_stop(self) -> bool:
        return self.queued or self.phase == "running"


@dataclass(frozen=True, slots=True)
class Program:
    """What a run runs: the texts in order, and the settings. Two runs of equal programs give equal traces."""

    cells: tuple[CellText, ...]
    target: CellId | None
    settings: RunSettings


class Runs(QObject):
    """Owns the kernel's state as the window sees it, and the command of the run in progress."""

    changed = Signal()
    began = Signal(object)
    """Trace: a new one, empty, of the run that the kernel has taken up."""
    grew = Signal()
    ended = Signal(object)
    told = Signal(object)

    def __init__(self, kernel: Kernel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kernel = kernel
        self.status = RunStatus(phase=_phase(kernel.phase))
        self.devices: tuple[str, ...] = ("cpu",)
        self.program: Program | None = None
        """What the newest trace ran, from the moment at which the kernel took it up."""
        self._asked: tuple[Program, Path | None] | None = None
        self._last_id = 0
        self._trace = Trace()
        self._death: Message | None = None
        kernel.phase_changed.connect(self._on_kernel_phase_changed)
        kernel.ready.connect(self._on_kernel_ready)
        kernel.events.connect(self._on_kernel_events)
        kernel.run_ended.connect(self._on_kernel_run_ended)
        kernel.died.connect(self._on_kernel_died)

    def run(self, program: Program, path: Path | None) -> None:
        """Runs it; one that is still running is stopped for it."""
        self._last_id += 1
        self._asked = program, path
        folder = path.parent if path is not None else Path.home()
        queued = self.status.phase in ("starting", "restarting")
        self._set(queued=queued, target=program.target, outcome=None)
        self.told.emit(message.queued() if queued else message.NOTHING)
        self.kernel.run(
            RunCells(
                run=RunId(self._last_id),
                cells=list(program.cells),
                path=str(path) if path is not None else None,
                directory=str(folder),
                settings=program.settings,
            )
        )

    def stop(self) -> None:
        if self.status.queued:
            self.told.emit(message.NOTHING)
        self._set(queued=False)
        self.kernel.stop()

    def abandon(self) -> None:
        """Another document was opened: what a run on its way still sends concerns nobody."""
        self._asked = None
        if self.status.can_stop:
            self.stop()

    def restart(self) -> None:
        """A fresh process: whatever the program did to its own is gone."""
        self._set(queued=False)
        self.told.emit(message.restarting())
        self.kernel.restart()

    def _run_again(self) -> None:
        if self._asked is not None:
            self.run(*self._asked)

    def _set(self, **changes: Any) -> None:
        status = replace(self.status, **changes)
        if status != self.status:
            self.status = status
            self.changed.emit()

    def _on_kernel_phase_changed(self) -> None:
        self._set(phase=_phase(self.kernel.phase))
        if self.status.phase == "failed":
            self._set(queued=False)
            self.told.emit(message.kernel_failed(self.kernel.start))

    def _on_kernel_ready(self, ready: KernelReady) -> None:
        self.devices = tuple(ready.devices)
        self._set(torch=ready.torch)
        self.changed.emit()
        if self._death is not None:
            self.told.emit(self._death)
            self._death = None

    def _on_kernel_events(self, events: Iterable[object]) -> None:
        grown = False
        for event in events if self._asked is not None else ():
            if isinstance(event, RunBegan):
                self._begin(event)
            elif isinstance(event, RunEnded | KernelReady):
                continue
            elif isinstance(event, TraceEvent):
                self._trace.append(event)
                grown = True
        if grown:
            self.grew.emit()

    def _begin(self, event: RunBegan) -> None:
        self._trace = Trace(environment=event.environment)
        self.program = self._asked[0] if self._asked is not None else None
        self._set(queued=False)
        self.told.emit(message.NOTHING)
        self.began.emit(self._trace)

    def _on_kernel_run_ended(self, ended: RunEnded) -> None:
        if self._asked is None:
            self._set(queued=False, outcome=None)
            return
        self._set(queued=False, outcome=ended.outcome)
        if ended.recorder_fault is not None:
            self.told.emit(message.recorder_fault(ended.recorder_fault))
        elif ended.outcome == "interrupted":
            self.told.emit(message.stopped())
        elif ended.outcome == "exit":
            self.told.emit(message.exited(ended.status))
        self.ended.emit(ended)

    def _on_kernel_died(self, died: Died) -> None:
        self._set(queued=False)
        self.told.emit(message.died(died.cause, died.detail))
        again = self._run_again if self._asked is not None and died.cause != "stopped" else None
        self._death = message.back_again(died.cause, died.detail, again)


def texts(document: Document, cells: Iterable[Cell]) -> tuple[CellText, ...]:
    """The cells as the kernel takes them; a script is one text without a cell's id."""
    whole = document.kind == "script"
    return tuple(
        CellText(None if whole else cell.id, cell.text, "raises-exception" in cell.tags) for cell in cells
    )


def _phase(name: str) -> Phase:
    phases: tuple[Phase, ...] = ("starting", "ready", "running", "stopping", "restarting", "failed")
    return next(phase for phase in phases if phase == name)
