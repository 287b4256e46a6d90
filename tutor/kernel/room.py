"""Room for the recorder where the learner's stack is nearly full, and for the learner's code what it would have had.

Python counts calls and stops them at a limit, and the recorder's own frames count too. So where little room is left the
limit is raised: for the recorder's work by much, around the learner's code by the frames of ours that lie beneath it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import call
from types import FrameType
from typing import Any, Final

from tutor.kernel.own_frames import OVERRIDES, OWN_FOLDER

_get, _set = sys.getrecursionlimit, sys.setrecursionlimit
_NEEDED: Final = 48
_SPARE: Final = 400
"""In calls. What is needed as a rule; and what there is then, to read a text or to walk through a tree of modules."""
SPARE: Final = 200
"""For the hooks of an engine that is entered in little room."""


def _nested(levels: int) -> Any:
    nested: Any = int
    for _ in range(levels):
        nested = (nested,)
    return nested


PROBE: Final = _nested(_NEEDED)
"""`isinstance(None, PROBE)` raises RecursionError where there is no room for so many calls. No question is cheaper."""

_granted = 0
"""By how much the limit stands above the learner's own. Like the limit itself, it is the whole process's."""


def is_short() -> bool:
    """Whether there is too little room for the recorder's own work."""
    try:
        isinstance(None, PROBE)
    except RecursionError:
        return True
    return False


class Room:
    """Made where there is too little: from then on there is enough, until `close`. What is `lent` has the learner's."""

    __slots__ = ("_limit",)

    def __init__(self) -> None:
        """Raises RecursionError, with nothing done, where not even this has room."""
        call(
            _get
        )  # one call deeper than `_set`: where it is as deep as the limit, the limit could not be put back
        self._limit = _get()
        _set(self._limit + _SPARE)

    def close(self) -> None:
        """The limit is what it was, or what the learner has set meanwhile."""
        _set(self._limit)

    def lent(self, function: Callable[..., Any], *, spare: int = 0) -> Callable[..., Any]:
        """The learner's or torch's function, which will have as much room as it would have without the recorder.

        And `spare` calls more, where the recorder works in its midst: once, however they are nested.
        """

        def called(*args: Any, **kwargs: Any) -> Any:
            global _granted
            before = _granted
            _granted = max(_frames_between(sys._getframe()) + spare, before)
            limit = self._limit + _granted - before
            _set(limit)
            try:
                return function(*args, **kwargs)
            finally:
                _granted = before
                if _get() != limit:
                    self._limit = _get()
                _set(self._limit + _SPARE)

        return called


def _frames_between(frame: FrameType | None) -> int:
    """How many frames there are that would not be without the recorder: ours, and those by which torch goes to a mode."""
    found = 0
    passed_override = False
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename == OVERRIDES:
            found += 1
            passed_override = True
        elif filename.startswith(OWN_FOLDER):
            found += 1
        else:
            # A torch function written in Python goes to the mode from its own frame, and is called again from there.
            found += passed_override
            passed_override = False
        frame = frame.f_back
    return found
