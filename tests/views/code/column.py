"""The column of cells in tests: finding a cell, reading the column from top to bottom, modifier keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tutor.session.session import Session
from tutor.source.document import CellId
from tutor.views.code.cell import CodeCell
from tutor.views.code.view import CodeView

CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def first(session: Session) -> CellId:
    return session.document.cells[0].id


def code(view: CodeView, cell: CellId) -> CodeCell:
    widget = view.cell_widget(cell)
    assert isinstance(widget, CodeCell)
    return widget


def order(view: CodeView) -> list[str]:
    """The texts of the cells from top to bottom."""
    cells = sorted(view.findChildren(CodeCell), key=lambda cell: cell.y())
    return [cell.editor.text for cell in cells if cell.isVisible()]


def settled() -> None:
    for _turn in range(3):
        QApplication.processEvents()
