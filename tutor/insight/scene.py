"""The picture with its words: the state after a step and the callout beside the node that works."""

from __future__ import annotations

from dataclasses import replace

from tutor.insight.callout import callout
from tutor.trace.picture import Callout, Picture, Structure
from tutor.trace.shown import Covered
from tutor.trace.stage import Stage
from tutor.trace.state import moment_of, picture
from tutor.trace.trace import Trace


def scene(trace: Trace, structure: Structure, step: int, covered: Covered = frozenset()) -> Picture:
    """Everything the canvas needs for the state after `step`."""
    drawn = picture(trace, structure, step, covered)
    at = moment_of(trace, structure, step, covered)
    found = callout(at)
    return replace(drawn, callout=None if found is None else _placed(found, at.stage))


def _placed(found: Callout, stage: Stage) -> Callout:
    """Beside the block in which its item lies; what glows in a block is not seen."""
    glows = tuple(item for item in found.glows if stage.is_seen(item))
    return replace(found, item=stage.seen(found.item), glows=glows)
