"""The one home of live state, with the methods that change it. Views read it, call it and hear its signals.

What is live and how it hangs together stands in `live`, files and lessons in `library`; the work is done in `sheet`,
`runs`, `edits` and `pictures`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

from PySide6.QtCore import Signal

from tutor.protocol import Data, RunSettings, Span, TensorId
from tutor.session import edits
from tutor.session.edits import TextEdit
from tutor.session.folding import ALL, Wishes, around, seen_as
from tutor.session.library import Library
from tutor.session.message import Message
from tutor.session.pointing import item_of, spans_of
from tutor.session.refusals import RefusedError, read_only
from tutor.session.selection import Selection, span_at
from tutor.source.document import CellId, CellKind
from tutor.source.rewrite import LiteralInfo, NotALiteral
from tutor.trace.picture import ItemId

LARGEST_SEED = 9999


class Session(Library):
    """Every command that a view can give. What cannot be done is told by `message`, in words."""

    vector_wanted = Signal(object)
    """TensorId: *Backward…* on a tensor that is no scalar needs a v from the person."""

    # text

    @property
    def can_undo(self) -> bool:
        return self._sheet.history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._sheet.history.can_redo

    def set_cell_text(self, cell_id: CellId, text: str) -> None:
        """What was typed."""
        self._told(changed=self._sheet.has(cell_id) and self._sheet.set_text(cell_id, text))

    def add_cell(self, after: CellId | None, kind: CellKind = "code") -> None:
        self._told(changed=self.document.divisible and self._sheet.add_cell(after, kind))

    def split_cell(self, cell_id: CellId, offset: int) -> None:
        """In two, at this place of its text (in characters)."""
        self._told(changed=self.document.divisible and self._sheet.split_cell(cell_id, offset))

    def move_cell(self, cell_id: CellId, delta: int) -> None:
        self._told(changed=self.document.divisible and self._sheet.move_cell(cell_id, delta))

    def delete_cell(self, cell_id: CellId) -> None:
        self._told(changed=self.document.divisible and self._sheet.delete_cell(cell_id))

    def undo(self) -> None:
        """Takes back the last change, wherever it was; one that ran the program runs it again."""
        self._restored(self._sheet.undo())

    def redo(self) -> None:
        self._restored(self._sheet.redo())

    def set_current_cell(self, cell_id: CellId | None) -> None:
        if cell_id != self._sheet.current_cell and (cell_id is None or self._sheet.has(cell_id)):
            self._sheet.current_cell = cell_id
            self.selection_changed.emit()

    # runs

    def run_all(self) -> None:
        self._run(None)

    def run_to(self, cell_id: CellId) -> None:
        """The cells from the first to this one."""
        self._run(cell_id)

    def run_and_move_on(self, cell_id: CellId) -> None:
        """As `run_to`, and the next cell becomes the current one; behind the last a new one is made."""
        self._run(cell_id)
        cells = self._program_cells()
        behind = [cells[place + 1].id for place, cell in enumerate(cells[:-1]) if cell.id == cell_id]
        if behind:
            self.set_current_cell(behind[0])
        elif self.document.divisible:
            self.add_cell(cell_id)

    def stop(self) -> None:
        self._runs.stop()

    def restart_kernel(self) -> None:
        self._runs.restart()

    def set_device(self, device: str) -> None:
        self._set_settings(RunSettings(device=device, seed=self.settings.seed))

    def set_seed(self, seed: int) -> None:
        self._set_settings(RunSettings(device=self.settings.device, seed=seed))

    def new_random_numbers(self) -> None:
        """Another seed, by chance."""
        step = SystemRandom().randint(1, LARGEST_SEED)
        self.set_seed((self.settings.seed + step) % (LARGEST_SEED + 1))

    # edits of the program

    def set_requires_grad(self, tensor: TensorId, on: bool) -> None:
        self._edit(lambda: edits.requires_grad_set(self._program_cells(), self.trace, tensor, on=on))

    def set_value(self, tensor: TensorId, data: Data) -> None:
        """Other numbers in the tensor's literal; a drag is one change."""
        self._edit(
            lambda: edits.value_set(self._program_cells(), self.trace, tensor, data), merge=f"value {tensor}"
        )

    def literal_for(self, tensor: TensorId) -> LiteralInfo | NotALiteral:
        return edits.literal_for(self._program_cells(), self.trace, tensor)

    def backward_on(self, tensor: TensorId, v: Data | None = None) -> None:
        """`x.backward()` at the end of the current cell. Without a v for a tensor that is no scalar, asks for one."""
        if v is None and self.trace.tensors[tensor].shape:
            self.vector_wanted.emit(tensor)
            return
        torch = edits.torch_name(self._program_cells())
        self._append(lambda: edits.backward_line(self.trace, tensor, v, torch=torch))

    def zero_grad(self, tensor: TensorId | None = None) -> None:
        """`a.grad = None` at the end of the current cell (see `edits`); without a tensor for all that have a gradient."""
        filled = [row.tensor for row in self.rows if row.grad.value is not None and row.is_leaf]
        self._append(lambda: edits.zero_grad_line(self.trace, tensor, filled))

    def toggle_no_grad(self, cell_id: CellId, first_line: int, last_line: int) -> None:
        """Puts these lines (from 1, both included) into `with torch.no_grad():`, or takes them out."""
        self._edit(lambda: edits.no_grad_toggled(self._program_cells(), cell_id, first_line, last_line))

    # looking

    def select_tensor(self, tensor: TensorId | None) -> None:
        """In a closed group, the group stands for it."""
        self._select(Selection(tensor, self._seen(self._box_of(tensor))))

    def select_item(self, item: ItemId | None) -> None:
        boxes = self.structure.boxes if self.structure is not None else ()
        self._select(Selection(next((box.tensor for box in boxes if box.id == item), None), item))

    def reveal_tensor(self, tensor: TensorId) -> None:
        """Opens the groups around it and selects it."""
        box = self._box_of(tensor)
        self._open_around(box)
        self.select_tensor(tensor)
        if box is not None:
            self.revealed.emit(box)

    def reveal_item(self, item: ItemId) -> None:
        """The same with a box or circle of the whole structure, or a group."""
        self._open_around(item)
        self.select_item(item)
        self.revealed.emit(item)

    def hover_item(self, item: ItemId | None) -> None:
        """Pointing at a node or a tensor lights its sub-expression, at a group all that lies in it."""
        structure = self.structure
        spans = () if structure is None or item is None else spans_of(self.trace, structure, item)
        groups = () if structure is None else (*structure.blocks, *structure.frames)
        if any(group.id == item for group in groups):
            self._hover(item, None, spans)
        else:
            self._hover(item, spans[0] if spans else None)

    def hover_code(self, cell_id: CellId | None, line: int = 0, col: int = 0) -> None:
        """Pointing at code (line from 1, column from 0) lights its node, or the closed group that holds it."""
        span = span_at(self.trace, self.document, cell_id, line, col) if cell_id is not None else None
        structure = self.structure
        item = item_of(self.trace, structure, span) if structure is not None and span is not None else None
        self._hover(self._seen(item), span)

    # groups

    def toggle_group(self, group: ItemId) -> None:
        """Opens a closed group, closes an open one."""
        structure = self.structure
        if structure is not None:
            is_open = any(frame.id == group for frame in structure.frames)
            self.folds.choose(structure, [group], closed=is_open)
            self._refold()

    def fold_all(self) -> None:
        self.unfold_to(0)

    def unfold_all(self) -> None:
        self.unfold_to(ALL)

    def unfold_to(self, depth: int) -> None:
        """The outer `depth` levels of groups are open, the others closed."""
        self.folds.set_depth(depth)
        self._refold()

    def fold_as(self, wishes: Wishes) -> None:
        """Goes back to wishes that there were."""
        self.folds.wishes = wishes
        self._refold()

    def _open_around(self, item: ItemId | None) -> None:
        structure = self.structure
        if structure is None or item is None or self._seen(item) == item:
            return
        self.folds.choose(structure, around(structure, item), closed=False)
        self._refold()

    def _refold(self) -> None:
        """Looks again; what was selected in a group that is closed now is selected as that group, and comes back."""
        self._look()
        chosen = self.selection
        if chosen.tensor is not None:
            self.select_tensor(chosen.tensor)
        elif chosen.item is not None:
            self.select_item(self._seen(chosen.item))

    def _box_of(self, tensor: TensorId | None) -> ItemId | None:
        boxes = self.whole_structure.boxes if self.whole_structure is not None else ()
        return next((box.id for box in boxes if box.tensor == tensor), None)

    def _seen(self, item: ItemId | None) -> ItemId | None:
        return None if item is None or self.structure is None else seen_as(self.structure, item)

    # what is hidden, and how much is seen

    def set_covered(self, names: frozenset[str]) -> None:
        """Covers by hand; what a question covers stays covered whatever is said here."""
        self._hand_covered = names - self._lesson.covered
        self._look()

    def set_show_all(self, on: bool) -> None:
        """All iterations at once, unrolled, or the step's own."""
        if on != self.show_all:
            self.show_all = on
            self._look()

    # how a command is carried out

    def _told(self, *, changed: bool) -> None:
        """Tells of a change of the text."""
        if not changed:
            return
        self.document_changed.emit()
        self.trace_changed.emit()
        self._keeper.start()

    def _restored(self, reruns: bool | None) -> None:
        if reruns is None:
            return
        self.preferences.run_settings = self.settings
        self._told(changed=True)
        self.run_changed.emit()
        if reruns:
            self._rerun()

    def _run(self, target: CellId | None, *, follow: bool = True) -> None:
        if self.read_only:
            self.message.emit(Message("info", read_only()))
            return
        self._follows = self._follows or follow
        self._runs.run(self._program(target), self.document.path)

    def _rerun(self) -> None:
        """The program again after an edit, as far as it ran; the step that is looked at stays."""
        self._follows = self._follows or self.player.step >= self.player.count - 1
        target = self._ran.target if self._ran is not None else None
        cells = [cell.id for cell in self._program_cells()]
        current = self.current_cell
        if target in cells and current in cells and cells.index(current) > cells.index(target):
            target = current
        self._run(target, follow=False)

    def _set_settings(self, settings: RunSettings) -> None:
        if not self._sheet.set_settings(settings):
            return
        self.preferences.run_settings = settings
        self.run_changed.emit()
        self.trace_changed.emit()
        if self._ran is not None and not self.read_only:
            self._rerun()

    def _edit(self, make: Callable[[], TextEdit], *, merge: str | None = None) -> None:
        """Rewrites the text and runs it, or says why not."""
        if self.read_only:
            self.message.emit(Message("info", read_only()))
            return
        try:
            edit = make()
        except RefusedError as fault:
            self.message.emit(Message("warning", str(fault)))
            return
        if self._sheet.rewrite(edit.cell, edit.text, merge=merge):
            self._told(changed=True)
            self._rerun()

    def _append(self, line: Callable[[], str]) -> None:
        """One more line at the end of the current cell."""
        cells = self._program_cells()
        place = next((cell.id for cell in cells if cell.id == self.current_cell), None)
        target = place or (cells[-1].id if cells else None)
        if target is not None:
            self._edit(lambda: edits.line_appended(cells, target, line()))

    def _select(self, selection: Selection) -> None:
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit()

    def _hover(self, item: ItemId | None, span: Span | None, group: tuple[Span, ...] = ()) -> None:
        if (item, span) != (self.hovered_item, self.hovered_span):
            self.hovered_item, self.hovered_span, self.hovered_group = item, span, group
            self.selection_changed.emit()
