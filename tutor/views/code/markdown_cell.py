"""One Markdown cell of a notebook: shown as it reads; a double click, or Enter, opens its text."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from tutor.i18n import _
from tutor.source.document import Cell
from tutor.views.code.text_positions import plain_text, replace_text
from tutor.views.prose.view import Prose
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class MarkdownCell(QFrame):
    """Shows the text rendered; while it is edited, as it is written."""

    went_beyond = Signal(str, int)

    def __init__(self, session: Session, cell: Cell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._cell = cell
        self.reading = Prose(self, scale=1.0)
        self.writing = QPlainTextEdit(self)
        self._set_up()
        self.writing.textChanged.connect(self._on_text_changed)
        self.show_cell(cell)

    def _set_up(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.reading.viewport().installEventFilter(self)
        self.writing.setUndoRedoEnabled(False)
        self.writing.setFrameShape(QFrame.Shape.NoFrame)
        self.writing.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.writing.installEventFilter(self)
        self.writing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 8, 4)
        column.addWidget(self.reading)
        column.addWidget(self.writing)

    @property
    def cell(self) -> Cell:
        return self._cell

    @property
    def typed_in(self) -> bool:
        return self.writing.hasFocus()

    @property
    def is_open(self) -> bool:
        return not self.writing.isHidden()

    def show_cell(self, cell: Cell) -> None:
        self._cell = cell
        if not self.is_open:
            self._render()
        replace_text(self.writing.document(), cell.text)
        self._fit()

    def edit(self) -> None:
        self.reading.hide()
        self.writing.show()
        self.writing.setFocus(Qt.FocusReason.OtherFocusReason)
        self._session.set_current_cell(self._cell.id)
        self._fit()

    def close_text(self) -> None:
        self.writing.hide()
        self.reading.show()
        self._render()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.reading.apply_theme(palette)

    def set_code_font(self, font: QFont) -> None:
        self.writing.setFont(font)
        self._fit()

    def retranslate(self) -> None:
        self.show_cell(self._cell)

    def _render(self) -> None:
        self.reading.set_markdown(self._cell.text or _("*An empty text; double click to write.*"))

    def _fit(self) -> None:
        """The editor as tall as its lines."""
        lines = max(self.writing.document().size().height(), 1)
        self.writing.setFixedHeight(math.ceil(lines * self.writing.fontMetrics().lineSpacing()) + 12)

    def _on_text_changed(self) -> None:
        self._fit()
        text = plain_text(self.writing.document())
        if text != self._cell.text:
            self._session.set_cell_text(self._cell.id, text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.reading.viewport() and event.type() == QEvent.Type.MouseButtonDblClick:
            self.edit()
            return True
        if watched is self.writing:
            return self._on_writing_event(event)
        return super().eventFilter(watched, event)

    def _on_writing_event(self, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
            self.close_text()
            return False
        if isinstance(event, QKeyEvent) and event.type() in (
            QEvent.Type.KeyPress,
            QEvent.Type.ShortcutOverride,
        ):
            return self._on_writing_key(event, event.type() == QEvent.Type.KeyPress)
        return False

    def _on_writing_key(self, event: QKeyEvent, is_press: bool) -> bool:
        action = self._key(event)
        if action is None:
            return False
        event.accept()
        if is_press:
            action()
        return True

    def _key(self, event: QKeyEvent) -> Callable[[], object] | None:
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_Escape:
                return self._leave
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if ctrl or shift:
                return self._leave
            case Qt.Key.Key_Z if ctrl:
                return self._session.redo if shift else self._session.undo
            case Qt.Key.Key_Y if ctrl:
                return self._session.redo
            case _:
                return None

    def _leave(self) -> None:
        self.close_text()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.edit()
            case Qt.Key.Key_Up:
                self.went_beyond.emit(self._cell.id, -1)
            case Qt.Key.Key_Down:
                self.went_beyond.emit(self._cell.id, 1)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._session.set_current_cell(self._cell.id)
        super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
