"""The painted line of the timeline: stretches forward and backward, the author's flags, marks and the handle.

A slider of steps from -1 (before the first) on; it draws a `Track` and says which step is asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from tutor.views.fonts import Weight, sans
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette, mix
from tutor.views.timeline.track import Break, Kind, Track, gathered, is_free, thinned

_SIDE = 14
_THICK = 6.0
_BREAK = 7.0
"""How wide the line is open at a break."""
_HANDLE = 7.5
_NAMED = 64
"""An iteration has at least so many pixels where its parts have their names."""
_APART = 48.0
"""Numbers of iterations stand so far apart at least."""


class TimelineBar(QAbstractSlider):
    """Draws the track and the handle; a click, a drag, the wheel or a key asks for a step."""

    step_asked = Signal(int)
    move_asked = Signal(int)
    """+1: one step on, -1: one step back."""
    mark_asked = Signal(int)
    """+1: the next mark, -1: the previous one."""
    play_asked = Signal()
    speed_asked = Signal(int)
    """+1: faster, -1: slower."""

    def __init__(
        self,
        describe: Callable[[int], str],
        describe_breaks: Callable[[tuple[Break, ...]], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._describe = describe
        self._describe_breaks = describe_breaks
        self._track = Track()
        self._palette = LIGHT
        self._progress = 1.0
        self._hovered: int | None = None
        self._passed = QPixmap()
        self._ahead = QPixmap()
        self._pixels = 13
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_track(self._track)

    @property
    def track(self) -> Track:
        return self._track

    def set_track(self, track: Track) -> None:
        if track != self._track or track.count == 0:
            self._track = track
            self._push(lambda: self.setRange(-1, max(track.count - 1, -1)))
            self._forget_drawing()

    def set_step(self, step: int, progress: float) -> None:
        """Where the handle stands: at the end of `step`, or on its way there while progress < 1."""
        if (step, progress) != (self.value(), self._progress):
            self._progress = progress
            self._push(lambda: self.setValue(step))
            self.update()

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self._forget_drawing()

    def set_text_pixels(self, pixels: int) -> None:
        self._pixels = max(pixels - 1, SMALLEST_PIXELS)
        self.updateGeometry()
        self._forget_drawing()

    def x_of(self, step: float) -> float:
        """Where the end of a step lies; fractions are on the way to it."""
        room = self.width() - 2 * _SIDE
        return _SIDE + room * (step + 1) / max(self._track.count, 1)

    def step_at(self, x: float) -> int:
        room = max(self.width() - 2 * _SIDE, 1)
        step = round((x - _SIDE) * self._track.count / room) - 1
        return max(-1, min(step, self._track.count - 1))

    @property
    def breaks(self) -> list[tuple[float, tuple[Break, ...]]]:
        """Where the line is broken, and what is left out there."""
        return gathered(self._track.breaks, self.x_of)

    def break_at(self, x: float) -> tuple[Break, ...]:
        """The breaks under the pointer, where they are drawn wider than their steps are."""
        near = (parts for at, parts in self.breaks if abs(x - at) <= _BREAK / 2)
        return next(near, ())

    def _push(self, change: Callable[[], None]) -> None:
        blocked = self.blockSignals(True)
        change()
        self.blockSignals(blocked)

    def _forget_drawing(self) -> None:
        self._passed = QPixmap()
        self.update()

    @property
    def _middle(self) -> float:
        return self.height() - _HANDLE - 5

    def _ask(self, x: float) -> None:
        step = self._step_meant(x)
        if self._track.count and step != self.value():
            self.step_asked.emit(step)

    def _step_meant(self, x: float) -> int:
        """The step under the pointer; a break's, where the pointer is on one."""
        parts = self.break_at(x)
        return max(parts, key=lambda one: one.count).step if parts else self.step_at(x)

    def _hover(self, step: int | None) -> None:
        if step != self._hovered:
            self._hovered = step
            self.update()

    # drawing

    def _draw_layers(self) -> None:
        ratio = self.devicePixelRatioF()
        for passed in (True, False):
            layer = QPixmap(QSize(round(self.width() * ratio), round(self.height() * ratio)))
            layer.setDevicePixelRatio(ratio)
            layer.fill(Qt.GlobalColor.transparent)
            painter = QPainter(layer)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_line(painter, passed=passed)
            self._draw_labels(painter)
            self._draw_flags(painter)
            painter.end()
            if passed:
                self._passed = layer
            else:
                self._ahead = layer

    def _draw_line(self, painter: QPainter, *, passed: bool) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        line = QRectF(_SIDE, self._middle - _THICK / 2, self.width() - 2 * _SIDE, _THICK)
        painter.setBrush(QColor(self._palette.faint))
        painter.drawRoundedRect(line, _THICK / 2, _THICK / 2)
        if self._crowded:
            self._draw_rails(painter, line, passed=passed)
        else:
            self._draw_stretches(painter, line, passed=passed)
        for mark in self._track.marks if len(self._track.marks) * 6 < line.width() else ():
            painter.setBrush(QColor(self._palette.ground))
            painter.drawRect(QRectF(self.x_of(mark) - 0.75, line.top(), 1.5, _THICK))
        for x, _parts in self.breaks:
            self._draw_break(painter, x)

    def _draw_break(self, painter: QPainter, x: float) -> None:
        """The line is open, between two slanted strokes."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.ground))
        painter.drawRect(QRectF(x - _BREAK / 2, self._middle - _THICK, _BREAK, 2 * _THICK))
        painter.setPen(QPen(QColor(self._palette.muted), 1.6))
        for edge in (x - _BREAK / 2, x + _BREAK / 2):
            painter.drawLine(
                QPointF(edge - 1.5, self._middle + _THICK - 0.5),
                QPointF(edge + 1.5, self._middle - _THICK + 0.5),
            )
        painter.setPen(Qt.PenStyle.NoPen)

    @property
    def _crowded(self) -> bool:
        """Whether a stretch has less than four pixels on the average."""
        return len(self._track.stretches) * 4 > self.width()

    def _draw_stretches(self, painter: QPainter, line: QRectF, *, passed: bool) -> None:
        for stretch in self._track.stretches:
            left, right = self.x_of(stretch.first - 1), self.x_of(stretch.end - 1)
            painter.setBrush(QColor(self._color(stretch.kind, passed=passed)))
            box = QRectF(left, line.top(), max(right - left - 1.0, 0.5), _THICK)
            round_ends = min(_THICK / 2, box.width() / 2)
            painter.drawRoundedRect(box, round_ends, round_ends)

    def _draw_rails(self, painter: QPainter, line: QRectF, *, passed: bool) -> None:
        """Too many turns to tell apart: there and back as two rails."""
        kinds: tuple[Kind, Kind] = ("forward", "backward")
        for place, kind in enumerate(kinds):
            painter.setBrush(QColor(self._color(kind, passed=passed)))
            painter.drawRect(QRectF(line.left(), line.top() + place * _THICK / 2, line.width(), _THICK / 2))

    def _draw_labels(self, painter: QPainter) -> None:
        font = sans(self._pixels, Weight.DemiBold)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        taken = self._draw_break_labels(painter, metrics)
        if self._close:
            self._draw_numbers(painter, metrics, taken)
            return
        free_from, few = 0.0, len(self._track.stretches) <= 3
        for stretch in self._track.stretches:
            left = self.x_of(stretch.first - 1)
            room = self.width() - left if few else self.x_of(stretch.end - 1) - left - 4
            text = stretch.label if metrics.horizontalAdvance(stretch.label) <= room else stretch.short
            width = metrics.horizontalAdvance(text)
            if text and left >= free_from and width <= room and is_free(taken, left, left + width):
                painter.setPen(QColor(self._text_color(stretch.kind)))
                painter.drawText(QPointF(left, self._text_line), text)
                free_from = left + width + 8

    @property
    def _close(self) -> bool:
        """Whether the iterations are too many to name their parts; no part has a name where they are not even counted."""
        return self._crowded or len(self._track.turns) * _NAMED > self.width()

    def _draw_numbers(
        self, painter: QPainter, metrics: QFontMetricsF, taken: list[tuple[float, float]]
    ) -> None:
        """Round numbers of iterations, each over a tick at its beginning."""
        turns = thinned(self._track.turns, self.width() - 2 * _SIDE, _APART)
        for place, (first, number) in enumerate(turns):
            x = self.x_of(first - 1)
            text = f"{self._track.word} {number}" if place == 0 else str(number)
            width = metrics.horizontalAdvance(text)
            if x + width > self.width() or not is_free(taken, x, x + width):
                continue
            taken.append((x, x + width))
            painter.setPen(QPen(QColor(self._palette.faint), 1))
            painter.drawLine(QPointF(x, self._middle - _THICK / 2), QPointF(x, self._text_line - 1))
            painter.setPen(QColor(self._palette.muted))
            painter.drawText(QPointF(x + (place > 0) * 3, self._text_line), text)

    @property
    def _text_line(self) -> float:
        return self._middle - _HANDLE - 5

    def _draw_break_labels(self, painter: QPainter, metrics: QFontMetricsF) -> list[tuple[float, float]]:
        """Above each break how many are left out, the most first, where there is room; returns what is taken."""
        taken: list[tuple[float, float]] = []
        counted = [(sum(one.count for one in parts), x) for x, parts in self.breaks]
        for count, x in sorted(counted, reverse=True):
            text = f"+{count}" if count else ""
            width = metrics.horizontalAdvance(text)
            left = max(0.0, min(x - width / 2, self.width() - width))
            if text and is_free(taken, left, left + width):
                painter.setPen(QColor(self._palette.muted))
                painter.drawText(QPointF(left, self._text_line), text)
                taken.append((left, left + width))
        return taken

    def _draw_flags(self, painter: QPainter) -> None:
        """A pennant on a pole, its foot on the line."""
        painter.setPen(QPen(QColor(self._palette.ink), 1.4))
        painter.setBrush(QColor(self._palette.ink))
        for stop in sorted(self._track.stops):
            x, top = self.x_of(stop), self._middle - _HANDLE - 9
            painter.drawLine(QPointF(x, self._middle - _THICK / 2), QPointF(x, top))
            painter.drawPolygon(QPolygonF([QPointF(x, top), QPointF(x + 7, top + 3), QPointF(x, top + 6)]))

    def _draw_handle(self, painter: QPainter) -> None:
        centre = QPointF(self.x_of(self.value() - 1 + self._progress), self._middle)
        color = QColor(self._color(self._kind_at(self.value()), passed=True))
        if self.hasFocus():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(mix(self._palette.ground, color.name(), 0.35)))
            painter.drawEllipse(centre, _HANDLE + 4, _HANDLE + 4)
        painter.setPen(QPen(color, 3))
        painter.setBrush(QColor(self._palette.panel))
        painter.drawEllipse(centre, _HANDLE, _HANDLE)

    def _draw_hover(self, painter: QPainter) -> None:
        if self._hovered is not None:
            x = self.x_of(self._hovered)
            painter.setPen(QPen(QColor(self._palette.ink), 1.5))
            painter.drawLine(QPointF(x, self._middle - _THICK), QPointF(x, self._middle + _THICK))

    def _kind_at(self, step: int) -> Kind:
        stretches = self._track.stretches
        place = bisect_right(stretches, step, key=lambda one: one.first) - 1
        return stretches[place].kind if place >= 0 and step < stretches[place].end else "other"

    def _color(self, kind: Kind, *, passed: bool) -> str:
        colors = {
            "forward": self._palette.value,
            "backward": self._palette.gradient,
            "other": self._palette.muted,
        }
        return colors[kind] if passed else mix(self._palette.ground, colors[kind], 0.3)

    def _text_color(self, kind: Kind) -> str:
        texts = {"forward": self._palette.value_text, "backward": self._palette.gradient_text}
        return texts.get(kind, self._palette.muted)

    # Qt's own

    def sizeHint(self) -> QSize:
        return QSize(320, round(self._pixels * 1.5 + 2 * _HANDLE + 10))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._passed.isNull():
            self._draw_layers()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = round(self.x_of(self.value() - 1 + self._progress))
        painter.setClipRect(QRect(0, 0, place, self.height()))
        painter.drawPixmap(0, 0, self._passed)
        painter.setClipRect(QRect(place, 0, self.width() - place, self.height()))
        painter.drawPixmap(0, 0, self._ahead)
        painter.setClipping(False)
        if self._track.count:
            self._draw_hover(painter)
            self._draw_handle(painter)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._forget_drawing()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.EnabledChange, QEvent.Type.DevicePixelRatioChange):
            self._forget_drawing()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._ask(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(x)
        self._hover(self._step_meant(x) if self._track.count else None)
        if self._hovered is not None:
            parts = self.break_at(x)
            text = self._describe(self._hovered) if len(parts) < 2 else self._describe_breaks(parts)
            QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned and self._track.count:
            self.step_asked.emit(
                max(-1, min(self.value() - (1 if turned > 0 else -1), self._track.count - 1))
            )
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self.move_asked.emit(-1)
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self.move_asked.emit(1)
            case Qt.Key.Key_Home:
                self.step_asked.emit(-1)
            case Qt.Key.Key_End:
                self.step_asked.emit(self._track.count - 1)
            case Qt.Key.Key_PageDown:
                self.mark_asked.emit(1)
            case Qt.Key.Key_PageUp:
                self.mark_asked.emit(-1)
            case Qt.Key.Key_BracketRight:
                self.speed_asked.emit(1)
            case Qt.Key.Key_BracketLeft:
                self.speed_asked.emit(-1)
            case Qt.Key.Key_Space:
                self.play_asked.emit()
            case _:
                event.ignore()
