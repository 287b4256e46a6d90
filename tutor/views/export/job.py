"""Drives an export from the event loop, so that the window stays alive, the progress is seen, and it can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from tutor.source.disk import DocumentError
from tutor.views.export.exporting import Progress
from tutor.views.export.request import ExportError

_SLICE = 0.012
"""Seconds of work before the event loop gets its turn."""
_WAIT_MS = 15


class ExportJob(QObject):
    """One piece of work at a time. After `done`, `failed` or `cancel` it is over; only after `done` something is made."""

    progressed = Signal(int, int)
    """Frames done, of how many."""
    done = Signal(object)
    """What the work returned."""
    failed = Signal(str)
    """Why, in words."""
    over = Signal()
    """However it went."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work: Generator[Progress, None, object] | None = None
        self._reached = Progress(0, 0)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_timer_timeout)

    @property
    def running(self) -> bool:
        return self._work is not None

    def start(self, work: Generator[Progress, None, object]) -> None:
        """Takes this up, in place of what was under way."""
        self.cancel()
        self._work = work
        self._timer.start(0)

    def cancel(self) -> None:
        """Breaks off; nothing is left of the file."""
        if self.running:
            self._end()

    def _on_timer_timeout(self) -> None:
        try:
            self._a_little()
        except StopIteration as end:
            self._work = None  # too late to be cancelled
            self.progressed.emit(self._reached.done, self._reached.total)
            self._end(partial(self.done.emit, end.value))
        except (ExportError, DocumentError) as fault:
            self._end(partial(self.failed.emit, str(fault)))
        except BaseException:
            self._end()
            raise
        else:
            self._timer.setInterval(_WAIT_MS if self._reached.waiting else 0)
            self.progressed.emit(self._reached.done, self._reached.total)

    def _end(self, tell: Callable[[], None] = lambda: None) -> None:
        work, self._work = self._work, None
        self._timer.stop()
        if work is not None:
            work.close()
        tell()
        self.over.emit()

    def _a_little(self) -> None:
        """Works until its time is over, or there is something to wait for."""
        assert self._work is not None
        end = perf_counter() + _SLICE
        self._reached = next(self._work)
        while not self._reached.waiting and perf_counter() < end:
            self._reached = next(self._work)
