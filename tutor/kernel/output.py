"""What the program prints and displays, on its way into the trace: whole lines, in order with its steps, and capped."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections import deque
from typing import Any, Literal, Protocol, TextIO

from tutor.kernel.descriptors import Descriptors, StreamName
from tutor.kernel.encodable import encodable

KEPT_CHARACTERS = 500_000
KEPT_PIECES = 10_000
TAIL_CHARACTERS = 20_000
_LONG = 8_192
"""Characters of a begun line that wait for its end."""


class Echo:
    """The terminal from which the program was started; a reader that has gone away is no fault of the program."""

    def __init__(self) -> None:
        self._streams: dict[StreamName, TextIO | None] = {"stdout": sys.__stdout__, "stderr": sys.__stderr__}
        for stream in self._streams.values():
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def write(self, stream: StreamName, text: str) -> None:
        target = self._streams[stream]
        if target is None:
            return
        try:
            target.write(text)
            target.flush()
        except OSError:
            self._streams[stream] = None


class OutputRecorder(Protocol):
    def output(
        self,
        stream: Literal["stdout", "stderr", "display"],
        text: str,
        *,
        html: str | None = None,
        png: str | None = None,
        cut: int = 0,
    ) -> None: ...


class Output:
    """Everything that one run prints, up to the cap; then only the end is kept, and what lies between is counted."""

    def __init__(
        self,
        recorder: OutputRecorder,
        *,
        descriptors: Descriptors | None = None,
        echo: Echo | None = None,
    ) -> None:
        self._recorder = recorder
        self._descriptors = descriptors
        self._echo = echo
        self._streams: tuple[LearnerStream, ...] = ()
        self._characters = 0
        self._pieces = 0
        self._tail: deque[tuple[StreamName, str]] = deque()
        self._tail_size = 0
        self.cut = 0

    def feed(self, *streams: LearnerStream) -> None:
        """The streams that lead in here."""
        self._streams = streams

    def write(self, stream: StreamName, text: str) -> None:
        """Takes up a piece of text, behind what came past Python until now."""
        self._take_news()
        self._write(stream, text)

    def flush(self) -> None:
        """What has been written until now goes into the trace."""
        self._take_news()
        for stream in self._streams:
            stream.flush()

    def _take_news(self) -> None:
        for stream, text in self._descriptors.news() if self._descriptors is not None else ():
            self._write(stream, text)

    def _write(self, stream: StreamName, text: str) -> None:
        text = encodable(text)
        if self._full:
            self._keep_tail(stream, text)
            return
        room = KEPT_CHARACTERS - self._characters
        self._count(text[:room])
        self._recorder.output(stream, text[:room])
        if text[room:]:
            self._keep_tail(stream, text[room:])

    def echo(self, stream: StreamName, text: str) -> None:
        """Shows a piece at once, where the program runs in a terminal."""
        if self._echo is not None:
            self._echo.write(stream, text)

    def display(self, text: str, *, html: str | None, png: str | None) -> None:
        self.flush()
        self.echo("stdout", text)
        size = len(text) + len(html or "") + len(png or "")
        if self._full or self._characters + size > 4 * KEPT_CHARACTERS:
            self.cut += size
            return
        self._count(text)
        kept = None if html is None else encodable(html)
        self._recorder.output("display", encodable(text), html=kept, png=png)

    def end(self) -> None:
        """After the cap: how much was cut, and the last lines."""
        if not self._tail and not self.cut:
            return
        cut, self.cut = self.cut, 0
        for stream, text in self._merged_tail():
            self._recorder.output(stream, text, cut=cut)
            cut = 0
        self._tail.clear()

    @property
    def _full(self) -> bool:
        return self._characters >= KEPT_CHARACTERS or self._pieces >= KEPT_PIECES

    def _count(self, text: str) -> None:
        self._characters += len(text)
        self._pieces += 1

    def _keep_tail(self, stream: StreamName, text: str) -> None:
        self._tail.append((stream, text))
        self._tail_size += len(text)
        while self._tail_size > TAIL_CHARACTERS:
            stream, first = self._tail.popleft()
            over = min(self._tail_size - TAIL_CHARACTERS, len(first))
            self.cut += over
            self._tail_size -= over
            if first[over:]:
                self._tail.appendleft((stream, first[over:]))

    def _merged_tail(self) -> list[tuple[StreamName, str]]:
        merged: list[tuple[StreamName, str]] = [("stdout", "")] if not self._tail else []
        for stream, text in self._tail:
            if merged and merged[-1][0] == stream:
                merged[-1] = (stream, merged[-1][1] + text)
            else:
                merged.append((stream, text))
        return merged


class ByteStream(io.RawIOBase):
    """`sys.stdout.buffer`: bytes, which are text in the trace."""

    def __init__(self, stream: LearnerStream) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        content = bytes(data)
        self._stream.write(content.decode(errors="replace"))
        return len(content)

    def flush(self) -> None:
        self._stream.flush()


class LearnerStream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: whole lines go on, one `print` in one piece.

    Lines of other threads wait until the run's own thread comes by: only there is the order of steps known.
    """

    def __init__(self, name: StreamName, output: Output, descriptor: int) -> None:
        self._name = name
        self._output = output
        self._descriptor = descriptor
        self._begun = ""
        self._waiting: deque[str] = deque()
        self._thread = threading.get_ident()
        self._process = os.getpid()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def buffer(self) -> ByteStream:
        """For programs that write bytes."""
        return ByteStream(self)

    def reconfigure(self, **_options: object) -> None:
        """The encoding and the ends of lines are the trace's."""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._process:
            os.write(self._descriptor, text.encode(errors="backslashreplace"))
            return len(text)
        self._output.echo(self._name, text)
        if threading.get_ident() != self._thread:
            self._waiting.append(text)
        else:
            self._write_here(text)
        return len(text)

    def flush(self) -> None:
        """What has been written goes out, a line that has only begun too."""
        if os.getpid() == self._process and threading.get_ident() == self._thread:
            self._pass_on(self._taken_waiting() + self._begun)

    def _write_here(self, text: str) -> None:
        whole = self._taken_waiting() + self._begun + text
        if whole.endswith("\n") or len(whole) > _LONG:
            self._pass_on(whole)
        else:
            self._begun = whole

    def _taken_waiting(self) -> str:
        pieces = []
        while self._waiting:
            pieces.append(self._waiting.popleft())
        return "".join(pieces)

    def _pass_on(self, text: str) -> None:
        self._begun = ""
        if text:
            self._output.write(self._name, text)


class Streams:
    """While it is entered, `sys.stdout` and `sys.stderr` lead into the output."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._before = (sys.stdout, sys.stderr)
        self._own = (LearnerStream("stdout", output, 1), LearnerStream("stderr", output, 2))
        output.feed(*self._own)

    def __enter__(self) -> Streams:
        self._before = (sys.stdout, sys.stderr)
        sys.stdout, sys.stderr = self._own
        return self

    def __exit__(self, *_error: object) -> None:
        self._output.flush()
        self._output.end()
        sys.stdout, sys.stderr = self._before
