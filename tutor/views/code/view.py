"""The learner's code: a column of cells under the locked line of the run's settings, lit where the step is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from tutor.course.lesson import Part
from tutor.i18n import _
from tutor.protocol import Failure, Span
from tutor.source.document import Cell, CellId
from tutor.views.code.cell import CodeCell
from tutor.views.code.gutter import Direction
from tutor.views.code.markdown_cell import MarkdownCell
from tutor.views.code.settings_line import SettingsLine
from tutor.views.fonts import mono
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session

CellWidget = CodeCell | MarkdownCell
Keyboard = Literal["typing", "cells", "elsewhere"]
_MARGIN = 4


class CodeView(QWidget):
    """Keeps one widget for each visible cell; what changes is pushed into those that are there."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._font = mono(13)
        self._cells: dict[CellId, CellWidget] = {}
        self._shown_current: CellId | None = None
        self._followed: Span | None = None
        self._due: CellId | None = None
        """The first cell of a lesson's part that was opened and has not begun to play."""
        self._part: Part | None = None
        self._seen = True
        self._settings = SettingsLine(self)
        self._scroll = QScrollArea(self)
        self._column = QWidget(self._scroll)
        self._lay_out()
        self._connect()
        self._settings.set_code_font(self._font)
        self._on_session_document_changed()
        self._on_session_run_changed()
        self.retranslate()

    def _lay_out(self) -> None:
        self._rows = QVBoxLayout(self._column)
        self._rows.setContentsMargins(_MARGIN, 2, _MARGIN, _MARGIN)
        self._rows.setSpacing(5)
        self._rows.addStretch(1)
        self._scroll.setWidget(self._column)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._settings)
        whole.addWidget(self._scroll, 1)

    def _connect(self) -> None:
        self._session.document_changed.connect(self._on_session_document_changed)
        self._session.run_changed.connect(self._on_session_run_changed)
        self._session.trace_changed.connect(self._on_session_trace_changed)
        self._session.picture_changed.connect(self._light)
        self._session.selection_changed.connect(self._on_session_selection_changed)
        self._session.lesson_changed.connect(self._on_session_lesson_changed)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._session.opened.connect(self._on_session_opened)
        self._session.reveal.connect(self._on_session_reveal)

    # for the window

    def cell_widget(self, cell_id: CellId) -> CellWidget:
        """Raises KeyError for a cell that is not shown."""
        return self._cells[cell_id]

    @property
    def settings_line(self) -> SettingsLine:
        return self._settings

    def selected_lines(self) -> tuple[CellId, int, int] | None:
        """The cell in hand and the lines (from 1) that are selected in it, or that the cursor is on."""
        widget = self._cells.get(self._session.current_cell) if self._session.current_cell else None
        if not isinstance(widget, CodeCell):
            return None
        return (widget.cell.id, *widget.editor.selected_lines())

    def begin_typing(self) -> None:
        """The keyboard into the cell in hand, at its end."""
        cells = [cell_id for cell_id, _cell in self._code_cells()]
        current = self._session.current_cell
        widget = self._cells[current if current in cells else cells[0]] if cells else None
        if isinstance(widget, CodeCell):
            widget.edit()
            widget.editor.put_cursor(-1)

    def set_seen(self, on: bool) -> None:
        """Off while the pane is hidden or behind another one: then no step is lit."""
        self._seen = on
        self._light()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, QColor(palette.window))
        self.setPalette(colours)
        self._settings.apply_theme(palette)
        for widget in self._cells.values():
            widget.apply_theme(palette)

    def set_text_size(self, pixels: float) -> None:
        """The size of the code's letters."""
        self._font = mono(pixels)
        self._settings.set_code_font(self._font)
        for widget in self._cells.values():
            widget.set_code_font(self._font)

    def retranslate(self) -> None:
        self.setAccessibleName(_("Code"))
        self._settings.retranslate()
        for widget in self._cells.values():
            widget.retranslate()

    # what is pushed in

    def _on_session_document_changed(self) -> None:
        held = self._keyboard()
        cells = self._session.visible_cells
        self._drop_cells_not_in(cells)
        for place, cell in enumerate(cells):
            self._place(cell, place)
        self._chain_tabs()
        self._mark()
        self._light()
        self._show_current(held)

    def _on_session_opened(self) -> None:
        """Another document begins at its top, and nothing of it counts as edited by another hand."""
        for _cell, widget in self._code_cells():
            widget.editor.begin_anew()
        self._scroll.verticalScrollBar().setValue(0)
        self._followed = None
        self._light()
        self._part = None
        self._look_at_part()

    def _on_session_lesson_changed(self) -> None:
        self._on_session_document_changed()
        self._look_at_part()

    def _look_at_part(self) -> None:
        """A lesson's part begins with its own code in view, though the step before it is lit."""
        lesson = self._session.lesson
        part = lesson.parts[self._session.part] if lesson is not None else None
        if part is not None and part is not self._part:
            self._due = part.code_cells[0] if part.code_cells else None
            self._follow()
        self._part = part

    def _drop_cells_not_in(self, cells: Sequence[Cell]) -> None:
        kinds = {cell.id: cell.kind for cell in cells}
        for cell_id, widget in list(self._cells.items()):
            if kinds.get(cell_id) != widget.cell.kind:
                self._rows.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
                del self._cells[cell_id]

    def _place(self, cell: Cell, place: int) -> None:
        widget = self._cells.get(cell.id)
        if widget is None:
            widget = self._cells[cell.id] = self._made(cell)
        else:
            widget.show_cell(cell)
        if self._rows.indexOf(widget) != place:
            self._rows.removeWidget(widget)
            self._rows.insertWidget(place, widget)

    def _chain_tabs(self) -> None:
        """Tab goes from cell to cell as they stand, and each says which it is."""
        widgets = [self._cells[cell.id] for cell in self._session.visible_cells]
        for one, next_one in pairwise(widgets):
            QWidget.setTabOrder(one, next_one)
        for number, widget in enumerate(widgets, 1):
            widget.setAccessibleName(_("Cell {number}").format(number=number))

    def _made(self, cell: Cell) -> CellWidget:
        widget: CellWidget
        if cell.kind == "code":
            widget = CodeCell(self._session, cell, self._column)
            widget.revealed.connect(self._on_cell_revealed)
        else:
            widget = MarkdownCell(self._session, cell, self._column)
        widget.went_beyond.connect(self._on_cell_went_beyond)
        widget.set_code_font(self._font)
        widget.apply_theme(self._palette)
        widget.show()
        return widget

    def _on_session_run_changed(self) -> None:
        self._settings.show_settings(self._session.settings)

    def _on_session_trace_changed(self) -> None:
        self._mark()
        self._light()

    def _on_session_selection_changed(self) -> None:
        self._light()
        self._show_current(self._keyboard())

    def _mark(self) -> None:
        """Errors and *edited since the run*, cell by cell."""
        ran = {source.cell: source.text for source in self._session.trace.sources}
        failure = self._session.trace.error
        at_fault = self._cell_of(failure.span) if failure is not None else None
        for cell_id, widget in self._code_cells():
            text = ran.get(cell_id, ran.get(None))
            widget.show_stale(text is not None and text != widget.editor.text)
            if failure is not None and failure.span is not None and cell_id == at_fault:
                widget.show_error(failure.span.line, _brief(failure))
            else:
                widget.show_error(None, "")

    def _light(self) -> None:
        if not self._seen:
            return
        span, hovered = self._session.current_span, self._session.hovered_span
        lit, pointed = self._cell_of(span), self._cell_of(hovered)
        direction = self._direction()
        groups: dict[CellId | None, list[Span]] = {}
        for inside in self._session.hovered_group:
            groups.setdefault(self._cell_of(inside), []).append(inside)
        for cell_id, widget in self._code_cells():
            widget.show_step(span if cell_id == lit else None, direction)
            widget.show_hovered(hovered if cell_id == pointed else None, tuple(groups.get(cell_id, ())))
        if span != self._followed and not (self._session.run.running and self._is_typed_in()):
            self._followed, self._due = span, None
            self._follow()

    def _follow(self) -> None:
        """The step's line into view; again when the column has got its height."""
        if self._due in self._cells:
            for line in (self._cells[self._due].cell.text.count("\n") + 1, 1):
                self._bring_into_view(self._due, line)
            return
        lit = self._cell_of(self._followed)
        if self._followed is not None and lit in self._cells:
            self._bring_into_view(lit, self._followed.line)

    def _on_range_changed(self) -> None:
        if not self._is_typed_in():
            self._follow()

    def _direction(self) -> Direction:
        steps, step = self._session.trace.steps, self._session.player.step
        in_backward = 0 <= step < len(steps) and steps[step].backward is not None
        return "backward" if in_backward else "forward"

    def _cell_of(self, span: Span | None) -> CellId | None:
        return None if span is None else self._session.source_cell(span)

    def _code_cells(self) -> list[tuple[CellId, CodeCell]]:
        return [(cell_id, one) for cell_id, one in self._cells.items() if isinstance(one, CodeCell)]

    def _show_current(self, held: Keyboard) -> None:
        """Marks the cell in hand; the keyboard follows it where it was in the code before."""
        current = self._session.current_cell
        for cell_id, widget in self._code_cells():
            widget.show_current(cell_id == current)
        if current != self._shown_current and current in self._cells:
            if held == "typing":
                self._cells[current].edit()
            elif held == "cells" and not self._cells[current].hasFocus():
                self._cells[current].setFocus(Qt.FocusReason.OtherFocusReason)
        self._shown_current = current

    def _keyboard(self) -> Keyboard:
        """Where the keyboard is: in a text, on a cell, or not here."""
        focus = self.focusWidget()
        if self._is_typed_in():
            return "typing"
        return "cells" if focus is not None and focus.hasFocus() and self.isAncestorOf(focus) else "elsewhere"

    def _is_typed_in(self) -> bool:
        return any(widget.typed_in for widget in self._cells.values())

    # moving about

    def _on_session_reveal(self, span: Span) -> None:
        """Somebody points at a place of the text: the cursor goes there."""
        cell_id = self._session.source_cell(span) or self._cell_by_source(span)
        widget = self._cells.get(cell_id) if cell_id is not None else None
        if isinstance(widget, CodeCell):
            widget.edit()
            widget.editor.put_cursor(span.line, span.col)
            self._bring_into_view(widget.cell.id, span.line)

    def _cell_by_source(self, span: Span) -> CellId | None:
        """The cell that ran as this source, though its text has changed since."""
        sources = self._session.trace.sources
        if not 0 <= span.source < len(sources):
            return None
        name = sources[span.source].cell
        cells = self._session.document.code_cells
        return next((cell.id for cell in cells if name is None or cell.id == name), None)

    def _bring_into_view(self, cell_id: CellId, line: int) -> None:
        widget = self._cells[cell_id]
        if isinstance(widget, CodeCell):
            place = widget.editor.line_rect(line)
            place.moveTopLeft(widget.editor.mapTo(self._column, QPoint(0, place.top())))
            self._ensure_visible(place)

    def _ensure_visible(self, place: QRect) -> None:
        bar, height = self._scroll.verticalScrollBar(), self._scroll.viewport().height()
        if place.top() < bar.value():
            bar.setValue(place.top() - _MARGIN)
        elif place.bottom() > bar.value() + height:
            bar.setValue(place.bottom() - height + _MARGIN)

    def _on_cell_revealed(self, cell_id: CellId, line: int) -> None:
        if cell_id in self._cells:
            self._bring_into_view(cell_id, line)

    def _on_cell_went_beyond(self, cell_id: CellId, delta: int) -> None:
        places = [cell.id for cell in self._session.visible_cells]
        target = places.index(cell_id) + delta
        if 0 <= target < len(places):
            self._enter(self._cells[places[target]], from_above=delta > 0, typing=self._is_typed_in())

    def _enter(self, widget: CellWidget, *, from_above: bool, typing: bool) -> None:
        if isinstance(widget, CodeCell) and typing:
            widget.edit()
            widget.editor.put_cursor(1 if from_above else -1)
        else:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
            self._session.set_current_cell(widget.cell.id)

    def sizeHint(self) -> QSize:
        return QSize(560, 240)


def _brief(failure: Failure) -> str:
    """The error's first sentence: torch's messages can be a paragraph, which stands in the output."""
    first = re.split(r"(?<=[^.])[.;](?:\s|$)| \(", failure.message.strip().split("\n")[0])[0]
    return f"{failure.type}: {first}" if first else failure.type
