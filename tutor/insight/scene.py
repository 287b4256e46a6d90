"""The picture with its words: the state after a step and the callout beside the node that works."""

from __future__ import annotations

from dataclasses import replace

from tutor.insight.callout import callout
from tutor.trace.picture import Picture, Structure
from tutor.trace.shown import Covered
from tutor.trace.state import moment_of, picture
from tutor.trace.trace import Trace


def scene(trace: Trace, structure: Structure, step: int, covered: Covered = frozenset()) -> Picture:
    """Everything the canvas needs for the state after `step`."""
    drawn = picture(trace, structure, step, covered)
    return replace(drawn, callout=callout(moment_of(trace, structure, step, covered)))
