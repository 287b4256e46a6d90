"""An open group on the canvas: a light frame around its items, with a tab that names and closes it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from tutor.trace.picture import Group
from tutor.views.graph.block import sign
from tutor.views.graph.blocks import PAD, SIGN, TAB, tab_width
from tutor.views.graph.items import DETAIL, GraphItem
from tutor.views.graph.paint import Inks, pen, write
from tutor.views.group_words import frame_name, frame_title, group_tip, group_title

_RADIUS = 12.0
_LOWEST = -40.0
_FREE = 50.0
"""So far down nothing stands in a frame."""


@dataclass(frozen=True, slots=True)
class FrameLook:
    """How a frame stands in the step."""

    present: bool = False
    lit: bool = False
    backward: bool = False
    selected: bool = False
    hovered: bool = False


class FrameItem(GraphItem):
    """One open group; only its tab takes the pointer."""

    frame: Group

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.rect = QRectF()
        self.standing = FrameLook()
        self.hide()

    def bind(self, frame: Group, rect: QRectF) -> None:
        """Stands for this group from now on."""
        self.frame, self.rect = frame, rect
        self.name = frame_name(frame)
        self.setZValue(_LOWEST + frame.depth)
        self.set_room(rect.adjusted(-4, -4, 4, 4))
        self.update()

    def set_rect(self, rect: QRectF) -> None:
        """Stands there while it is on its way."""
        self.set_room(rect.adjusted(-4, -4, 4, 4))
        self.rect = rect
        self.update()

    def set_standing(self, standing: FrameLook) -> None:
        if standing == self.standing:
            return
        self.standing = standing
        self.setVisible(standing.present)
        self.update()

    def rest(self) -> None:
        super().rest()
        self.standing = FrameLook()

    @property
    def tab(self) -> QRectF:
        """The tab at its upper left corner."""
        return QRectF(
            self.rect.topLeft(), QPointF(self.rect.left() + self._tab_width(), self.rect.top() + TAB)
        )

    def closes_at(self, place: QPointF) -> bool:
        """Whether the − lies here."""
        tab = self.tab
        return QRectF(tab.left(), tab.top(), SIGN + 8, tab.height()).contains(place)

    def tip_at(self, place: QPointF) -> str:
        return group_tip(self.frame, None)

    def _tab_width(self) -> float:
        return min(tab_width(self.frame), self.rect.width())

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.tab)
        return path

    def draw(self, painter: QPainter, detail: float) -> None:
        inks, look = self.inks, self.standing
        colour = (inks.gradient if look.backward else inks.value) if look.lit else inks.faint
        if look.selected or look.hovered:
            colour = inks.value if look.selected else inks.muted
        painter.setPen(pen(colour, 1.8 if look.lit or look.selected else 1.2))
        painter.setBrush(inks.faded("zone", 0.28))
        painter.drawRoundedRect(self.rect, _RADIUS, _RADIUS)
        tab = self.tab
        path = QPainterPath()
        path.moveTo(tab.left(), tab.bottom())
        path.lineTo(tab.left(), tab.top() + _RADIUS)
        path.quadTo(tab.topLeft(), tab.topLeft() + QPointF(_RADIUS, 0))
        path.lineTo(tab.right() - 8, tab.top())
        path.lineTo(tab.right(), tab.bottom())
        path.closeSubpath()
        painter.setBrush(inks.gradient_soft if look.lit and look.backward else inks.zone)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPath(path)
        if detail < DETAIL:
            self._title_from_afar(painter)
            return
        sign(painter, QPointF(tab.left() + PAD, tab.center().y()), inks.muted, inks, plus=False)
        room = tab.adjusted(PAD + SIGN / 2 + 3, 0, -PAD / 2, 0)
        write(painter, room, frame_title(self.frame), role="strong", colour=inks.ink)

    def _title_from_afar(self, painter: QPainter) -> None:
        """As large as can be read, in the row above the items; left out where that is too low."""
        row = QRectF(self.rect.left() + PAD, self.rect.top() + 2, self.rect.width() - 2 * PAD, _FREE)
        write(painter, row, group_title(self.frame), role="strong", colour=self.inks.muted)
