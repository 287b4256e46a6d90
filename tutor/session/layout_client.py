"""Where a view gets layouts: small structures at once, large ones from a helper process, which can be cancelled."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal

import tutor
from tutor.session.layout_worker import LayoutRequest, decode_layout, encode_request
from tutor.trace.layout import Order, layout
from tutor.trace.picture import Structure

AT_ONCE = 80
"""Up to so many items are laid out in the window's own process."""
_GIVE_UP_MS = 60_000

_log = logging.getLogger(__name__)


class LayoutClient(QObject):
    """One layout at a time: a new request takes the place of the one before."""

    done = Signal(object, object)
    """(Structure, Layout)"""
    failed = Signal(object)
    """Structure: the helper process gave no layout, or was cancelled."""
    busy_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._wanted: Structure | None = None
        self._patience = QTimer(self, singleShot=True, interval=_GIVE_UP_MS)
        self._patience.timeout.connect(self.cancel)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    @property
    def busy(self) -> bool:
        return self._wanted is not None

    def request(self, structure: Structure, order: Order) -> None:
        """`done` follows: before this returns for a small structure, else when the helper has answered."""
        self.close()
        if len(order.sizes) <= AT_ONCE:
            self.done.emit(structure, layout(structure, order))
            return
        self._wanted = structure
        self._process = self._start()
        self._process.write(encode_request(LayoutRequest(structure, order)))
        self._process.closeWriteChannel()
        self._patience.start()
        self.busy_changed.emit()

    def cancel(self) -> None:
        """Stops a layout that is under way, and says so."""
        wanted = self._wanted
        self.close()
        if wanted is not None:
            self.failed.emit(wanted)

    def close(self) -> None:
        """Ends the helper process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._on_process_finished)
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()
        self._end()

    def _start(self) -> QProcess:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONPATH", str(Path(tutor.__file__).resolve().parent.parent))
        process.setProcessEnvironment(environment)
        process.finished.connect(self._on_process_finished)
        process.start(sys.executable, ["-m", "tutor.session.layout_worker"])
        return process

    def _end(self) -> Structure | None:
        wanted, self._wanted = self._wanted, None
        self._patience.stop()
        if wanted is not None:
            self.busy_changed.emit()
        return wanted

    def _on_process_finished(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        said = bytes(process.readAllStandardOutput().data())
        complaint = bytes(process.readAllStandardError().data()).decode(errors="replace")
        process.deleteLater()
        wanted = self._end()
        if wanted is None:
            return
        try:
            self.done.emit(wanted, decode_layout(said))
        except msgspec.DecodeError:
            _log.error("no layout came back: %s", complaint)
            self.failed.emit(wanted)
