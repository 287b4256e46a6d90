"""Carries events to the window in batches: full ones at once, the rest every 200 ms by ipykernel's IOPub thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import zmq

from tutor.protocol import MIME, Event, RunId
from tutor.unsent import Unsent

BATCH_BYTES = 256_000
PERIOD = 0.2
_TOGETHER = 64
"""So many events are added at once: no batch grows far beyond its size."""

_encoder = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class _Pending:
    """Events on their way: of one run, in answer to one request."""

    run: RunId
    parent: Any
    events: list[msgspec.Raw] = field(default_factory=list)
    size: int = 0


class Sender:
    """Takes events from the run's thread; only the IOPub thread takes them out again, so that they stay in order."""

    def __init__(self, kernel: Any, unsent: Unsent, *, every_tick: Callable[[], None]) -> None:
        self._kernel = kernel
        self._unsent = unsent
        self._every_tick = every_tick
        self._thread = kernel.iopub_thread
        self._lock = threading.Lock()
        self._queue: deque[_Pending] = deque([_Pending(RunId(-1), None)])

    def start(self) -> None:
        """The socket must drop nothing when the window reads slowly; then the clock begins to tick."""
        self._thread.schedule(self._prepare)

    def begin(self, run: RunId) -> None:
        """From now on events belong to this run and answer the request that is being handled."""
        with self._lock:
            self._queue.append(_Pending(run, self._kernel.get_parent("shell")))
            self._unsent.begin(run)

    def emit(self, events: Sequence[Event]) -> None:
        """Those of a step, or of a whole iteration that was held back."""
        for start in range(0, len(events), _TOGETHER):
            self._add([*map(_encoder.encode, events[start : start + _TOGETHER])])

    def _add(self, encoded: Sequence[bytes]) -> None:
        with self._lock:
            self._unsent.add(encoded)
            last = self._queue[-1]
            last.events.extend(map(msgspec.Raw, encoded))
            last.size += sum(map(len, encoded))
            full = last.size >= BATCH_BYTES
            if full:
                self._queue.append(_Pending(last.run, last.parent))
        if full:
            self.flush()

    def flush(self) -> None:
        """What is pending goes out before anything that the kernel says after this call."""
        self._thread.schedule(self._drain)

    def _prepare(self) -> None:
        self._thread.socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._tick()

    def _tick(self) -> None:
        self._drain()
        self._every_tick()
        self._thread.io_loop.call_later(PERIOD, self._tick)

    def _drain(self) -> None:
        with self._lock:
            last = self._queue[-1]
            ready = [pending for pending in self._queue if pending.events]
            self._queue = deque([_Pending(last.run, last.parent)])
        for pending in ready:
            self._send(pending)
        with self._lock:
            if not self._queue[-1].events:
                self._unsent.sent()

    def _send(self, pending: _Pending) -> None:
        self._kernel.session.send(
            self._thread.socket,
            "display_data",
            {"data": {MIME: {}}, "metadata": {}, "transient": {}},
            parent=pending.parent,
            ident=b"display_data",
            buffers=[_encoder.encode({"run": pending.run, "events": pending.events})],
        )
