"""A kernel that only notes what it is asked, for tests of what stands above it; its events come from the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from tutor.protocol import Environment, Evaluated, KernelReady, RunBegan, RunCells, RunEnded, RunId
from tutor.session.kernel_client import Completions


@dataclass(frozen=True)
class Died:
    cause: str
    detail: str | int | None = None


class FakeKernel(QObject):
    phase_changed = Signal()
    ready = Signal(object)
    events = Signal(object)
    run_ended = Signal(object)
    died = Signal(object)

    def __init__(self, phase: str = "ready") -> None:
        super().__init__()
        self.phase = phase
        self.ran: list[RunCells] = []
        self.stops = 0
        self.shut = False

    def start(self) -> None:
        self.go("starting")

    def run(self, command: RunCells) -> None:
        self.ran.append(command)
        if self.phase == "ready":
            self.go("running")

    def stop(self) -> None:
        self.stops += 1

    def restart(self) -> None:
        self.go("restarting")

    def shutdown(self) -> None:
        self.shut = True

    def log(self) -> str:
        return ""

    def evaluate(self, expression: str, callback: Callable[[Evaluated], None]) -> None: ...

    def complete(self, code: str, cursor: int, callback: Callable[[Completions], None]) -> None: ...

    # what the test makes happen

    def go(self, phase: str) -> None:
        self.phase = phase
        self.phase_changed.emit()

    def be_ready(self, devices: Iterable[str] = ("cpu",)) -> None:
        self.go("ready")
        self.ready.emit(KernelReady(torch="2.13.0", python="3.11", devices=list(devices), pid=1))
        if self.ran:
            self.go("running")

    def begin(self) -> None:
        settings = self.ran[-1].settings
        where = Environment(torch="2.13.0", python="3.11", device=settings.device, seed=settings.seed)
        self.events.emit([RunBegan(run=self.ran[-1].run, environment=where)])

    def send(self, *events: object) -> None:
        self.events.emit(list(events))

    def end(self, outcome: str = "ok", status: int | None = None, fault: str | None = None) -> None:
        run = self.ran[-1].run if self.ran else RunId(0)
        self.go("ready")
        self.run_ended.emit(RunEnded(run=run, outcome=outcome, status=status, recorder_fault=fault))  # type: ignore[arg-type]
