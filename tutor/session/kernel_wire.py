"""The kernel's sockets in Qt's own event loop, without a thread: messages out, messages in, a few milliseconds at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import zmq
from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal

SLICE = 0.008
"""How long messages are read before Qt's other events have their turn, in seconds."""


class Channel(QObject):
    """One socket. ZeroMQ's descriptor tells only that something changed, so every change is read to its end."""

    received = Signal(object)

    def __init__(self, socket: Any, session: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._socket = socket
        self._session = session
        self._notifier = QSocketNotifier(socket.getsockopt(zmq.FD), QSocketNotifier.Type.Read, self)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self.read)
        self._notifier.activated.connect(self.read)

    def send(self, kind: str, content: Mapping[str, object]) -> str:
        """Sends a message and returns its id."""
        message = self._session.msg(kind, content=dict(content))
        self._session.send(self._socket, message)
        self._again.start(0)  # sending may have swallowed the sign that something came in
        return str(message["header"]["msg_id"])

    def read(self) -> None:
        """Reads what is there, until the time slice is over; the rest follows at once."""
        until = time.monotonic() + SLICE
        while self._socket is not None:
            _identities, message = self._session.recv(self._socket, zmq.NOBLOCK)
            if message is None:
                return
            self.received.emit(message)
            if time.monotonic() > until:
                self._again.start(0)
                return

    def close(self) -> None:
        if self._socket is None:
            return
        self._notifier.setEnabled(False)
        self._again.stop()
        self._socket.close(linger=0)
        self._socket = None
        self.deleteLater()
