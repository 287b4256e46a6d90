"""The editor of one code cell: as tall as its text, lit by the run, typed in with a programmer's keys.

It knows no session: the cell around it pushes text and marks in, and hears what the hands do through its signals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPalette,
    QResizeEvent,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from tutor.protocol import Span
from tutor.source import editing
from tutor.source.editing import Edit
from tutor.views.code.completer import Completer
from tutor.views.code.gutter import Gutter, LineMarks
from tutor.views.code.highlighter import Highlighter
from tutor.views.code.keys import Wish, wish_of
from tutor.views.code.lights import Lit, lights
from tutor.views.code.text_positions import plain_text, replace_text, to_characters, to_units
from tutor.views.theme import LIGHT, Palette

_AFTERGLOW_MS = 1200
_MOST_FLASHED = 400
"""A larger change is another text rather than an edit of this one."""


class CodeEditor(QPlainTextEdit):
    """Python text that grows with its lines; never scrolls by itself."""

    text_edited = Signal(str)
    undo_requested = Signal()
    redo_requested = Signal()
    run_requested = Signal()
    run_and_move_requested = Signal()
    split_requested = Signal(int)
    move_requested = Signal(int)
    left = Signal()
    went_beyond = Signal(int)
    """The cursor wants to the cell above (-1) or below (+1)."""
    pointed_at = Signal(int, int)
    """The mouse is on this line (from 1) and column (from 0, in characters)."""
    pointed_away = Signal()
    completions_wanted = Signal(str, int, bool)
    """The text, the cursor's offset in it, and whether the person asked (or only typed a dot)."""
    changed_by_others = Signal(int)
    """The line (from 1) at which a text that was pushed in differs from what stood there."""
    focused = Signal()
    cursor_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._text = ""
        self._step: Span | None = None
        self._hovered: Span | None = None
        self._group: tuple[Span, ...] = ()
        self._changed: tuple[int, int] | None = None
        self._afterglow = QTimer(self, singleShot=True, interval=_AFTERGLOW_MS)
        self._last_pointed: tuple[int, int] | None = None
        self._gutter = Gutter(self)
        self._highlighter = Highlighter(self.document())
        self._completer = Completer(self)
        self._set_up()
        self.textChanged.connect(self._on_text_changed)
        self.cursorPositionChanged.connect(self._on_cursor_moved)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.verticalScrollBar().valueChanged.connect(self._stay_at_top)
        self._afterglow.timeout.connect(self._on_afterglow_over)
        self._completer.chosen.connect(self._on_completion_chosen)
        self._fit()

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.document().setDocumentMargin(3)

    # what is pushed in

    @property
    def text(self) -> str:
        return self._text

    @property
    def cursor_offset(self) -> int:
        """The cursor's place in the text, in characters."""
        return to_characters(self._text, self.textCursor().position())

    def show_text(self, text: str) -> None:
        """Takes the session's text by its difference; the cursor stays in its place."""
        if text == self._text:
            return
        before, self._text = self._text, text
        start, end = replace_text(self.document(), text)
        self._fit()
        if before and end - start <= _MOST_FLASHED:
            self._flash(start, end)

    def _flash(self, start: int, end: int) -> None:
        """Lights for a moment what somebody else has changed, and asks for it to be seen."""
        self._changed = (start, end)
        self._afterglow.start()
        self._light()
        self.changed_by_others.emit(self._text.count("\n", 0, start) + 1)

    def begin_anew(self) -> None:
        """The text is another document's: the cursor goes to its start, nothing glows."""
        self._afterglow.stop()
        self._changed = None
        self.put_cursor(1)
        self._light()

    def _on_afterglow_over(self) -> None:
        self._changed = None
        self._light()

    def show_step(self, span: Span | None) -> None:
        """Lights the line and, in it, the sub-expression of the current step."""
        if span != self._step:
            self._step = span
            self._light()

    def show_hovered(self, span: Span | None, group: tuple[Span, ...] = ()) -> None:
        if (span, group) != (self._hovered, self._group):
            self._hovered, self._group = span, group
            self._light()

    def show_marks(self, marks: LineMarks) -> None:
        if marks != self._gutter.marks:
            self._gutter.set_marks(marks)
            self._light()

    @property
    def marks(self) -> LineMarks:
        return self._gutter.marks

    def offer(self, matches: Sequence[str]) -> None:
        """Opens the list of completions, if the editor still has the focus."""
        if self.hasFocus():
            self._completer.offer(matches)

    @property
    def gutter(self) -> Gutter:
        return self._gutter

    @property
    def completer(self) -> Completer:
        return self._completer

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Base, QColor(palette.panel))
        colours.setColor(QPalette.ColorRole.Text, QColor(palette.ink))
        self.setPalette(colours)
        for part in (self._highlighter, self._gutter, self._completer):
            part.apply_theme(palette)
        self._light()

    def set_code_font(self, font: QFont) -> None:
        self.setFont(font)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._fit()

    def selected_lines(self) -> tuple[int, int]:
        """The first and the last line (from 1) that are selected, or that the cursor is on."""
        cursor = self.textCursor()
        blocks = [self.document().findBlock(at) for at in (cursor.selectionStart(), cursor.selectionEnd())]
        first, last = (block.blockNumber() + 1 for block in blocks)
        ends_at_start = cursor.selectionEnd() == blocks[1].position() and last > first
        return first, last - 1 if ends_at_start else last

    def put_cursor(self, line: int, column: int = 0) -> None:
        """The cursor onto a line (from 1; negative from the end) and column."""
        count = self.blockCount()
        block = self.document().findBlockByNumber(min(line - 1 if line > 0 else count + line, count - 1))
        cursor = self.textCursor()
        cursor.setPosition(block.position() + min(to_units(block.text(), column), block.length() - 1))
        self.setTextCursor(cursor)

    def line_rect(self, line: int) -> QRect:
        """Where a line (from 1) stands inside the editor."""
        block = self.document().findBlockByNumber(min(line, self.blockCount()) - 1)
        return self.blockBoundingGeometry(block).translated(self.contentOffset()).toRect()

    # what the hands do

    def _apply(self, edit: Edit) -> None:
        if self.isReadOnly():
            return
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(to_units(self._text, edit.start))
        cursor.setPosition(to_units(self._text, edit.end), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(edit.text)
        cursor.endEditBlock()
        new = plain_text(self.document())
        cursor.setPosition(to_units(new, edit.anchor))
        cursor.setPosition(to_units(new, edit.position), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _selection(self) -> tuple[int, int]:
        """Anchor and position in characters."""
        cursor = self.textCursor()
        return to_characters(self._text, cursor.anchor()), to_characters(self._text, cursor.position())

    def _edit_by(self, key: Callable[[str, int, int], Edit]) -> None:
        self._apply(key(self._text, *self._selection()))

    def toggle_comment(self) -> None:
        self._edit_by(editing.commented)

    def ask_for_completions(self, *, by_hand: bool) -> None:
        self.completions_wanted.emit(self._text, self.cursor_offset, by_hand)

    def _on_completion_chosen(self, start: int, match: str) -> None:
        self._apply(Edit(start, self.cursor_offset, match, start + len(match), start + len(match)))

    def _on_text_changed(self) -> None:
        text = plain_text(self.document())
        if text == self._text:
            return
        self._text, self._changed = text, None
        self.text_edited.emit(text)

    def _on_cursor_moved(self) -> None:
        self._light()
        self.cursor_moved.emit()

    # how it looks

    def _fit(self) -> None:
        """As tall as its lines, so that it has nothing to scroll."""
        self._gutter.setFixedWidth(self._gutter.width_needed())
        self.setViewportMargins(self._gutter.width(), 0, 0, 0)
        last = self.blockBoundingGeometry(self.document().lastBlock())
        self.setFixedHeight(math.ceil(last.translated(self.contentOffset()).bottom()))
        self._gutter.setGeometry(0, 0, self._gutter.width(), self.height())
        self._gutter.update()

    def _stay_at_top(self, value: int) -> None:
        """Qt counts lines, and lines of other letters are taller: it may think that there is something to scroll."""
        if value:
            self.verticalScrollBar().setValue(0)

    @property
    def lit(self) -> Lit:
        """What is lit now."""
        pair = editing.bracket_pair(self._text, self.cursor_offset) if self.hasFocus() else None
        return Lit(self._step, self._hovered, self.marks.error, pair or (), self._group, self._changed)

    def _light(self) -> None:
        self.setExtraSelections(lights(self.document(), self._text, self.lit, self._palette))

    # Qt's own

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and wish_of(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        wish = wish_of(event)
        if self._completer.is_open and wish in (Wish.BREAK_LINE, Wish.INDENT, Wish.LEAVE):
            event.ignore()
            return
        if wish is not None and self._grant(wish):
            return
        super().keyPressEvent(event)
        if event.text() == ".":
            self.ask_for_completions(by_hand=False)
        elif self._completer.is_open:
            self._completer.narrow()

    def _grant(self, wish: Wish) -> bool:
        """Does what is asked, or tells whose business it is. False: Qt's own meaning is right after all."""
        match wish:
            case Wish.RUN:
                self.run_requested.emit()
            case Wish.RUN_AND_MOVE_ON:
                self.run_and_move_requested.emit()
            case Wish.UNDO:
                self.undo_requested.emit()
            case Wish.REDO:
                self.redo_requested.emit()
            case Wish.LEAVE:
                self.left.emit()
            case Wish.SPLIT:
                self.split_requested.emit(self.cursor_offset)
            case Wish.MOVE_UP | Wish.MOVE_DOWN:
                self.move_requested.emit(-1 if wish is Wish.MOVE_UP else 1)
            case Wish.COMPLETE:
                self.ask_for_completions(by_hand=True)
            case Wish.LINE_UP | Wish.LINE_DOWN:
                return self._leave_at_edge(-1 if wish is Wish.LINE_UP else 1)
            case _:
                return self._edit_as_asked(wish)
        return True

    def _edit_as_asked(self, wish: Wish) -> bool:
        match wish:
            case Wish.COMMENT:
                self.toggle_comment()
            case Wish.INDENT:
                self._edit_by(editing.indented)
            case Wish.DEDENT:
                self._edit_by(editing.dedented)
            case Wish.BREAK_LINE:
                self._edit_by(editing.line_broken)
            case Wish.HOME:
                self._go_home()
            case Wish.BACKSPACE:
                return self._backspace()
            case _:
                return False
        return True

    def _backspace(self) -> bool:
        anchor, position = self._selection()
        edit = editing.backspaced(self._text, position) if anchor == position else None
        if edit is not None:
            self._apply(edit)
        return edit is not None

    def _leave_at_edge(self, delta: int) -> bool:
        """From the first line up, from the last line down: to the next cell."""
        way = QTextCursor.MoveOperation.Up if delta < 0 else QTextCursor.MoveOperation.Down
        at_edge = not self.textCursor().movePosition(way)
        if at_edge:
            self.went_beyond.emit(delta)
        return at_edge

    def _go_home(self) -> None:
        cursor = self.textCursor()
        cursor.setPosition(to_units(self._text, editing.home(self._text, self.cursor_offset)))
        self.setTextCursor(cursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._point(event.position().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._last_pointed = None
        self.pointed_away.emit()

    def _point(self, place: QPoint) -> None:
        cursor = self.cursorForPosition(place)
        column = to_characters(cursor.block().text(), cursor.positionInBlock())
        if self.cursorRect(cursor).adjusted(-12, 0, 12, 0).contains(place):
            pointed = (cursor.blockNumber() + 1, column)
            if pointed != self._last_pointed:
                self._last_pointed = pointed
                self.pointed_at.emit(*pointed)
        elif self._last_pointed is not None:
            self._last_pointed = None
            self.pointed_away.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The column of cells scrolls, never a cell."""
        event.ignore()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """A file that is dropped here is for the window to open."""
        return source.hasText() and not source.hasUrls()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._light()
        self.focused.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._light()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
