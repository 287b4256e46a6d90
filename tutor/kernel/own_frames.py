"""Which frames are the recorder's own, or torch's dispatch to it: they stand between the learner's code and torch."""

from __future__ import annotations

import os
from types import FrameType
from typing import Final

import torch

OWN_FOLDER: Final = os.path.dirname(os.path.abspath(__file__))
OVERRIDES: Final = os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "overrides.py")


def outside(frame: FrameType | None) -> tuple[FrameType | None, bool]:
    """The first frame that is neither ours nor torch's dispatch to a mode, and whether that dispatch was passed.

    A torch function written in Python calls the mode from its own frame by way of torch.overrides: that frame is the
    function itself, not its caller.
    """
    passed_override = False
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename == OVERRIDES:
            passed_override = True
        elif not filename.startswith(OWN_FOLDER):
            break
        frame = frame.f_back
    return frame, passed_override


def own_frames_removed(frames: list[FrameType]) -> list[FrameType]:
    """The frames, innermost first, as they would be without the recorder.

    Left out are its own, torch's dispatch to a mode, and the frame of the torch function that went there: it was
    called a second time from within.
    """
    kept = []
    passed_override = False
    for frame in frames:
        filename = frame.f_code.co_filename
        if filename == OVERRIDES:
            passed_override = True
        elif not filename.startswith(OWN_FOLDER):
            if not passed_override:
                kept.append(frame)
            passed_override = False
    return kept
