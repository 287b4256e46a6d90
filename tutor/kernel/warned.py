"""Warnings as the unrecorded program would give them: re-issued for the frame that called torch, then noted in the trace.

torch warns for the Python frame that runs, and under a mode that frame is the recorder's.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from tutor.kernel.guard import Guard
from tutor.kernel.spans import OWN_FOLDER, own_frames_removed

Note = Callable[[str, str, str, int], None]
"""(category, message, filename, line) of a warning that was shown."""

_OURS = re.compile(r"tutor\.kernel\.|torch\.overrides$")
_SILENT = os.path.join(OWN_FOLDER, "capture.py")
"""Reads what may warn when it is read; the learner did not read it."""
_FILTER = ("always", None, Warning, _OURS, 0)


class WarningRelay:
    """While installed, no warning is attributed to the recorder.

    `heard` counts the warnings noted: one that is noted while it is shown is not noted twice.
    """

    def __init__(self, guard: Guard, note: Note, heard: Callable[[], int]) -> None:
        self._guard = guard
        self._note = note
        self._heard = heard
        self._reissuing = False
        self._original: Callable[[warnings.WarningMessage], None] | None = None

    def install(self) -> None:
        module: Any = warnings
        self._original = module._showwarnmsg
        module._showwarnmsg = self._show
        module.filters.insert(0, _FILTER)
        _filters_changed()

    def uninstall(self) -> None:
        module: Any = warnings
        if module._showwarnmsg == self._show:
            module._showwarnmsg = self._original
        if _FILTER in module.filters:
            module.filters.remove(_FILTER)
        _filters_changed()

    def _show(self, message: warnings.WarningMessage) -> None:
        if message.filename == _SILENT:
            return
        frame = None if self._reissuing else _true_frame(message, sys._getframe(1))
        if frame is None:
            self._pass_on(message)
            return
        self._reissuing = True
        try:
            _reissue(message, frame)
        finally:
            self._reissuing = False

    def _pass_on(self, message: warnings.WarningMessage) -> None:
        heard = self._heard()
        if self._original is not None:
            self._original(message)
        if self._heard() != heard:
            return
        with self._guard:
            self._note(message.category.__name__, str(message.message), message.filename, message.lineno)


def _true_frame(message: warnings.WarningMessage, innermost: FrameType) -> FrameType | None:
    """The frame that would be blamed without the recorder, where that is another one."""
    frames = _frames(innermost)
    blamed = next(
        (
            index
            for index, frame in enumerate(frames)
            if (frame.f_code.co_filename, frame.f_lineno) == (message.filename, message.lineno)
        ),
        None,
    )
    if blamed is None:
        return None
    kept = own_frames_removed(frames)
    if kept[: blamed + 1] == frames[: blamed + 1] or blamed >= len(kept):
        return None
    # The registry that let this one through must not hold back the next.
    frames[blamed].f_globals.pop("__warningregistry__", None)
    return kept[blamed]


def _frames(frame: FrameType | None) -> list[FrameType]:
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def _reissue(message: warnings.WarningMessage, frame: FrameType) -> None:
    """Asks the filters again, for the frame to blame: an `error` filter raises from here."""
    module: Any = warnings
    module.onceregistry.pop((str(message.message), message.category), None)
    warnings.warn_explicit(
        message.message,
        message.category,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=frame.f_globals.get("__name__") or "<unknown>",
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
        source=message.source,
    )


def _filters_changed() -> None:
    module: Any = warnings
    changed = getattr(module, "_filters_mutated", None) or module._filters_mutated_lock_held
    changed()
