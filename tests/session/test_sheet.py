"""Edits of the text and the one history behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.protocol import RunSettings
from tutor.session.sheet import Sheet
from tutor.source.document import Cell, CellId, Document

ONE, TWO = CellId("cell-1"), CellId("cell-2")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sheet(clock: Clock) -> Sheet:
    sheet = Sheet(clock=clock)
    sheet.open(Document("notebook", Path("n.ipynb"), (Cell(ONE, "code", ""), Cell(TWO, "code", "b = 2"))))
    return sheet


def type_in(sheet: Sheet, text: str, cell: CellId = ONE) -> None:
    for letter in text:
        sheet.set_text(cell, sheet.document.cell(cell).text + letter)


def test_a_typed_word_is_one_change(sheet: Sheet) -> None:
    type_in(sheet, "alpha beta")
    sheet.undo()
    assert sheet.document.cell(ONE).text == "alpha "
    sheet.undo()
    assert sheet.document.cell(ONE).text == ""
    sheet.redo()
    sheet.redo()
    assert sheet.document.cell(ONE).text == "alpha beta"


def test_a_pause_ends_a_change(sheet: Sheet, clock: Clock) -> None:
    type_in(sheet, "al")
    clock.now += 10
    type_in(sheet, "pha")
    sheet.undo()
    assert sheet.document.cell(ONE).text == "al"


def test_deleting_letter_by_letter_is_one_change(sheet: Sheet) -> None:
    sheet.set_text(TWO, "b =")
    sheet.set_text(TWO, "b ")
    sheet.set_text(TWO, "b")
    sheet.undo()
    assert sheet.document.cell(TWO).text in ("b =", "b = 2")
    sheet.undo()
    assert sheet.document.cell(TWO).text == "b = 2"


def test_undo_goes_from_cell_to_cell_wherever_the_change_was(sheet: Sheet) -> None:
    type_in(sheet, "a")
    type_in(sheet, "3", TWO)
    sheet.undo()
    assert sheet.current_cell == TWO
    assert sheet.document.cell(TWO).text == "b = 2"
    sheet.undo()
    assert sheet.current_cell == ONE
    assert not sheet.history.can_undo


def test_cells_added_split_moved_and_deleted_come_back(sheet: Sheet) -> None:
    before = sheet.document
    sheet.add_cell(ONE, "code")
    sheet.split_cell(TWO, 2)
    sheet.move_cell(TWO, -1)
    sheet.delete_cell(ONE)
    assert [cell.text for cell in sheet.document.cells] == ["b ", "", "= 2"]
    for _change in range(4):
        sheet.undo()
    assert sheet.document == before
    assert not sheet.dirty


def test_a_drag_of_a_number_is_one_change_that_runs_again(sheet: Sheet) -> None:
    for number in range(3, 9):
        sheet.rewrite(TWO, f"b = {number}", merge="value b")
    assert sheet.undo() is True
    assert sheet.document.cell(TWO).text == "b = 2"
    assert sheet.redo() is True
    assert sheet.document.cell(TWO).text == "b = 8"


def test_typing_does_not_run(sheet: Sheet) -> None:
    type_in(sheet, "a")
    assert sheet.undo() is False
    assert sheet.undo() is None


def test_the_seed_is_undone_like_everything_else(sheet: Sheet) -> None:
    sheet.set_settings(RunSettings(seed=7))
    type_in(sheet, "a")
    sheet.undo()
    sheet.undo()
    assert sheet.settings == RunSettings(seed=0)


def test_the_last_code_cell_is_emptied_and_not_deleted(sheet: Sheet) -> None:
    sheet.delete_cell(ONE)
    sheet.delete_cell(TWO)
    assert [cell.text for cell in sheet.document.cells] == [""]


def test_dirty_until_saved_and_again_after_undo(sheet: Sheet) -> None:
    type_in(sheet, "a")
    assert sheet.dirty
    sheet.mark_saved(Path("other.ipynb"))
    assert not sheet.dirty
    sheet.undo()
    assert sheet.dirty
    assert sheet.document.path == Path("other.ipynb")


def test_another_document_has_another_history(sheet: Sheet) -> None:
    type_in(sheet, "a")
    sheet.open(Document("sandbox", None, (Cell(ONE, "code", "x"),)))
    assert sheet.undo() is None


def test_a_recording_cannot_be_changed(sheet: Sheet) -> None:
    sheet.open(sheet.document, read_only=True)
    assert not sheet.set_text(TWO, "b = 3")
    assert sheet.document.cell(TWO).text == "b = 2"
