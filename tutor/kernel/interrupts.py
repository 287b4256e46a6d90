"""Stop reaches the learner's code and nothing else: an interrupt that comes while our own code runs waits for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """While it is entered, SIGINT raises KeyboardInterrupt inside `allowed` only."""

    def __init__(self) -> None:
        self._allowed = False
        self._pending = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, *_error: object) -> None:
        """Later ones are for nobody: the run is over."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    @property
    def came(self) -> bool:
        """Whether Stop was pressed, rather than KeyboardInterrupt raised by the program itself."""
        return self._pending

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Raises KeyboardInterrupt at once when an interrupt is waiting."""
        self._allowed = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._allowed = False

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._pending = True
        if self._allowed:
            raise KeyboardInterrupt
