"""The legend under the graph: each colour and shape with its word, in lines as wide as the window allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tutor.i18n import _
from tutor.views.graph.face_paint import numbers_sign
from tutor.views.graph.fonts import text_width
from tutor.views.graph.legend_signs import (
    behind_sign,
    block_sign,
    ghost_sign,
    lock_sign,
    pin_sign,
    python_sign,
)
from tutor.views.graph.letters import FONT_CHANGES, text_pixels
from tutor.views.graph.paint import Inks, arrowhead, dotted, hook, leaf, pen, snowflake, write
from tutor.views.theme import TEXT_PIXELS, Palette

_ROW = 22
_SIGN = 34.0
_GAP = 16.0
_PAD = 10.0
_PANE = 430
"""A lower pane hides its legend by itself; with larger letters a higher one does."""
_SHARE = 7
"""It takes no more than this part of the pane."""

Extra = Literal[
    "frozen", "hook", "create_graph", "pin", "lock", "behind", "python", "ghost", "sheet", "block"
]
Draw = Callable[[QPainter, QRectF, Inks], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A sign and its meaning."""

    draw: Draw
    text: str

    @property
    def width(self) -> float:
        return _SIGN + 6 + text_width("small", self.text) + _GAP


class Legend(QWidget):
    """What the picture's lines and shapes mean."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(palette)
        self._entries: tuple[Entry, ...] = ()
        self._extras: frozenset[Extra] = frozenset()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.retranslate()

    def retranslate(self) -> None:
        self._entries = (
            Entry(_value_sign, _("values")),
            Entry(_gradient_sign, _("gradients come back")),
            Entry(_laid_sign, _("return lane, laid while it is tracked")),
            Entry(_leaf_sign, _("leaf: keeps its .grad")),
            Entry(_box_sign, _("not a leaf: gradients pass")),
            Entry(_circle_sign, _("operation")),
            Entry(_tab_sign, _("its grad_fn node")),
            Entry(_zone_sign, _("no_grad: not tracked")),
        )
        self._entries += tuple(entry for extra, entry in _rarer().items() if extra in self._extras)
        self.setAccessibleName(_("Legend"))
        self.setAccessibleDescription(", ".join(entry.text for entry in self._entries))
        self._fit()

    def apply_theme(self, palette: Palette) -> None:
        self._inks = Inks(palette)
        self.update()

    def explain(self, extras: frozenset[Extra]) -> None:
        """Which of the rarer signs are in this run's picture."""
        if extras != self._extras:
            self._extras = extras
            self.retranslate()

    @property
    def _scale(self) -> float:
        """It is drawn for letters of the usual size, and grows with them."""
        return text_pixels(self) / TEXT_PIXELS

    def suits(self, pane: QWidget) -> bool:
        """Takes its height for a pane of this size; False where a low one keeps its height for the picture."""
        height = self.height_at(pane.width())
        self.setFixedHeight(height)
        return pane.height() >= max(_PANE * text_pixels(pane) / TEXT_PIXELS, _SHARE * height)

    def height_at(self, width: int) -> int:
        """How high it is in a pane of this width."""
        return round((len(self.lines(width)) * _ROW + 8) * self._scale)

    def lines(self, width: int | None = None) -> list[list[Entry]]:
        """The entries as they break at this width, its own if none is given."""
        width = self.width() if width is None else width
        lines: list[list[Entry]] = [[]]
        used = 0.0
        for entry in self._entries:
            if lines[-1] and used + entry.width - _GAP > width / self._scale - 2 * _PAD:
                lines.append([])
                used = 0.0
            lines[-1].append(entry)
            used += entry.width
        return lines

    def _fit(self) -> None:
        self.setFixedHeight(self.height_at(self.width()))
        self.update()

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(400, round((_ROW + 8) * self._scale))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in FONT_CHANGES:
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._inks.ground)
        painter.setPen(pen(self._inks.faint, 1.0))
        painter.drawLine(QPointF(0, 0.5), QPointF(self.width(), 0.5))
        painter.scale(self._scale, self._scale)
        for row, line in enumerate(self.lines()):
            x = _PAD
            for entry in line:
                sign = QRectF(x, 4 + row * _ROW, _SIGN, _ROW)
                entry.draw(painter, sign, self._inks)
                place = QRectF(sign.right() + 6, sign.top(), entry.width, _ROW)
                write(painter, place, entry.text, role="small", colour=self._inks.muted)
                x += entry.width


def _rarer() -> dict[Extra, Entry]:
    """What is only explained where it is in the picture."""
    return {
        "sheet": Entry(numbers_sign, _("hatched: negative; dot: zero")),
        "pin": Entry(pin_sign, _("saved tensor; red once it was changed")),
        "lock": Entry(lock_sign, _("retain_graph: it stays saved")),
        "behind": Entry(behind_sign, _("changed behind autograd's back")),
        "python": Entry(python_sign, _("leaves autograd: no gradient")),
        "ghost": Entry(ghost_sign, _("the same leaf, beside a far use")),
        "block": Entry(block_sign, _("closed group: double click opens it")),
        "create_graph": Entry(_graph_sign, _("create_graph: the gradient's own graph")),
        "hook": Entry(_hook_sign, _("a hook ran")),
        "frozen": Entry(_frozen_sign, _("frozen: gets no gradient")),
    }


def _value_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.value, 1.9))
    painter.drawLine(
        QPointF(rect.left() + 2, rect.center().y()), QPointF(rect.right() - 8, rect.center().y())
    )
    arrowhead(painter, QPointF(rect.right() - 1, rect.center().y()), (1.0, 0.0), inks.value)


def _gradient_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.gradient, 2.4))
    painter.drawLine(
        QPointF(rect.left() + 8, rect.center().y()), QPointF(rect.right() - 2, rect.center().y())
    )
    arrowhead(painter, QPointF(rect.left() + 1, rect.center().y()), (-1.0, 0.0), inks.gradient)


def _laid_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(dotted(inks.gradient, 2.0))
    painter.drawLine(
        QPointF(rect.left() + 8, rect.center().y()), QPointF(rect.right() - 2, rect.center().y())
    )
    arrowhead(painter, QPointF(rect.left() + 1, rect.center().y()), (-1.0, 0.0), inks.gradient)


def _leaf_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.leaf, 2.6))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(_middle(rect, 26, 14), 4, 4)
    leaf(painter, QRectF(rect.center().x() - 4, rect.center().y() - 4, 8, 8), inks.leaf, filled=True)


def _box_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.faint, 1.5))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(_middle(rect, 26, 14), 4, 4)


def _circle_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.value, 1.9))
    painter.setBrush(inks.panel)
    painter.drawEllipse(_middle(rect, 16, 16))


def _tab_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.gradient, 1.4))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(_middle(rect, 26, 12), 3, 3)


def _zone_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(dotted(inks.muted, 1.2))
    painter.setBrush(QBrush(inks.faded("muted", 0.5), Qt.BrushStyle.BDiagPattern))
    painter.drawRoundedRect(_middle(rect, 26, 14), 4, 4)


def _graph_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(dotted(inks.gradient, 1.2))
    painter.setBrush(inks.faded("gradient", 0.12))
    painter.drawRoundedRect(_middle(rect, 26, 14), 4, 4)


def _hook_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    hook(painter, rect.center(), inks.special_text)


def _frozen_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.value, 1.4))
    painter.setBrush(inks.panel)
    painter.drawEllipse(_middle(rect, 19, 19))
    snowflake(painter, rect.center(), inks.value)


def _middle(rect: QRectF, width: float, height: float) -> QRectF:
    return QRectF(rect.center().x() - width / 2, rect.center().y() - height / 2, width, height)
