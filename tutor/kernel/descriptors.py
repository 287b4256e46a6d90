"""What arrives on descriptors 1 and 2 past Python: from C code and from the learner's own child processes.

The window opens both as files that only grow. What was written since the last look is read at safe moments of the run,
where the order of steps is known; and what a dying process wrote stays readable.
"""

from __future__ import annotations

import codecs
import os
import threading
from typing import Literal

StreamName = Literal["stdout", "stderr"]

TOO_LONG = 32_000_000
"""Bytes after which a file is emptied, so that a flood fills no disk."""
AT_ONCE = 1_000_000
"""Bytes that are read at one look: a child process may write faster than we read."""


class Descriptor:
    """One of the two files, read from where the run began."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._file = os.dup(number)
        self._lock = threading.Lock()
        self._offset = self._size()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def skip(self) -> None:
        """What was written so far is not this run's; the descriptor leads here, whatever the last one made of it."""
        os.dup2(self._file, self._number)
        with self._lock:
            self._offset = self._size()
            self._decoder.reset()

    def read(self) -> str:
        """What is new, up to a limit; "" when nothing is."""
        with self._lock:
            end = min(self._size(), self._offset + AT_ONCE)
            return self._text(end) if end > self._offset else ""

    def trim(self) -> None:
        """Empties the file when it has grown too long (called from another thread now and then)."""
        with self._lock:
            if self._size() > TOO_LONG:
                os.ftruncate(self._file, 0)
                self._offset = 0

    def _text(self, end: int) -> str:
        data = os.pread(self._file, end - self._offset, self._offset)
        self._offset += len(data)
        return self._decoder.decode(data)

    def _size(self) -> int:
        return os.fstat(self._file).st_size


class Descriptors:
    """Both files."""

    def __init__(self) -> None:
        self._streams: dict[StreamName, Descriptor] = {"stdout": Descriptor(1), "stderr": Descriptor(2)}

    def skip(self) -> None:
        for stream in self._streams.values():
            stream.skip()

    def trim(self) -> None:
        for stream in self._streams.values():
            stream.trim()

    def news(self) -> list[tuple[StreamName, str]]:
        """The pieces that are new."""
        pieces = [(name, stream.read()) for name, stream in self._streams.items()]
        return [(name, text) for name, text in pieces if text]
