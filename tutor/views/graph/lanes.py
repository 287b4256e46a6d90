"""Lanes and chips on the canvas: values go right on the upper line, gradients come back on the lower one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from tutor.i18n import _
from tutor.trace.picture import Lane, LaneState, Shown
from tutor.views.graph.extents import card_size
from tutor.views.graph.face_paint import CHIP_HEIGHT, draw_mini, mini_room
from tutor.views.graph.faces import mini_size
from tutor.views.graph.items import DETAIL, GraphItem
from tutor.views.graph.lane_count import count_lines, draw_count, thickness
from tutor.views.graph.motion import STILL, LaneFrame
from tutor.views.graph.paint import Inks, arrowhead, chip, chip_size, dotted, pen, polyline
from tutor.views.graph.paint import card as draw_card
from tutor.views.graph.paths import Curve
from tutor.views.graph.values import Cells, card, inline, tooltip

_ARROW = 9.0
_SPOT = 8.0
_LONG = 2000.0
"""Of longer lanes only the part in sight is drawn."""
_STUB = 0.42
"""A cut return lane reaches this far."""


@dataclass(frozen=True, eq=False)
class LaneCurves:
    """The centre line and its two parallels."""

    centre: Curve
    value: Curve
    gradient: Curve
    down: bool = False

    def shares(self, rect: QRectF) -> tuple[float, float]:
        """Between which shares of its length the lane may be inside the rectangle: values never run backwards."""
        low, high = (rect.top(), rect.bottom()) if self.down else (rect.left(), rect.right())
        along = self.centre.points[:, 1 if self.down else 0]
        if self.centre.length == 0 or low > along[-1] or high < along[0]:
            return 0.0, 0.0
        places = np.interp((low, high), along, self.centre.lengths) / self.centre.length
        return float(places[0]), float(places[1])

    @property
    def ahead(self) -> tuple[float, float]:
        """The direction in which values arrive."""
        return (0.0, 1.0) if self.down else (1.0, 0.0)


class LaneItem(GraphItem):
    """Both lines of one dependence."""

    lane: Lane
    curves: LaneCurves

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.state: LaneState | None = None
        self.frame = STILL
        self._exposed = QRectF()
        self.setZValue(1)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def bind(self, lane: Lane, curves: LaneCurves) -> None:
        """Stands for this dependence from now on: a new one, or the same place in another iteration."""
        self.lane = lane
        self.curves = curves
        self.state = None
        self.set_room(_bounds(curves))

    def set_state(self, state: LaneState, frame: LaneFrame) -> None:
        if (state is self.state or state == self.state) and (frame is self.frame or frame == self.frame):
            return
        self.state = state
        self.frame = frame
        self.setVisible(state.present)
        self.setZValue(2 if frame.strong else 1)
        self.update()

    def tip_at(self, place: QPointF) -> str:
        state = self.state
        if state is None:
            return ""
        lines = count_lines(self.lane)
        lines += [] if state.value is None else [_("value {value}").format(value=tooltip(state.value))]
        if not self.lane.returns:
            lines.append(_("No return lane: no gradient will come back here"))
        elif state.gradient is None:
            lines.append(_("Return lane: no gradient has come back yet"))
        else:
            lines.append(_("gradient {value}").format(value=tooltip(state.gradient)))
        return "\n".join(lines)

    # Qt

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(18)
        return stroker.createStroke(polyline(self.curves.centre.points.tolist()))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        self._exposed = option.exposedRect
        super().paint(painter, option, widget)

    def draw(self, painter: QPainter, detail: float) -> None:
        state, frame = self.state, self.frame
        if state is None:
            return
        self._value_line(painter, frame)
        if detail >= DETAIL and frame.drawn >= 1.0:
            draw_count(painter, self.curves.value, self.lane, self.inks)
        if self.lane.returns and state.laid and frame.laid > 0:
            self._return_line(painter, frame, travelled=state.gradient is not None)
        elif self.lane.cut == "detach" and frame.drawn >= 1.0:
            self._buffer_stop(painter)

    def _value_line(self, painter: QPainter, frame: LaneFrame) -> None:
        curve, colour = self.curves.value, self.inks.value
        complete = frame.drawn >= 1.0
        end = 1.0 - (_ARROW - 2) / max(curve.length, 1.0) if complete else frame.drawn
        self._stroke(painter, curve, 0.0, end, pen(colour, 1.9 * thickness(self.lane)))
        if complete:
            arrowhead(painter, QPointF(*curve.at(1.0)), self.curves.ahead, colour, size=_ARROW)

    def _return_line(self, painter: QPainter, frame: LaneFrame, *, travelled: bool) -> None:
        """Dotted where it is laid, solid from the node towards the input as far as the gradient has travelled."""
        curve, colour = self.curves.gradient, self.inks.gradient
        start = (_ARROW - 2) / max(curve.length, 1.0)
        solid = frame.solid if travelled else 0.0
        border = 1.0 - solid
        if border > start:
            self._stroke(painter, curve, max(1.0 - frame.laid, start), border, dotted(colour, 2.0))
        if solid > 0:
            self._stroke(painter, curve, max(border, start), 1.0, pen(colour, 3.6 if frame.strong else 2.3))
        if frame.laid >= 1.0:
            size = _ARROW + 3 if solid >= 1.0 and frame.strong else _ARROW
            x, y = self.curves.ahead
            arrowhead(painter, QPointF(*curve.at(0.0)), (-x, -y), colour, size=size)

    def _stroke(self, painter: QPainter, curve: Curve, start: float, end: float, line: QPen) -> None:
        """Only what is to be seen: dots along a lane of a thousand columns take seconds."""
        if curve.length > _LONG:
            near = self._exposed.adjusted(-_LONG / 4, -_LONG / 4, _LONG / 4, _LONG / 4)
            first, last = self.curves.shares(near)
            whole, start, end = start, max(start, first), min(end, last)
            if line.style() != Qt.PenStyle.SolidLine:
                # On a solid pen this makes dashes of no length: nothing is drawn.
                line.setDashOffset((start - whole) * curve.length / line.widthF())
        painter.setPen(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(polyline(curve.part(start, end).tolist()))

    def _buffer_stop(self, painter: QPainter) -> None:
        """The return lane ends in a buffer stop: nothing gets past it to the input."""
        curve, colour = self.curves.gradient, self.inks.gradient
        place = 1.0 - _STUB
        self._stroke(painter, curve, place, 1.0, dotted(colour, 2.0))
        points, normals = curve.stations((place,))
        (x, y), (normal_x, normal_y) = points[0].tolist(), normals[0].tolist()
        painter.setPen(pen(colour, 4.0))
        side = -1 if self.curves.down else 1
        near = QPointF(x - side * normal_x * 2, y - side * normal_y * 2)
        far = QPointF(x + side * normal_x * 10, y + side * normal_y * 10)
        painter.drawLine(near, far)


class ChipItem(GraphItem):
    """A number that waits beside its lane: the value of a tensor without a name, or the gradient that came back."""

    def __init__(self, inks: Inks, *, gradient: bool) -> None:
        super().__init__(inks)
        self.gradient = gradient
        self.filled = False
        self.text = ""
        self.table: Cells | None = None
        self.shown: Shown | None = None
        self.setZValue(5)
        self.hide()

    def set_shown(self, shown: Shown | None) -> None:
        """Nothing to show hides it."""
        if shown is self.shown or shown == self.shown:
            return
        self.shown = shown
        self.setVisible(shown is not None)
        if shown is None:
            return
        self.text = inline(shown)
        self.table = card(shown)
        width, height = mini_room(shown.shape) or _chip_room(self.text, self.table)
        self.set_room(QRectF(-width / 2 - 2, -height / 2 - 2, width + 4, height + 4))
        self.name = self.text
        self.update()

    def rest(self) -> None:
        self.set_shown(None)
        super().rest()

    def tip_at(self, place: QPointF) -> str:
        if self.shown is None:
            return ""
        words = _("gradient {value}") if self.gradient else _("value {value}")
        return words.format(value=tooltip(self.shown))

    def draw(self, painter: QPainter, detail: float) -> None:
        rect = self._room.adjusted(2, 2, -2, -2)
        if detail < DETAIL:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.inks.gradient if self.gradient else self.inks.value)
            painter.drawEllipse(rect.center(), _SPOT, _SPOT)
            return
        if self.shown is not None and mini_size(self.shown.shape) is not None:
            draw_mini(painter, rect, self.shown, self.inks, gradient=self.gradient, filled=self.filled)
        elif self.table is not None:
            draw_card(painter, rect, self.table, self.inks, gradient=self.gradient, filled=self.filled)
        else:
            chip(painter, rect, self.text, self.inks, gradient=self.gradient, filled=self.filled)


def _chip_room(text: str, table: Cells | None) -> tuple[float, float]:
    if table is None:
        return chip_size(text), CHIP_HEIGHT
    longest = max(len(cell) for row in table.texts for cell in row)
    return card_size(table.rows, table.columns, longest)


def _bounds(curves: LaneCurves) -> QRectF:
    points = curves.centre.points
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return QRectF(left, top, right - left, bottom - top).adjusted(-16, -16, 16, 16)
