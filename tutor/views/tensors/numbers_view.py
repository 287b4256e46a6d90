"""A small grid of numbers: tinted by size, hatched where negative; an editable one is typed, dragged or wheeled."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygon,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from tutor.i18n import _
from tutor.views.tensors.numbers_model import NUMBER_ROLE, SHARE_ROLE, NumbersModel, finite
from tutor.views.theme import LIGHT, Palette, mix

Index = QModelIndex | QPersistentModelIndex
WHOLE = 6
"""To this many rows and columns the grid is shown whole; beyond, it scrolls."""

_PIXELS_A_STEP = 4
_HANDLE = 9


class NumbersView(QTableView):
    """Shows one `NumbersModel`. A drag across a number changes it live; Shift goes finer, Ctrl coarser."""

    dragged = Signal(int, float)
    """An element's place and the number it is now drawn to."""
    drag_ended = Signal()
    cover_toggled = Signal()
    """Ctrl and a click: by hand, cover these numbers or show them."""

    def __init__(self, *, hue: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers = NumbersModel(self)
        self._delegate = _NumberDelegate(hue, self)
        self._pressed: tuple[QPersistentModelIndex, QPoint, float] | None = None
        self._dragging = False
        self._hovered = QPersistentModelIndex()
        self.setModel(self._numbers)
        self.setItemDelegate(self._delegate)
        self._set_up()
        self._numbers.modelReset.connect(self.fit)

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
            header.hide()

    @property
    def numbers(self) -> NumbersModel:
        return self._numbers

    def apply_theme(self, palette: Palette) -> None:
        self._delegate.palette = palette
        self.setStyleSheet(
            "QTableView { background: transparent; }"
            f"QHeaderView, QHeaderView::section {{ background: transparent; color: {palette.muted};"
            " border: none; padding: 0px 5px; font-weight: normal; }"
        )
        self.viewport().update()

    def set_number_font(self, font: QFont) -> None:
        self.setFont(font)
        self.fit()

    def column_width_needed(self) -> int:
        """The width of the widest number, with room for the handle."""
        widest = self._numbers.longest() * self.fontMetrics().horizontalAdvance("9")
        return max(widest + 2 * _HANDLE + 6, 44)

    def fit(self, width: int | None = None) -> None:
        """As large as its numbers up to 6 × 6; headers and scroll bars beyond."""
        rows, columns = self._numbers.rowCount(), self._numbers.columnCount()
        large = rows > WHOLE or columns > WHOLE
        self.horizontalHeader().setVisible(large)
        self.verticalHeader().setVisible(large)
        cell = QSize(width or self.column_width_needed(), self.fontMetrics().height() + 8)
        self.horizontalHeader().setDefaultSectionSize(cell.width())
        self.verticalHeader().setDefaultSectionSize(cell.height())
        head = self.horizontalHeader().sizeHint().height() if large else 0
        bar = self.horizontalScrollBar().sizeHint().height() if large else 0
        self.setFixedHeight(min(rows, WHOLE) * cell.height() + head + bar + 2)
        side = self._side_width()
        self.verticalHeader().setFixedWidth(side)
        self.setMaximumWidth(columns * cell.width() + side + (18 if rows > WHOLE else 2))
        self.setMinimumWidth(min(columns, 2) * cell.width())
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if large else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.updateGeometry()

    def _side_width(self) -> int:
        """What the names of the rows take; nothing where they are not shown."""
        if self.verticalHeader().isHidden():
            return 0
        last = self._numbers.headerData(self._numbers.rowCount() - 1, Qt.Orientation.Vertical)
        return self.fontMetrics().horizontalAdvance(f"{last}") + 14

    def copy(self) -> None:
        """The selected numbers, or all, exact, onto the clipboard."""
        chosen = self.selectedIndexes() or [
            self._numbers.index(row, column)
            for row in range(self._numbers.rowCount())
            for column in range(self._numbers.columnCount())
        ]
        QGuiApplication.clipboard().setText(self._numbers.copied(chosen))

    # dragging

    def _begin(self, index: QModelIndex, place: QPoint) -> None:
        number = finite(index.data(NUMBER_ROLE))
        if self._numbers.editable and number is not None:
            self._pressed = (QPersistentModelIndex(index), place, number)

    def _drag_to(self, place: QPoint, held: Qt.KeyboardModifier) -> None:
        if self._pressed is None:
            return
        index, start, number = self._pressed
        steps = round((place.x() - start.x()) / _PIXELS_A_STEP)
        if not self._dragging and abs(place.x() - start.x()) < 2 * _PIXELS_A_STEP:
            return
        self._dragging = True
        self._move(index, number, steps, held)

    def _move(self, index: Index, number: float, steps: int, held: Qt.KeyboardModifier) -> None:
        place = self._numbers.place_of(index)
        finer, coarser = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        moved = stepped(
            number, steps, finer=bool(held & finer), coarser=bool(held & coarser), whole=self._numbers.whole
        )
        if self._numbers.held != (place, moved):
            self._numbers.hold(place, moved)
            self.dragged.emit(place, moved)

    def _nudge(self, steps: int, held: Qt.KeyboardModifier) -> bool:
        """One step of the number in hand, by key or wheel."""
        number = finite(self.currentIndex().data(NUMBER_ROLE))
        if not self._numbers.editable or number is None:
            return False
        self._move(self.currentIndex(), number, steps, held)
        self.drag_ended.emit()
        return True

    # Qt's own

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin(self.indexAt(event.position().toPoint()), event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(event.position().toPoint(), event.modifiers())
            return
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        was_dragging, self._dragging, self._pressed = self._dragging, False, None
        if was_dragging:
            self.drag_ended.emit()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.cover_toggled.emit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(QModelIndex())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turns the number that is in hand and under the mouse; anywhere else it scrolls."""
        index, turned = self.indexAt(event.position().toPoint()), event.angleDelta().y()
        if turned and index.isValid() and index == self.currentIndex() and self.hasFocus():
            event.accept()
            if self._nudge(1 if turned > 0 else -1, event.modifiers()):
                return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        is_vertical = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        if is_vertical and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._nudge(1 if event.key() == Qt.Key.Key_Up else -1, Qt.KeyboardModifier.NoModifier)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(_("Copy"), self.copy)
        menu.exec(event.globalPos())
        menu.deleteLater()

    def _hover(self, index: QModelIndex) -> None:
        if self._hovered != index:
            self._hovered = QPersistentModelIndex(index)
            self._delegate.hovered = self._hovered
            self.viewport().update()
        can = index.isValid() and self._numbers.editable
        self.viewport().setCursor(Qt.CursorShape.SizeHorCursor if can else Qt.CursorShape.ArrowCursor)


def step_of(number: float) -> float:
    """What one step changes: the second digit that counts (0.1 at 2.5, 1 at 36), at least 0.01, and 0.1 at zero."""
    if number == 0:
        return 0.1
    return max(10.0 ** (math.floor(math.log10(abs(number))) - 1), 0.01)


def stepped(
    number: float, steps: int, *, finer: bool = False, coarser: bool = False, whole: bool = False
) -> float:
    """The number some steps on, without the crumbs of binary fractions."""
    if steps == 0:
        return number
    step = step_of(number) * (0.1 if finer else 10 if coarser else 1)
    if whole:
        step = max(round(step), 1)
    digits = max(0, -math.floor(math.log10(step)))
    return round(round(number / step) * step + steps * step, digits) + 0.0


class _NumberDelegate(QStyledItemDelegate):
    """Paints one number: the more of it, the more of its colour; zero stays paper with a dot."""

    def __init__(self, hue: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent
        self._hue = hue
        self.palette = LIGHT
        self.hovered = QPersistentModelIndex()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area = option.rect.adjusted(1, 1, -1, -1)
        self._paint_ground(painter, area, index)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(self.palette.value), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 3, 3)
        self._paint_number(painter, area, index)
        pointed = QPersistentModelIndex(index) == self.hovered
        alone = index.model().rowCount() * index.model().columnCount() == 1
        if (pointed or alone) and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self._paint_handles(painter, area)

    def _colours(self) -> tuple[str, str]:
        """Line and text colour of what the grid holds."""
        if self._hue == "gradient":
            return self.palette.gradient, self.palette.gradient_text
        return self.palette.value, self.palette.value_text

    def _paint_ground(self, painter: QPainter, area: QRect, index: Index) -> None:
        line, _text = self._colours()
        number, share = index.data(NUMBER_ROLE), index.data(SHARE_ROLE) or 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(mix(self.palette.panel, line, 0.05 + 0.22 * share if number else 0.0)))
        painter.drawRoundedRect(area, 3, 3)
        if isinstance(number, int | float) and number < 0:
            hatch = QColor(line)
            hatch.setAlphaF(0.35)
            painter.setBrush(QBrush(hatch, Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(area, 3, 3)
        painter.setPen(QPen(QColor(mix(self.palette.panel, self.palette.faint, 0.7)), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, 3, 3)

    def _paint_number(self, painter: QPainter, area: QRect, index: Index) -> None:
        number, text = index.data(NUMBER_ROLE), str(index.data())
        is_odd = isinstance(number, str)
        painter.setPen(QColor(self.palette.error if is_odd else self._colours()[1]))
        painter.setFont(self._view.font())
        is_zero = number == 0 and not isinstance(number, bool)
        if is_zero and QPersistentModelIndex(index) != self.hovered:
            text = "•"
        elif number == "nan":
            text = "✕"
        painter.drawText(area.adjusted(_HANDLE, 0, -_HANDLE, 0), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_handles(self, painter: QPainter, area: QRect) -> None:
        """The two small arrows that say: drag me."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.palette.muted))
        middle = area.center().y()
        for side, x in ((-1, area.left() + 3), (1, area.right() - 3)):
            tip, back = QPoint(x, middle), x - side * 4
            painter.drawPolygon(QPolygon([tip, QPoint(back, middle - 3), QPoint(back, middle + 3)]))
