"""How long the numbers of each tensor get while an iteration plays, in characters and pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from tutor.protocol import Data, NodeId, TensorId
from tutor.trace.index import index_of
from tutor.trace.picture import Shown, Structure
from tutor.trace.trace import Trace
from tutor.views.graph.face_paint import CHIP_HEIGHT, known_words, mini_room
from tutor.views.graph.faces import CARD_SIDE
from tutor.views.graph.fonts import text_width
from tutor.views.graph.values import cells, has_cells, inline

_DECIMALS = 6
"""Where numbers are no integers, cells keep room for this many characters, since later iterations show others."""
_KEPT = 40
"""Of a tensor that changes very often so many values are measured at each end of the run."""
_TRAY_WIDTH = 150.0
"""A sum wider than this is written as a column."""


CARD_ROW = 18.0


def card_size(rows: int, columns: int, characters: int) -> tuple[float, float]:
    """Of a chip that writes out a matrix whose widest cell has so many characters."""
    return columns * cell_width(characters) + 8, rows * CARD_ROW + 8


def cell_width(characters: int) -> float:
    """Of a grid whose widest number has so many characters."""
    return characters * 7.3 + 12


@dataclass(frozen=True, slots=True)
class Extent:
    """The longest texts of one tensor and of its gradients."""

    cell: int
    """Characters of a cell, with room for what later iterations may bring."""
    measured: int
    """Characters of the widest cell that was seen."""
    inline: str
    number: str
    words: float = 0.0
    """Pixels of the widest caption of a sheet, or of its statistics."""
    kept: bool = True
    """Whether the values of all that is shown were kept."""


@dataclass(frozen=True, slots=True)
class Extents:
    """Extents by tensor; a tensor without any known value counts as a short number."""

    by_tensor: dict[TensorId, Extent]
    keeping: frozenset[TensorId] = frozenset()
    """Tensors that are no leaves but keep their gradient."""

    def cell(self, tensor: TensorId) -> int:
        """Characters of the widest cell."""
        return self._of(tensor).cell

    def words(self, tensor: TensorId) -> float:
        """Pixels of the widest caption or statistics."""
        return self._of(tensor).words

    def kept(self, tensor: TensorId) -> bool:
        """False where only statistics were kept, of a value or of a gradient."""
        return self._of(tensor).kept

    def number(self, tensor: TensorId) -> float:
        """Pixels of the longest one-line value in a box's row."""
        return text_width("number_strong", self._of(tensor).number)

    def term(self, tensor: TensorId) -> float:
        """Pixels of the longest value in a chip, tray or funnel."""
        return text_width("cell", self._of(tensor).inline)

    def chip(self, tensor: TensorId, shape: tuple[int, ...]) -> tuple[float, float]:
        """Width and height of the tensor's largest chip."""
        if len(shape) == 2 and max(shape, default=0) <= CARD_SIDE:
            return card_size(shape[0], shape[1], self._of(tensor).measured)
        return mini_room(shape) or (max(34.0, self.term(tensor) + 20), CHIP_HEIGHT)

    def tray(self, tensor: TensorId) -> float:
        """Pixels of "before + incoming = after", or of the widest line of the sum written as a column."""
        term = self.term(tensor)
        return 3 * term + 54 if self.tray_lines(tensor) == 1 else term + 34

    def tray_lines(self, tensor: TensorId) -> int:
        """A short sum stands in one line; a long one as at school, each number under the other."""
        return 1 if 3 * self.term(tensor) + 54 <= _TRAY_WIDTH else 3

    def _of(self, tensor: TensorId) -> Extent:
        return self.by_tensor.get(tensor, _SHORT)


_SHORT = Extent(3, 3, "0.0", "0.0")


def extents(structure: Structure, trace: Trace) -> Extents:
    """Measured over all that the trace holds of the structure's tensors; once, whichever way it is then laid out."""
    index = index_of(trace)
    kept = index.derived.get("extents")
    if isinstance(kept, tuple) and kept[0] is structure and kept[1] == index.stamp:
        assert isinstance(kept[2], Extents)
        return kept[2]
    found = _measured(structure, trace)
    index.derived["extents"] = (structure, index.stamp, found)
    return found


def _measured(structure: Structure, trace: Trace) -> Extents:
    wanted = {box.tensor for box in structure.boxes} | {lane.tensor for lane in structure.lanes}
    wanted |= {circle.tells for circle in structure.circles if circle.tells is not None}
    shown: dict[TensorId, list[Shown]] = {tensor: [] for tensor in wanted}
    shapes = {row.id: (*row.batch, *row.shape) for row in trace.tensors}
    for value in trace.values:
        if value.tensor in shown:
            shape = shapes.get(value.tensor, ())
            shown[value.tensor].append(Shown(value.value, shape, value.stats))
    for tensor, data in (*_gradients(trace), *_travelling(structure, trace)):
        if tensor in shown and data is not None:
            shown[tensor].append(Shown(data, shapes.get(tensor, ())))
    keeping = frozenset(change.tensor for change in trace.changes if change.what == "retains_grad")
    return Extents({tensor: _extent(_ends(values)) for tensor, values in shown.items() if values}, keeping)


def _gradients(trace: Trace) -> Iterable[tuple[TensorId, Data]]:
    for backward in trace.backwards:
        for row in backward.accumulations:
            yield row.tensor, row.incoming
            yield row.tensor, row.after
    for change in trace.changes:
        if change.what == "grad":
            yield change.tensor, change.after


def _travelling(structure: Structure, trace: Trace) -> Iterable[tuple[TensorId, Data]]:
    """What came back along the lanes."""
    tensor_of: defaultdict[NodeId, list[tuple[int, TensorId]]] = defaultdict(list)
    for lane in structure.lanes:
        for edge in lane.edges:
            tensor_of[trace.edges[edge].from_].append((trace.edges[edge].output, lane.tensor))
    for backward in trace.backwards:
        for run in backward.steps:
            for output, tensor in tensor_of.get(run.node, ()):
                if output < len(run.grad_inputs):
                    yield tensor, run.grad_inputs[output]


def _ends(values: list[Shown]) -> list[Shown]:
    return values if len(values) <= 2 * _KEPT else values[:_KEPT] + values[-_KEPT:]


def _extent(values: list[Shown]) -> Extent:
    lines = [inline(shown) for shown in values]
    grids = [grid for shown in values if (grid := cells(shown))]
    texts = [text for grid in grids for row in grid.texts for text in row]
    measured = longest = max((len(text) for text in texts), default=1)
    if any("." in text or "e" in text for text in texts):
        longest = max(longest, _DECIMALS)
    captions = [_captions(shown) for shown in values]
    numbers = [caption[0] if caption else line for caption, line in zip(captions, lines, strict=True)]
    return Extent(
        max(longest, 2),
        max(measured, 2),
        max(lines, key=len),
        max(numbers, key=len),
        max((_width(caption) for caption in captions), default=0.0),
        all(shown.data is not None for shown in values),
    )


def _captions(shown: Shown) -> Sequence[str]:
    """What is written beside or under the sheet of a larger value; nothing where it is written out itself."""
    written = prod(shown.shape) <= 1 or (has_cells(shown.shape) and shown.data is not None)
    return () if written else known_words(shown)


def _width(caption: Sequence[str]) -> float:
    """Of the longest line, with room for another digit."""
    return max((text_width("small", text) for text in caption), default=-8.0) + 8


def taken_names(trace: Trace) -> set[str]:
    """The names that belonged to more than one tensor."""
    owners: dict[str, set[TensorId]] = {}
    for row in trace.names:
        if row.tensor is not None:
            owners.setdefault(row.name, set()).add(row.tensor)
    return {name for name, tensors in owners.items() if len(tensors) > 1}
