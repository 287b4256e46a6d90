"""A real kernel's client as tests hear it, and the commands that they send."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from tutor.protocol import CellText, Event, KernelReady, Output, RunCells, RunEnded, RunId, RunSettings
from tutor.session.kernel_client import KernelClient, KernelDied

SOON = 10.0
"""Seconds. Where nothing else runs, Stop takes less than two; here the processor may be another's."""
STOOD_STILL = 1.0
"""Seconds of its own time that the window may be busy."""

_runs = itertools.count(1)


def _own_time() -> float:
    """Seconds, without those in which this thread was ready to run and other programs had the processor (Linux)."""
    waited = Path("/proc/thread-self/schedstat")
    delay = int(waited.read_text().split()[1]) / 1e9 if waited.exists() else 0.0
    return time.perf_counter() - delay


class Listener:
    """What a client has said, and how long the window was ever busy."""

    def __init__(self, client: KernelClient) -> None:
        self.client = client
        self.ready: list[KernelReady] = []
        self.events: list[Event] = []
        self.ended: list[RunEnded] = []
        self.deaths: list[KernelDied] = []
        self.phases: list[str] = []
        client.ready.connect(self.ready.append)
        client.events.connect(self.events.extend)
        client.run_ended.connect(self.ended.append)
        client.died.connect(self.deaths.append)
        client.phase_changed.connect(self._on_phase)
        self.longest_gap = 0.0
        self._last = _own_time()
        self._ticks = QTimer(client)
        self._ticks.timeout.connect(self._on_tick)
        self._ticks.start(5)

    def _on_phase(self) -> None:
        self.phases.append(self.client.phase)

    def _on_tick(self) -> None:
        now = _own_time()
        self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now

    def forget(self) -> None:
        for heard in (self.ready, self.events, self.ended, self.deaths, self.phases):
            heard.clear()
        self._last = _own_time()
        self.longest_gap = 0.0

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Output))

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Lets Qt's loop run until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.client.phase, self.phases, self.ended, self.client.log())
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)

    def until_ready(self) -> None:
        self.until(lambda: self.client.phase == "ready")

    def send(self, *cells: str, device: str = "cpu") -> None:
        self.client.run(command(*cells))

    def run(self, *cells: str) -> RunEnded:
        """Runs the cells to their end."""
        self.forget()
        self.send(*cells)
        self.until(lambda: self.ended)
        return self.ended[0]

    def run_until_printed(self, text: str, cell: str) -> None:
        """Starts a cell and waits until it says that it has come so far."""
        self.forget()
        self.send(cell)
        self.until(lambda: text in self.text)

    def stop(self) -> float:
        """Stops the run; how many seconds it took until it was over."""
        began = time.monotonic()
        self.client.stop()
        self.until(lambda: self.ended)
        return time.monotonic() - began


def command(*cells: str) -> RunCells:
    return RunCells(
        run=RunId(next(_runs)),
        cells=[CellText(f"cell-{number}", text) for number, text in enumerate(cells, 1)],
        path=None,
        directory="/",
        settings=RunSettings(),
    )
