"""When in a step what becomes true: three beats, receives, multiplies, passes on. Shares of the step, 0 to 1."""

from __future__ import annotations

from typing import assert_never

from tutor.trace.picture import Motion

LANDING = 1 / 3
"""When the first beat ends: what was received has landed."""
PASSING = 2 / 3
CHANGING = 0.5
"""When a statement's change is written."""


def landed(motion: Motion, progress: float) -> bool:
    """Whether the step's new numbers already stand in their rows; before that the rows are those of the step before."""
    match motion.kind:
        case "accumulate" | "forward":
            return progress >= PASSING
        case "change" | "error":
            return progress >= CHANGING
        case "none" | "backward":
            return True
        case _:
            assert_never(motion.kind)
