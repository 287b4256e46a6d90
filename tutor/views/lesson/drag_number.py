"""One large number that is dragged with the mouse, or moved with the keys; the lesson's pane puts it into the code."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from tutor.i18n import _
from tutor.views.fonts import mono, sans
from tutor.views.theme import LIGHT, Palette, mix

_PIXELS_A_STEP = 4
_STEP = 0.1
_LIMIT = 1000.0


class DragNumber(QWidget):
    """Shows `x = 3.0` between two arrows. Drag it sideways: every few pixels are one tenth."""

    dragged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._name = "x"
        self._value = 0.0
        self._grabbed: tuple[float, float] | None = None
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.retranslate()

    @property
    def value(self) -> float:
        return self._value

    @property
    def is_held(self) -> bool:
        """Whether the mouse has hold of it."""
        return self._grabbed is not None

    def show_number(self, name: str, value: float) -> None:
        """What the program has now; never what is being dragged away from."""
        if self.is_held or (name, value) == (self._name, self._value):
            return
        self._name, self._value = name, value
        self._tell()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.update()

    def retranslate(self) -> None:
        self.setToolTip(_("Drag to the left or to the right, or use the arrow keys"))
        self._tell()

    def _tell(self) -> None:
        self.setAccessibleName(f"{self._name} = {self._text()}")
        self.update()

    def _text(self) -> str:
        return f"{self._value:.1f}".replace("-", "−")

    def _move_to(self, value: float) -> None:
        new = round(min(max(value, -_LIMIT), _LIMIT) / _STEP) * _STEP
        new = round(new, 1) + 0.0
        if new == self._value:
            return
        self._value = new
        self._tell()
        self.dragged.emit(new)

    # how it is drawn

    def _pixels(self) -> int:
        return max(self.font().pixelSize(), 11)

    def sizeHint(self) -> QSize:
        return QSize(240, round(self._pixels() * 5.6))

    def minimumSizeHint(self) -> QSize:
        return QSize(150, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._palette
        lit = self.is_held or self.underMouse() or self.hasFocus()
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QPen(QColor(palette.value if lit else palette.faint), 1.5))
        painter.setBrush(QColor(mix(palette.panel, palette.value, 0.12 if self.is_held else 0.05)))
        painter.drawRoundedRect(frame, 12, 12)
        self._paint_number(painter, frame.adjusted(0, 0, 0, -self._pixels() * 1.1))
        painter.setFont(sans(max(round(self._pixels() * 0.9), 11)))
        painter.setPen(QColor(palette.muted))
        hint = frame.adjusted(0, frame.height() - self._pixels() * 2.0, 0, -self._pixels() * 0.4)
        painter.drawText(hint, Qt.AlignmentFlag.AlignCenter, _("drag"))

    def _paint_number(self, painter: QPainter, room: QRectF) -> None:
        font = mono(round(self._pixels() * 2.3))
        name, value = f"{self._name} = ", self._text()
        measure = QFontMetrics(font)
        left = room.center().x() - measure.horizontalAdvance(name + value) / 2
        painter.setFont(font)
        baseline = room.center().y() + measure.capHeight() / 2
        painter.setPen(QColor(self._palette.ink))
        painter.drawText(QPointF(left, baseline), name)
        painter.setPen(QColor(self._palette.value_text))
        painter.drawText(QPointF(left + measure.horizontalAdvance(name), baseline), value)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.value))
        for side in (-1, 1):
            tip = room.center().x() + side * (room.width() / 2 - 16)
            painter.drawPolygon(_arrow(tip, room.center().y(), side))

    # what the hand does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = (event.position().x(), self._value)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None:
            start, value = self._grabbed
            steps = int((event.position().x() - start) / _PIXELS_A_STEP)
            self._move_to(value + steps * _STEP)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus():
            event.ignore()
            return
        self._move_to(self._value + (_STEP if event.angleDelta().y() > 0 else -_STEP))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Up: _STEP,
            Qt.Key.Key_Right: _STEP,
            Qt.Key.Key_Down: -_STEP,
            Qt.Key.Key_Left: -_STEP,
            Qt.Key.Key_PageUp: 1.0,
            Qt.Key.Key_PageDown: -1.0,
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
            return
        self._move_to(self._value + move)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def _arrow(tip: float, middle: float, side: int) -> QPolygonF:
    return QPolygonF(
        [QPointF(tip, middle), QPointF(tip - side * 9, middle - 7), QPointF(tip - side * 9, middle + 7)]
    )
