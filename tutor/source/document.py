"""A document as the learner sees it: cells of text, frozen; every edit is a new document. Read and written by `formats`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NewType

CellId = NewType("CellId", str)
CellKind = Literal["code", "markdown"]
DocumentKind = Literal["script", "notebook", "lesson", "sandbox"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of the document. `text` has "\\n" line ends; `metadata` is Jupyter's cell metadata, lessons' keys included.

    `rest` is what the file holds about this cell besides (a notebook's outputs and counters): kept for saving.
    """

    id: CellId
    kind: CellKind
    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    rest: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def tags(self) -> tuple[str, ...]:
        """Jupyter's tags: `hide-input`, `raises-exception`, `remove-input`, `solution` ..."""
        tags = self.metadata.get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list | tuple) else ()


@dataclass(frozen=True, slots=True)
class Document:
    """A script (always one code cell), a notebook, a lesson or the sandbox. `path` is None before the first save.

    `metadata` is what the file holds besides its cells: line ends and encoding, a notebook's own metadata, front matter.
    """

    kind: DocumentKind
    path: Path | None
    cells: tuple[Cell, ...]
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def divisible(self) -> bool:
        """Whether cells can be added, split, moved and deleted: not in a script, whose file is one text."""
        return self.kind != "script"

    def cell(self, cell_id: CellId) -> Cell:
        """Raises KeyError when there is no such cell."""
        return self.cells[self.index(cell_id)]

    def index(self, cell_id: CellId) -> int:
        """The cell's place from 0. Raises KeyError when there is no such cell."""
        for place, cell in enumerate(self.cells):
            if cell.id == cell_id:
                return place
        raise KeyError(cell_id)

    def new_cell_id(self) -> CellId:
        """An id that no cell of this document has."""
        return fresh_id(cell.id for cell in self.cells)

    def with_text(self, cell_id: CellId, text: str) -> Document:
        place = self.index(cell_id)
        return self._replaced(place, place + 1, replace(self.cells[place], text=text))

    def with_cell_added(self, after: CellId | None, cell: Cell) -> Document:
        """The cell behind `after`, or first when that is None. Raises ValueError when its id is taken."""
        if any(cell.id == other.id for other in self.cells):
            raise ValueError(f"a cell {cell.id!r} exists already")
        place = 0 if after is None else self.index(after) + 1
        return self._replaced(place, place, cell)

    def with_cell_split(self, cell_id: CellId, offset: int) -> Document:
        """Two cells in place of one: the text before and after `offset` (in characters); the first keeps the id."""
        place = self.index(cell_id)
        whole = self.cells[place]
        first = replace(whole, text=whole.text[:offset].removesuffix("\n"))
        second = Cell(self.new_cell_id(), whole.kind, whole.text[offset:].removeprefix("\n"))
        return self._replaced(place, place + 1, first, second)

    def with_cell_moved(self, cell_id: CellId, delta: int) -> Document:
        """The cell `delta` places further down (up when negative), at most to an end."""
        place = self.index(cell_id)
        cells = list(self.cells)
        moved = cells.pop(place)
        cells.insert(min(max(place + delta, 0), len(cells)), moved)
        return replace(self, cells=tuple(cells))

    def without_cell(self, cell_id: CellId) -> Document:
        place = self.index(cell_id)
        return self._replaced(place, place + 1)

    def _replaced(self, start: int, stop: int, *cells: Cell) -> Document:
        return replace(self, cells=self.cells[:start] + cells + self.cells[stop:])


def fresh_id(taken: Iterable[str]) -> CellId:
    """ "cell-n" with n above every number that is taken, so that ids depend on the document alone."""
    numbers = (name.removeprefix("cell-") for name in taken)
    return CellId(f"cell-{max((int(number) for number in numbers if number.isdecimal()), default=0) + 1}")


def sandbox(text: str = "import torch\n") -> Document:
    """An empty sheet to play on."""
    return Document("sandbox", None, (Cell(CellId("cell-1"), "code", text),))
