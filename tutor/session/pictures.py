"""The picture of a trace at a step: iteration → structure → picture, with what is still valid kept between steps."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.insight.scene import scene
from tutor.trace.ghosts import with_ghosts
from tutor.trace.iterations import Iteration, iteration_at, iterations
from tutor.trace.picture import Picture, Structure
from tutor.trace.structure import structure
from tutor.trace.tensors import TensorRow, tensor_rows
from tutor.trace.trace import Trace

Covered = frozenset[str]


@dataclass(frozen=True, slots=True)
class Looked:
    """What is seen at one step. Nothing of it before there are steps."""

    structure: Structure | None = None
    picture: Picture | None = None
    rows: tuple[TensorRow, ...] = ()


class Pictures:
    """The structures of one trace, made when first seen and kept until events are added."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._iterations: list[Iteration] | None = None
        self._structures: dict[int | None, Structure] = {}

    def forget(self) -> None:
        """The trace has grown."""
        self._iterations = None
        self._structures.clear()

    @property
    def iterations(self) -> list[Iteration]:
        if self._iterations is None:
            self._iterations = list(iterations(self.trace))
        return self._iterations

    def at(self, step: int, covered: Covered, *, unrolled: bool) -> Looked:
        """What is seen after `step`; `unrolled` shows all iterations at once."""
        if not self.trace.steps:
            return Looked()
        drawn = self._structure(None if unrolled else self.iteration_of(step))
        return Looked(drawn, scene(self.trace, drawn, step, covered), self.rows(step, covered))

    def rows(self, step: int, covered: Covered) -> tuple[TensorRow, ...]:
        return tuple(tensor_rows(self.trace, step, covered))

    def iteration_of(self, step: int) -> int:
        return iteration_at(self.trace, step).index

    def _structure(self, iteration: int | None) -> Structure:
        if iteration not in self._structures:
            self._structures[iteration] = with_ghosts(structure(self.trace, iteration))
        return self._structures[iteration]
