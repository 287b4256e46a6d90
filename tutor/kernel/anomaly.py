"""detect_anomaly's memory of where a node was made, as it would be without the recorder.

torch keeps the frames of the forward call with each node and prints them when a gradient is not a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.own_frames import OVERRIDES, OWN_FOLDER

_FRAMES = "traceback_"
_FILE = re.compile(r'\s*File "([^"]+)"')


def clean(nodes: Sequence[AutogradNode]) -> None:
    """Takes the recorder's frames out of what torch keeps with these nodes."""
    for node in nodes:
        frames = node.metadata.get(_FRAMES)  # type: ignore[attr-defined]
        if isinstance(frames, list):
            frames[:] = learners(frames)


def learners(frames: list[str]) -> list[str]:
    """The frames, outermost first, without ours, torch's dispatch to a mode, and the function that went there."""
    kept: list[str] = []
    passed_override = False
    for frame in reversed(frames):
        found = _FILE.match(frame)
        filename = found.group(1) if found else ""
        if filename == OVERRIDES:
            passed_override = True
        elif not filename.startswith(OWN_FOLDER):
            if not passed_override:
                kept.append(frame)
            passed_override = False
    kept.reverse()
    return kept
