"""One card of the start page: a sign, a title, a line below, and how far one has got. The whole card is the button."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from tutor.views.fonts import Weight, sans
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette, icon, mix

_MARGIN = 14.0
_BADGE = 38.0


@dataclass(frozen=True, slots=True)
class CardText:
    """What a card says. `share` (0 to 1) is drawn as a bar; None draws no bar. `sign` is an icon's name or a number."""

    title: str
    line: str
    sign: str
    share: float | None = None
    inviting: bool = False
    """The one to go on with: its border has the accent colour."""


class HomeCard(QAbstractButton):
    """Paints itself; pressed by click, Space or Return."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = CardText("", "", "")
        self._palette = LIGHT
        self._pixels = 13
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text_shown(self) -> CardText:
        return self._text

    def set_text(self, text: CardText) -> None:
        self._text = text
        self.setText(text.title)
        self.setAccessibleName(f"{text.title}. {text.line}")
        self.updateGeometry()
        self.update()

    def apply_theme(self, palette: Palette, pixels: int) -> None:
        self._palette, self._pixels = palette, pixels
        self.updateGeometry()
        self.update()

    # Qt's own

    def sizeHint(self) -> QSize:
        bar = 14 if self._text.share is not None else 0
        return QSize(round(self._pixels * 21), round(max(self._pixels * 3.1, _BADGE) + 2 * _MARGIN) + bar)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter)
        self._draw_sign(painter)
        self._draw_words(painter)
        if self._text.share is not None:
            self._draw_share(painter, self._text.share)
        painter.end()

    def _draw_ground(self, painter: QPainter) -> None:
        colors, lit = self._palette, self.underMouse() or self.hasFocus()
        border = (
            colors.value
            if self._text.inviting or self.hasFocus()
            else mix(colors.faint, colors.muted, 0.3 * lit)
        )
        painter.setPen(QPen(QColor(border), 2.0 if self.hasFocus() else 1.2))
        painter.setBrush(QColor(mix(colors.panel, colors.value, 0.05 if lit else 0.0)))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 11, 11)

    def _draw_sign(self, painter: QPainter) -> None:
        colors = self._palette
        done = self._text.share is not None and self._text.share >= 1.0
        color = colors.leaf if done else colors.value
        circle = QRectF(_MARGIN, _MARGIN, _BADGE, _BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(mix(colors.panel, color, 0.14)))
        painter.drawEllipse(circle)
        if done or not self._text.sign.isdecimal():
            name = "check-bold" if done else self._text.sign
            inner = circle.adjusted(9, 9, -9, -9).toRect()
            icon(name, colors, color=color).paint(painter, inner)
            return
        painter.setPen(QColor(colors.value_text))
        painter.setFont(sans(self._pixels * 1.35, Weight.DemiBold))
        painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, self._text.sign)

    def _draw_words(self, painter: QPainter) -> None:
        left, pixels = _MARGIN + _BADGE + 12, self._pixels
        title, small = sans(pixels * 1.12, Weight.DemiBold), sans(max(pixels * 0.92, SMALLEST_PIXELS))
        top = QPointF(left, _MARGIN + pixels * 1.15)
        self._draw_line(painter, title, self._text.title, top, self._palette.ink)
        below = QPointF(left, _MARGIN + pixels * 2.75)
        self._draw_line(painter, small, self._text.line, below, self._palette.muted)

    def _draw_line(self, painter: QPainter, font: QFont, text: str, place: QPointF, color: str) -> None:
        painter.setFont(font)
        painter.setPen(QColor(color))
        room = self.width() - place.x() - _MARGIN
        painter.drawText(place, QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room))

    def _draw_share(self, painter: QPainter, share: float) -> None:
        colors = self._palette
        left = _MARGIN + _BADGE + 12
        line = QRectF(left, self.height() - _MARGIN - 4, self.width() - left - _MARGIN, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(mix(colors.panel, colors.faint, 0.7)))
        painter.drawRoundedRect(line, 2, 2)
        if share > 0:
            line.setWidth(max(line.width() * min(share, 1.0), 4))
            painter.setBrush(QColor(colors.leaf if share >= 1 else colors.value))
            painter.drawRoundedRect(line, 2, 2)
