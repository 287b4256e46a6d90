"""The edge at which a fault of the recorder stops: it is kept, the learner's run goes on unrecorded."""

from __future__ import annotations

import traceback
from types import TracebackType


class Guard:
    """`with guard:` around every piece of the recorder that runs inside the learner's program."""

    def __init__(self) -> None:
        self.fault: str | None = None

    @property
    def sound(self) -> bool:
        return self.fault is None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.keep(error)
        return True

    def keep(self, error: Exception) -> None:
        """What `with guard:` does with a fault, for the paths that every operation takes: `try` costs nothing."""
        if self.fault is None:
            self.fault = "".join(traceback.format_exception(error))
