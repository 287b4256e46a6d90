"""Short ways to a recorded trace and to what is shown of it."""

from __future__ import annotations

from tests.traces import golden
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import Box, BoxState, Circle, Lane, Picture, Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


class Shown:
    """A recorded program, its graph and its pictures, found by names as a person sees them."""

    def __init__(self, name: str, iteration: int = 0, covered: frozenset[str] = frozenset()) -> None:
        self.trace: Trace = golden(name)
        self.structure: Structure = structure(self.trace, iteration)
        self.covered = covered

    def at(self, step: int) -> Picture:
        return picture(self.trace, self.structure, step, self.covered)

    @property
    def last(self) -> Picture:
        return self.at(self.structure.last_step)

    def box(self, name: str, which: int = 0) -> Box:
        return [b for b in self.structure.boxes if b.name == name][which]

    def circle(self, expression: str) -> Circle:
        return next(c for c in self.structure.circles if c.expression == expression)

    def state(self, name: str, step: int, which: int = 0) -> BoxState:
        return self.at(step).boxes[self.box(name, which).id]

    def lane(self, source: str, target: str, which: int = 0) -> Lane:
        """By the names or expressions at its ends."""
        ends = {b.id: b.name for b in self.structure.boxes} | {
            c.id: c.expression for c in self.structure.circles
        }
        return [ln for ln in self.structure.lanes if (ends[ln.source], ends[ln.target]) == (source, target)][
            which
        ]


def pictures(trace: Trace) -> list[Picture]:
    """The picture after every step, each in its own iteration."""
    steps = range(-1, len(trace.steps))
    return [picture(trace, structure(trace, iteration_at(trace, s).index), s) for s in steps]
