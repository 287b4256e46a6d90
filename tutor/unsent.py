"""A file in memory that both sides map: what the kernel has not yet sent when it dies, the window finds there.

Layout: the run's number, the index of the first event, the bytes that follow; then each event behind its length.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tutor.protocol import Event, RunId

SIZE = 2_000_000
_HEAD = struct.Struct("<qqq")
_LENGTH = struct.Struct("<I")


class Unsent:
    """The kernel's side: remembers the latest events of the run."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)
        self._run = RunId(-1)
        self._count = 0
        self._first = 0
        self._end = _HEAD.size
        self._whole = True

    def begin(self, run: RunId) -> None:
        self._run = run
        self._count = 0
        self._clear()

    def add(self, events: Sequence[bytes]) -> None:
        """Encoded events. When there is no room for all of them, they and the rest are left out until the next `sent`."""
        self._count += len(events)
        data = b"".join([_LENGTH.pack(len(event)) + event for event in events])
        end = self._end + len(data)
        self._whole = self._whole and end <= SIZE
        if self._whole:
            self._map[self._end : end] = data
            self._end = end
            self._write_head()

    def sent(self) -> None:
        """All events so far are on their way; room is made when it becomes scarce."""
        if not self._whole or self._end > SIZE // 2:
            self._clear()

    def _clear(self) -> None:
        self._first = self._count
        self._end = _HEAD.size
        self._whole = True
        self._write_head()

    def _write_head(self) -> None:
        self._map[: _HEAD.size] = _HEAD.pack(self._run, self._first, self._end - _HEAD.size)


def unsent(path: Path, run: RunId, received: int) -> list[Event]:
    """The window's side: the events of the run behind the first `received` ones; none when some between are missing."""
    if not path.is_file():
        return []
    data = path.read_bytes()
    if len(data) < _HEAD.size:
        return []
    of_run, first, size = _HEAD.unpack_from(data)
    if of_run != run or received < first:
        return []
    return list(_events(data[_HEAD.size : _HEAD.size + size]))[received - first :]


def _events(data: bytes) -> Iterator[Event]:
    decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
    place = 0
    while place + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size
        yield decoder.decode(data[place : place + length])
        place += length
