"""A number that is drawn by hand while the program follows: many wishes become as few runs as the kernel can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from tutor.protocol import Data

if TYPE_CHECKING:
    from tutor.session.session import Session

_PAUSE_MS = 30
_PATIENCE_MS = 900
"""A run that takes longer than this is stopped for the newest wish."""


class LiveValue(QObject):
    """Holds the newest data asked for a tensor, by its name, until the run before it has ended."""

    settled = Signal()
    """Nothing is waiting any more."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: tuple[str, Data] | None = None
        self._soon = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._at_last = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._soon.timeout.connect(self._on_soon_timeout)
        self._at_last.timeout.connect(self._send)
        session.run_changed.connect(self._on_session_run_changed)

    @property
    def waiting(self) -> bool:
        return self._waiting is not None

    def ask(self, name: str, data: Data) -> None:
        """Wishes that the tensor `name` had these numbers."""
        self._waiting = (name, data)
        if not self._soon.isActive():
            self._soon.start()
        if not self._at_last.isActive():
            self._at_last.start()

    def _on_soon_timeout(self) -> None:
        if not self._is_busy():
            self._send()

    def _on_session_run_changed(self) -> None:
        if self._waiting is not None and not self._soon.isActive() and not self._is_busy():
            self._soon.start()

    def _is_busy(self) -> bool:
        return self._session.run.running or self._session.run.queued

    def _send(self) -> None:
        if self._waiting is None:
            return
        self._at_last.stop()
        (name, data), self._waiting = self._waiting, None
        tensor = next((row.tensor for row in self._session.rows if row.name == name), None)
        if tensor is not None:
            self._session.set_value(tensor, data)
        self.settled.emit()
