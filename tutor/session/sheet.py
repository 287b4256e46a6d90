"""The open document with its history: every edit of the text goes through here, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

from tutor.protocol import RunSettings
from tutor.session.history import History, State, Typed, typed
from tutor.source.document import Cell, CellId, CellKind, Document, sandbox


class Sheet:
    """Holds the document, the current cell and the run settings, and takes each change to the history."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self.document = sandbox()
        self.current_cell: CellId | None = None
        self.settings = RunSettings()
        self.read_only = False
        self.history = History(clock=clock)
        self._saved = self.document
        self.open(self.document)

    def open(self, document: Document, *, read_only: bool = False) -> None:
        """Another document; the history begins anew."""
        self.document = document
        self._saved = document
        self.read_only = read_only
        self.current_cell = next((cell.id for cell in document.code_cells), None)
        self.history.clear()

    @property
    def dirty(self) -> bool:
        """Whether the text differs from what was opened or saved last."""
        return self.document.cells != self._saved.cells

    def mark_saved(self, path: Path | None) -> None:
        if path is not None:
            self.document = replace(self.document, path=path)
        self._saved = self.document

    def has(self, cell_id: CellId) -> bool:
        return any(cell.id == cell_id for cell in self.document.cells)

    # changes: each answers whether there was one

    def set_text(self, cell_id: CellId, text: str) -> bool:
        """Typing: keystrokes of one word become one change."""
        old = self.document.cell(cell_id).text
        return self._change(
            self.document.with_text(cell_id, text), cell_id, merge=typed(cell_id, old, text), reruns=False
        )

    def rewrite(self, cell_id: CellId, text: str, *, merge: str | None = None) -> bool:
        """An edit of the window's, after which the program runs again; equal `merge` keys in a row become one change."""
        return self._change(self.document.with_text(cell_id, text), cell_id, merge=merge, reruns=True)

    def set_settings(self, settings: RunSettings) -> bool:
        before = self._state()
        self.settings = settings
        if self._state() == before:
            return False
        self.history.push(before, self._state(), reruns=True)
        return True

    def add_cell(self, after: CellId | None, kind: CellKind) -> bool:
        cell = Cell(self.document.new_cell_id(), kind, "")
        return self._change(self.document.with_cell_added(after, cell), cell.id)

    def split_cell(self, cell_id: CellId, offset: int) -> bool:
        place = self.document.index(cell_id)
        document = self.document.with_cell_split(cell_id, offset)
        return self._change(document, document.cells[place + 1].id)

    def move_cell(self, cell_id: CellId, delta: int) -> bool:
        return self._change(self.document.with_cell_moved(cell_id, delta), cell_id)

    def delete_cell(self, cell_id: CellId) -> bool:
        """The last code cell that there is becomes empty instead."""
        cell = self.document.cell(cell_id)
        if cell.kind == "code" and len(self.document.code_cells) == 1:
            return self._change(self.document.with_text(cell_id, ""), cell_id)
        place = self.document.index(cell_id)
        document = self.document.without_cell(cell_id)
        cells = document.cells
        return self._change(document, cells[min(place, len(cells) - 1)].id if cells else None)

    def undo(self) -> bool | None:
        """Takes the last change back. None when there was none; else whether the program is to run again."""
        return self._restore(self.history.undo())

    def redo(self) -> bool | None:
        return self._restore(self.history.redo())

    def _state(self) -> State:
        return State(self.document, self.current_cell, self.settings)

    def _change(
        self,
        document: Document,
        cell: CellId | None,
        *,
        merge: Typed | str | None = None,
        reruns: bool = False,
    ) -> bool:
        if self.read_only or document == self.document:
            return False
        if cell is not None and self.has(cell):
            self.current_cell = cell  # undo leads back to where the change was
        before = self._state()
        self.document, self.current_cell = document, cell
        self.history.push(before, self._state(), reruns=reruns, merge=merge)
        return True

    def _restore(self, found: tuple[State, bool] | None) -> bool | None:
        if found is None:
            return None
        state, reruns = found
        self.document = replace(state.document, path=self.document.path)
        self.current_cell, self.settings = state.current_cell, state.settings
        return reruns
