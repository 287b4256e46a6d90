"""One code cell of the column: its editor, the tools of the cell in hand, and the learner's error below it."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QEnterEvent,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from tutor.i18n import _
from tutor.protocol import Span
from tutor.source import editing
from tutor.source.document import Cell
from tutor.source.untracked import Untracked, untracked_lines
from tutor.views.code.cell_tools import CellTools
from tutor.views.code.editor import CodeEditor
from tutor.views.code.gutter import Direction, LineMarks
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.kernel_client import Completions
    from tutor.session.session import Session

_BAR = 4
"""Width of the bar at the left that says which cell is in hand, and which was edited since it ran."""

_LONG = 5_000
"""A text of more characters is looked through for no_grad only when the typing pauses."""
_PAUSE_MS = 250


class CodeCell(QFrame):
    """Shows one cell of the session's document and hands every wish about it to the session."""

    went_beyond = Signal(str, int)
    """This cell's id, and whether the person wants to the cell above (-1) or below (+1)."""
    revealed = Signal(str, int)
    """This cell's id, and a line (from 1) that should come into view."""

    def __init__(self, session: Session, cell: Cell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._cell = cell
        self._step: Span | None = None
        self._direction: Direction = "forward"
        self._error: tuple[int, str] | None = None
        self._untracked: tuple[Untracked, ...] = ()
        self._stale = False
        self._current = False
        self._opened = False
        self.editor = CodeEditor(self)
        self.tools = CellTools(self)
        self.unfold = QToolButton(self)
        self._note = QLabel(self)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._set_up()
        self._connect()
        self.show_cell(cell)
        self.retranslate()

    def _set_up(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.editor.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.unfold.setAutoRaise(True)
        self.unfold.setArrowType(Qt.ArrowType.RightArrow)
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note.setContentsMargins(10, 3, 10, 4)
        self._note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(_BAR, 3, 1, 3)
        column.setSpacing(0)
        for part in (self.unfold, self.editor, self._note):
            column.addWidget(part)
        self.tools.hide()

    def _connect(self) -> None:
        session, editor = self._session, self.editor
        self._pause.timeout.connect(self._find_untracked)
        editor.changed_by_others.connect(self._on_editor_changed_by_others)
        editor.text_edited.connect(self._on_text_edited)
        editor.undo_requested.connect(session.undo)
        editor.redo_requested.connect(session.redo)
        editor.run_requested.connect(self._run)
        editor.run_and_move_requested.connect(self._run_and_move_on)
        editor.split_requested.connect(self._split)
        editor.move_requested.connect(self._move)
        editor.left.connect(self._on_left)
        editor.went_beyond.connect(self._on_editor_went_beyond)
        editor.pointed_at.connect(self._on_pointed_at)
        editor.pointed_away.connect(self._on_pointed_away)
        editor.completions_wanted.connect(self._on_editor_completions_wanted)
        editor.focused.connect(self._on_focused)
        editor.cursor_moved.connect(self._on_cursor_moved)
        self.unfold.clicked.connect(self._on_unfold_clicked)
        self.tools.run_requested.connect(self._run)
        self.tools.add_requested.connect(self._add_below)
        self.tools.split_requested.connect(self._split_at_cursor)
        self.tools.move_requested.connect(self._move)
        self.tools.delete_requested.connect(self._delete)

    # what is pushed in

    @property
    def cell(self) -> Cell:
        return self._cell

    @property
    def typed_in(self) -> bool:
        return self.editor.hasFocus()

    @property
    def stale(self) -> bool:
        return self._stale

    @property
    def note(self) -> str:
        """The words below the code; empty where there are none."""
        return self._note.text() if not self._note.isHidden() else ""

    def show_cell(self, cell: Cell) -> None:
        self._cell = cell
        folded = "hide-input" in cell.tags and not self._opened
        self.unfold.setVisible(folded)
        self.editor.setVisible(not folded)
        self.editor.show_text(cell.text)
        if len(cell.text) < _LONG:
            self._find_untracked()
        else:
            self._pause.start()

    def _find_untracked(self) -> None:
        self._untracked = untracked_lines(self.editor.text)
        self._mark()

    def show_step(self, span: Span | None, direction: Direction) -> None:
        if (span, direction) == (self._step, self._direction):
            return
        self._step, self._direction = span, direction
        self.editor.show_step(span)
        self._mark()

    def show_hovered(self, span: Span | None, group: tuple[Span, ...] = ()) -> None:
        """`group`: what lies in a group that is pointed at."""
        self.editor.show_hovered(span, group)

    def show_error(self, line: int | None, text: str) -> None:
        """Marks the line red, the message below the code; None takes both away."""
        error = None if line is None else (line, text)
        if error == self._error:
            return
        self._error = error
        self._note.setText("" if error is None else text)
        self._note.setVisible(error is not None)
        self._mark()

    def show_stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.setToolTip(
                _("Edited since the run: what is shown beside it is of the earlier text.") if stale else ""
            )
            self.update()

    def show_current(self, current: bool) -> None:
        """Whether this is the cell in hand."""
        self._current = current
        self.editor.setReadOnly(self._session.read_only)
        self.tools.set_divisible(self._session.document.divisible)
        self._show_tools()
        self.update()

    def edit(self) -> None:
        """The keyboard into the editor; folded code unfolds for it."""
        if self.editor.isHidden():
            self._on_unfold_clicked()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.editor.apply_theme(palette)
        self.tools.apply_theme(palette)
        self._note.setStyleSheet(f"color: {palette.error};")
        self.update()

    def set_code_font(self, font: QFont) -> None:
        self.editor.set_code_font(font)

    def retranslate(self) -> None:
        self.unfold.setText(_("Show the code"))
        self.editor.setAccessibleName(_("Code"))
        self.editor.setPlaceholderText(_("Python; Ctrl+Enter runs it"))
        self.tools.retranslate()

    def _mark(self) -> None:
        step = self._step.line if self._step is not None else None
        error = self._error[0] if self._error is not None else None
        self.editor.show_marks(LineMarks(step, self._direction, error, self._untracked))

    # what the hands do

    def _on_text_edited(self, text: str) -> None:
        self.tools.hide()
        self._session.set_cell_text(self._cell.id, text)

    def _run(self) -> None:
        self._session.run_to(self._cell.id)

    def _run_and_move_on(self) -> None:
        self._session.run_and_move_on(self._cell.id)

    def _add_below(self) -> None:
        self._session.add_cell(self._cell.id)

    def _split(self, offset: int) -> None:
        if self._session.document.divisible:
            self._session.split_cell(self._cell.id, offset)

    def _split_at_cursor(self) -> None:
        self._split(self.editor.cursor_offset)

    def _move(self, delta: int) -> None:
        if self._session.document.divisible:
            self._session.move_cell(self._cell.id, delta)

    def _delete(self) -> None:
        self._session.delete_cell(self._cell.id)

    def _on_left(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_pointed_at(self, line: int, column: int) -> None:
        self._show_tools()
        self._session.hover_code(self._cell.id, line, column)

    def _on_pointed_away(self) -> None:
        self._session.hover_item(None)

    def _on_focused(self) -> None:
        self._session.set_current_cell(self._cell.id)

    def _on_cursor_moved(self) -> None:
        if self.editor.hasFocus():
            self.revealed.emit(self._cell.id, self.editor.textCursor().blockNumber() + 1)

    def _on_editor_changed_by_others(self, line: int) -> None:
        self.revealed.emit(self._cell.id, line)

    def _on_editor_went_beyond(self, delta: int) -> None:
        self.went_beyond.emit(self._cell.id, delta)

    def _on_editor_completions_wanted(self, text: str, cursor: int, by_hand: bool) -> None:
        """The kernel knows what the names are; the document's own words stand in where it is silent."""
        is_attribute = text[: editing.word_before(text, cursor)].endswith(".")
        own = [] if is_attribute else [*editing.words(self._texts()), *keyword.kwlist]

        def offer(found: Completions) -> None:
            if isValid(self) and (self.editor.text, self.editor.cursor_offset) == (text, cursor):
                names = [match.rpartition(".")[2] for match in found.matches]
                self.editor.offer([*(name for name in names if name.isidentifier()), *own])

        if by_hand or is_attribute:
            self._session.kernel.complete(text, cursor, offer)

    def _texts(self) -> list[str]:
        return [cell.text for cell in self._session.document.code_cells]

    def _on_unfold_clicked(self) -> None:
        self._opened = True
        self.show_cell(self._cell)

    # the tools of the cell in hand

    def _show_tools(self) -> None:
        wanted = self.underMouse() or (self._current and not self._tools_cover_text())
        self.tools.setVisible(wanted and not self.editor.isHidden() and not self._session.read_only)
        self._place_tools()

    def _tools_cover_text(self) -> bool:
        """Whether the first two lines, as they stand on the screen, reach under the tools."""
        first = self.editor.text.split("\n")[:2]
        longest = max(map(self.editor.fontMetrics().horizontalAdvance, first))
        begin = self.editor.line_rect(1).left() + self.editor.x() + self.editor.viewport().x()
        return begin + longest > self.width() - self.tools.sizeHint().width() - 6

    def _place_tools(self) -> None:
        size = self.tools.sizeHint()
        self.tools.setGeometry(self.width() - size.width() - 6, 1, size.width(), size.height())
        self.tools.raise_()

    # Qt's own

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_tools()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.edit()
            case Qt.Key.Key_Up:
                self.went_beyond.emit(self._cell.id, -1)
            case Qt.Key.Key_Down:
                self.went_beyond.emit(self._cell.id, 1)
            case Qt.Key.Key_Insert if self._session.document.divisible:
                self._add_below()
            case Qt.Key.Key_Delete if self._session.document.divisible:
                self._delete()
            case _:
                super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._show_tools()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_tools()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(self._palette.value if self.hasFocus() else self._palette.faint), 1))
        painter.setBrush(QColor(self._palette.panel))
        painter.drawRoundedRect(area, 4, 4)
        bar = QRectF(1, 3, _BAR - 1, self.height() - 6)
        if self._stale:
            painter.fillRect(bar, QBrush(QColor(self._palette.special), Qt.BrushStyle.Dense3Pattern))
        elif self._current:
            painter.fillRect(bar, QColor(self._palette.value))
