"""The file in which a program's events are left for the command line, each in the operating system's hands at once."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import msgspec

from tutor.protocol import Event, RunEnded

_RESERVED = 65_536
"""Bytes held back for the end of the run, when the disk is full."""


class EventFile:
    """Appends events. When there is no room for one it raises OSError, once; later ones but the run's end are left out."""

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name("reserve")
        self._reserve.write_bytes(bytes(_RESERVED))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encoder = msgspec.msgpack.Encoder()
        self._size = 0
        self._full = False

    def write(self, event: Event) -> None:
        if self._full and not isinstance(event, RunEnded):
            return
        data = self._encoder.encode(event)
        try:
            self._append(struct.pack("<I", len(data)) + data)
        except OSError:
            self._make_room()
            raise

    def _append(self, data: bytes) -> None:
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(data)

    def _make_room(self) -> None:
        """What was written of the event goes, and what was held back is free."""
        self._full = True
        os.ftruncate(self._file, self._size)
        self._reserve.unlink(missing_ok=True)
