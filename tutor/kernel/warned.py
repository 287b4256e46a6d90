"""Warnings as the unrecorded program would give them: re-issued for the frame that called torch, then noted in the trace.

torch warns for the Python frame that runs, and under a mode that frame is the recorder's.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

from tutor.kernel.guard import Guard
from tutor.kernel.spans import OVERRIDES, OWN_FOLDER, caller

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
        if message.filename == OVERRIDES or message.filename.startswith(OWN_FOLDER):
            self._reissue(message)
            return
        heard = self._heard()
        if self._original is not None:
            self._original(message)
        if self._heard() != heard:
            return
        with self._guard:
            self._note(message.category.__name__, str(message.message), message.filename, message.lineno)

    def _reissue(self, message: warnings.WarningMessage) -> None:
        """Asks the filters again, as if the caller's frame had warned: an `error` filter raises from here."""
        module: Any = warnings
        _forget_shown()
        text = str(message.message)
        module.onceregistry.pop((text, message.category), None)
        frame = caller(sys._getframe(1))
        if frame is None:
            return
        warnings.warn_explicit(
            message.message,
            message.category,
            filename=frame.f_code.co_filename,
            lineno=frame.f_lineno,
            module=frame.f_globals.get("__name__") or "<unknown>",
            registry=frame.f_globals.setdefault("__warningregistry__", {}),
            source=message.source,
        )


def _forget_shown() -> None:
    """The recorder's own registries must not decide whether the next warning is shown."""
    for name in (
        "tutor.kernel.capture",
        "tutor.kernel.forward",
        "tutor.kernel.backward",
        "tutor.kernel.patches",
        "torch.overrides",
    ):
        module = sys.modules.get(name)
        if module is not None:
            vars(module).pop("__warningregistry__", None)


def _filters_changed() -> None:
    module: Any = warnings
    changed = getattr(module, "_filters_mutated", None) or module._filters_mutated_lock_held
    changed()
