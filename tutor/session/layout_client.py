"""Where a view gets layouts: small structures at once, large ones from a helper process, which can be cancelled."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal

import tutor
from tutor.session.layout_worker import ReplyReader, request_pieces
from tutor.trace.layout import Order, layout
from tutor.trace.picture import Structure

AT_ONCE = 800
"""Up to so many items and lanes together are laid out in the window's own process: about 20 ms."""
SLICE_SECONDS = 0.008
"""Pieces of a request or a reply are worked off for so long before the event loop gets its turn."""
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
        self._sending: Iterator[bytes] | None = None
        self._reply = ReplyReader()
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(self._on_slices_timeout)
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
        if len(order.sizes) + len(structure.lanes) <= AT_ONCE:
            self.done.emit(structure, layout(structure, order))
            return
        self._wanted = structure
        self._process = self._start()
        self._sending, self._reply = request_pieces(structure, order), ReplyReader()
        self._slices.start()
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
        process.readyReadStandardOutput.connect(self._slices.start)
        process.start(sys.executable, ["-m", "tutor.session.layout_worker"])
        return process

    def _end(self) -> Structure | None:
        wanted, self._wanted = self._wanted, None
        self._patience.stop()
        self._slices.stop()
        self._sending = None
        if wanted is not None:
            self.busy_changed.emit()
        return wanted

    # what goes to and fro, a slice at a time

    def _on_slices_timeout(self) -> None:
        end = perf_counter() + SLICE_SECONDS
        try:
            while self._send() or self._receive():
                if perf_counter() > end:
                    return
        except msgspec.DecodeError as error:
            self._fail(str(error))
            return
        self._slices.stop()
        if self._reply.layout is not None:
            self._finish()
        elif self._process is None and self._wanted is not None:
            self._fail("it ended early")

    def _send(self) -> bool:
        """Whether there was a piece to send."""
        if self._sending is None or self._process is None:
            return False
        piece = next(self._sending, None)
        if piece is None:
            self._sending = None
            self._process.closeWriteChannel()
            return False
        self._process.write(piece)
        return True

    def _receive(self) -> bool:
        """Whether there was a piece of the reply."""
        if self._process is not None:
            self._reply.feed(bytes(self._process.readAllStandardOutput().data()))
        return self._wanted is not None and self._reply.take()

    def _finish(self) -> None:
        wanted, drawn = self._wanted, self._reply.layout
        self.close()
        if wanted is not None:
            self.done.emit(wanted, drawn)

    def _fail(self, complaint: str) -> None:
        _log.error("no layout came back: %s", complaint)
        self.cancel()

    def _on_process_finished(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._reply.feed(bytes(process.readAllStandardOutput().data()))
        complaint = bytes(process.readAllStandardError().data()).decode(errors="replace")
        if complaint:
            _log.error("the layout's helper process: %s", complaint)
        process.deleteLater()
        self._slices.start()
