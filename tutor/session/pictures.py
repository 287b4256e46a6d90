"""The picture of a trace at a step: iteration → structure → picture, with what is still valid kept between steps."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tutor.insight.scene import scene
from tutor.session.folding import Folds, Wishes
from tutor.trace.folding import fold
from tutor.trace.ghosts import with_ghosts
from tutor.trace.iterations import Iteration, iteration_at, iterations
from tutor.trace.picture import ItemId, Picture, Structure
from tutor.trace.structure import structure as whole_structure
from tutor.trace.tensors import TensorRow, tensor_rows
from tutor.trace.trace import Trace

Covered = frozenset[str]
_KEPT = 12
"""So many drawn structures are kept, so that what is closed and opened again is the same one."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is seen at one step. Nothing of it before there are steps."""

    structure: Structure | None = None
    """What is drawn, with its closed groups folded."""
    picture: Picture | None = None
    rows: tuple[TensorRow, ...] = ()


class Pictures:
    """The structures of one trace, made when first seen and kept until events are added."""

    def __init__(self, trace: Trace, folds: tuple[Folds, Folds] | None = None) -> None:
        """`folds` of a single iteration and of all at once; without them nothing is folded."""
        self.trace = trace
        self._folds = folds
        self._iterations: list[Iteration] | None = None
        self._wholes: dict[int | None, Structure] = {}
        self._closed: dict[int | None, tuple[Wishes, frozenset[ItemId]]] = {}
        self._drawn: OrderedDict[tuple[int | None, frozenset[ItemId] | None], Structure] = OrderedDict()

    def forget(self) -> None:
        """The trace has grown."""
        self._iterations = None
        for known in (self._wholes, self._closed, self._drawn):
            known.clear()

    @property
    def iterations(self) -> list[Iteration]:
        if self._iterations is None:
            self._iterations = list(iterations(self.trace))
        return self._iterations

    def at(self, step: int, covered: Covered, *, unrolled: bool) -> Looked:
        """What is seen after `step`; `unrolled` shows all iterations at once."""
        if not self.trace.steps:
            return Looked()
        drawn = self.structure(None if unrolled else self.iteration_of(step))
        return Looked(drawn, scene(self.trace, drawn, step, covered), self.rows(step, covered))

    def rows(self, step: int, covered: Covered) -> tuple[TensorRow, ...]:
        return tuple(tensor_rows(self.trace, step, covered))

    def iteration_of(self, step: int) -> int:
        return iteration_at(self.trace, step).index

    def structure(self, iteration: int | None) -> Structure:
        """What is drawn of an iteration, or of all at once (None)."""
        if iteration not in self._wholes:
            self._wholes[iteration] = whole_structure(self.trace, iteration)
        whole = self._wholes[iteration]
        closed = None
        if self._folds is not None:
            closed = self._closed_in(iteration, whole, self._folds[iteration is None])
        key = iteration, closed
        if key not in self._drawn:
            self._drawn[key] = with_ghosts(whole if closed is None else fold(whole, closed))
            while len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        return self._drawn[key]

    def _closed_in(self, iteration: int | None, whole: Structure, folds: Folds) -> frozenset[ItemId]:
        """Worked out once for each wish."""
        known = self._closed.get(iteration)
        if known is None or known[0] is not folds.wishes:
            known = self._closed[iteration] = folds.wishes, folds.closed(whole)
        return known[1]
