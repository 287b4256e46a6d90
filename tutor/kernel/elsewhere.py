"""What is computed where the recorder does not look: said once for each kind, never followed.

Other Python threads have mode stacks of their own, so that only their calls of modules, custom Functions and backwards
pass the recorder's doors; a forked child is another process. The engine's own device threads do belong to the recording.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from tutor.kernel.tape import Tape
from tutor.protocol import Unseen

What = Literal["thread", "fork"]


class Elsewhere:
    """Notes from any thread; tells in the recording's own."""

    def __init__(self, tape: Tape, engine_works_here: Callable[[], bool]) -> None:
        self._tape = tape
        self._engine_works_here = engine_works_here
        self._noted: list[What] = []
        self._told: set[What] = set()

    def is_followed(self) -> bool:
        """Whether this thread is the recording's, or one in which the engine works for it."""
        return threading.get_ident() == self._tape.thread or self._engine_works_here()

    def note(self, what: What) -> None:
        if what not in self._told and what not in self._noted:
            self._noted.append(what)

    def tell(self) -> None:
        """Called where the order of steps is certain; nearly always there is nothing to tell."""
        while self._noted:
            what = self._noted.pop()
            if self._tape.outlet.open and what not in self._told:
                self._told.add(what)
                self._tape.put(Unseen(what=what, step=self._tape.step))
