"""The file in which a program's events are left for the command line, each in the operating system's hands at once."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tutor.protocol import Event, RunEnded

_RESERVED = 65_536
"""Bytes held back for the end of the run, when the disk is full."""


class EventFile:
    """Appends events. When there is no room it raises OSError, once; what comes later but the run's end is left out."""

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name("reserve")
        self._reserve.write_bytes(bytes(_RESERVED))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encoder = msgspec.msgpack.Encoder()
        self._size = 0
        self._full = False

    def write(self, events: Sequence[Event]) -> None:
        """All of them, or none where there is no room."""
        if self._full:
            events = [event for event in events if isinstance(event, RunEnded)]
        encoded = map(self._encoder.encode, events)
        try:
            self._append(b"".join([struct.pack("<I", len(data)) + data for data in encoded]))
        except OSError:
            self._make_room()
            raise

    def _append(self, data: bytes) -> None:
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(data)

    def _make_room(self) -> None:
        """What was written of the events goes, and what was held back is free."""
        self._full = True
        os.ftruncate(self._file, self._size)
        self._reserve.unlink(missing_ok=True)
