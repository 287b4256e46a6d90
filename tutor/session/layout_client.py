"""Where a view gets layouts: small structures at once, large ones from the helper process, which can be cancelled."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import tutor
from tutor.session.layout_worker import LayoutReply, LayoutRequest, frame, replies
from tutor.trace.layout import layout
from tutor.trace.picture import ItemId, Structure

AT_ONCE = 300
"""Up to so many items are laid out in the window's own process."""
_GIVE_UP_MS = 60_000

_log = logging.getLogger(__name__)


class LayoutClient(QObject):
    """One layout at a time: a new request takes the place of the one before."""

    done = Signal(object, object)
    """(Structure, Layout)"""
    failed = Signal(object)
    """Structure: the helper process gave no layout."""
    busy_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._buffer = bytearray()
        self._number = 0
        self._wanted: Structure | None = None
        self._patience = QTimer(self, singleShot=True, interval=_GIVE_UP_MS)
        self._patience.timeout.connect(self.cancel)

    @property
    def busy(self) -> bool:
        return self._wanted is not None

    def request(self, structure: Structure, sizes: Mapping[ItemId, tuple[float, float]]) -> None:
        """`done` follows: before this returns for a small structure, else when the helper has answered."""
        self.cancel()
        if len(sizes) <= AT_ONCE:
            self.done.emit(structure, layout(structure, sizes))
            return
        self._number += 1
        self._wanted = structure
        self._running().write(frame(LayoutRequest(self._number, structure, dict(sizes))))
        self._patience.start()
        self.busy_changed.emit()

    def cancel(self) -> None:
        """Stops a layout that is under way; the helper process is started anew when it is needed."""
        if self._wanted is None:
            return
        wanted = self._end()
        self._stop_process()
        self.failed.emit(wanted)

    def close(self) -> None:
        """Ends the helper process."""
        self._wanted = None
        self._patience.stop()
        self._stop_process()

    def _running(self) -> QProcess:
        if self._process is None:
            process = QProcess(self)
            environment = QProcessEnvironment.systemEnvironment()
            environment.insert("PYTHONPATH", str(Path(tutor.__file__).resolve().parent.parent))
            process.setProcessEnvironment(environment)
            process.readyReadStandardOutput.connect(self._on_process_output)
            process.finished.connect(self._on_process_finished)
            process.start(sys.executable, ["-m", "tutor.session.layout_worker"])
            self._process = process
        return self._process

    def _stop_process(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is not None:
            process.finished.disconnect(self._on_process_finished)
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()

    def _end(self) -> Structure | None:
        wanted, self._wanted = self._wanted, None
        self._patience.stop()
        self.busy_changed.emit()
        return wanted

    def _on_process_output(self) -> None:
        if self._process is None:
            return
        self._buffer += self._process.readAllStandardOutput().data()
        for reply in replies(self._buffer):
            self._take(reply)

    def _take(self, reply: LayoutReply) -> None:
        if reply.number != self._number or self._wanted is None:
            return
        wanted = self._end()
        if reply.layout is None:
            _log.error("layout: %s", reply.fault)
            self.failed.emit(wanted)
        else:
            self.done.emit(wanted, reply.layout)

    def _on_process_finished(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _log.error(
                "layout process ended: %s", process.readAllStandardError().data().decode(errors="replace")
            )
            process.deleteLater()
        self._buffer.clear()
        if self._wanted is not None:
            self.failed.emit(self._end())
