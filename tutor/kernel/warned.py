"""Warnings as the unrecorded program would give them: re-issued for the frame that called torch, then noted in the trace.

torch warns for the Python frame that runs, and under a mode that frame is the recorder's.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from tutor.kernel.doors import Doors
from tutor.kernel.guard import Guard
from tutor.kernel.own_frames import OWN_FOLDER, own_frames_removed

Note = Callable[[str, str, str, int], None]
"""(category, message, filename, line) of a warning that was shown."""

_OURS = re.compile(r"tutor\.kernel\.|torch\.overrides$")
_SILENT = frozenset(os.path.join(OWN_FOLDER, name) for name in ("capture.py", "identity.py", "saved.py"))
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
        self._reissuing: set[int] = set()
        """The threads that do so."""
        self._doors = Doors()
        self._beneath: Callable[[warnings.WarningMessage], None] = lambda message: None
        self._filters: list[Any] = []
        """The filters as they were found: a `catch_warnings` in progress at the end would bring ours back with them."""
        self._thread = 0

    def install(self) -> None:
        module: Any = warnings
        self._thread = threading.get_ident()
        self._beneath = module._showwarnmsg
        self._doors.put(module, "_showwarnmsg", self._show)
        self._filters = module.filters
        self._filters.insert(0, _FILTER)
        _relays.append(self)
        _filters_changed()

    def uninstall(self) -> None:
        self._doors.take_out()
        _relays.remove(self)
        for filters in [
            self._filters,
            *([warnings.filters] if warnings.filters is not self._filters else []),
        ]:
            if _FILTER in filters:
                filters.remove(_FILTER)  # type: ignore[attr-defined]
        _filters_changed()

    def _show(self, message: warnings.WarningMessage) -> None:
        if message.filename in _SILENT and self in _relays:
            return
        thread = threading.get_ident()
        settled = self not in _relays or thread in self._reissuing or sys._getframe(1).f_code is _PASS_ON
        frame = None
        if not settled:
            with self._guard:
                frame = _true_frame(message, sys._getframe(1))
        if frame is None:
            self._pass_on(message)
            return
        self._reissuing.add(thread)
        try:
            _reissue(message, frame)
        finally:
            self._reissuing.discard(thread)

    def _pass_on(self, message: warnings.WarningMessage) -> None:
        heard = self._heard()
        self._beneath(message)
        with self._guard:
            if self._heard() == heard and self._concerns():
                self._note(message.category.__name__, str(message.message), message.filename, message.lineno)

    def _concerns(self) -> bool:
        """Warnings of a thread that is recorded for itself belong to that recording."""
        thread = threading.get_ident()
        return self in _relays and (
            thread == self._thread or all(relay._thread != thread for relay in _relays)
        )


_PASS_ON = WarningRelay._pass_on.__code__
_relays: list[WarningRelay] = []


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
    _let_pass_again(message, frames[blamed])
    return kept[blamed]


def _let_pass_again(message: warnings.WarningMessage, frame: FrameType) -> None:
    """The registry that let this one through must not hold back the next; what else it remembers stays."""
    registry = frame.f_globals.get("__warningregistry__", {})
    for line in (message.lineno, 0):
        registry.pop((str(message.message), message.category, line), None)


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
