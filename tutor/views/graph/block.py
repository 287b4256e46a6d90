"""A closed group on the canvas: a block with cut corners, its name and size, and how much of it has run, there and back."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from tutor.trace.picture import BlockState, Group
from tutor.views.graph.blocks import BARS, FACTS, HEAD, NORM, PAD, SHEET, SIGN, TYPE, BlockAnatomy
from tutor.views.graph.fonts import metrics, text_width
from tutor.views.graph.items import DETAIL, GraphItem, halo
from tutor.views.graph.paint import (
    CENTRE,
    RIGHT,
    Inks,
    cross,
    dashed,
    number_ink,
    pen,
    tick,
    write,
    written_width,
)
from tutor.views.group_words import (
    facts,
    group_name,
    group_tip,
    group_title,
    group_type,
    norm_text,
    short_titles,
    times,
)

_CORNER = 9.0
_BAR = 5.0


class BlockItem(GraphItem):
    """One closed group."""

    block: Group
    anatomy: BlockAnatomy

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.state: BlockState | None = None
        self.setZValue(3)

    def bind(self, block: Group, anatomy: BlockAnatomy) -> None:
        """Stands for this group from now on: a new one, or the same place in another iteration."""
        self.block = block
        self.anatomy = anatomy
        self.state = None
        self.set_room(anatomy.footprint.adjusted(-10, -10, 10, 10))

    def set_state(self, state: BlockState) -> None:
        if state is self.state or state == self.state:
            return
        self.state = state
        self.setVisible(state.present)
        self.name = group_name(self.block, state)
        self.update()

    def tip_at(self, place: QPointF) -> str:
        return group_tip(self.block, self.state)

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.anatomy.footprint)
        return path

    def draw(self, painter: QPainter, detail: float) -> None:
        state, body = self.state, self.anatomy.body
        if state is None:
            return
        halo(painter, outline(body), self.inks, self.look)
        self._body(painter, state, detail)
        if detail < DETAIL:
            self._from_afar(painter, state)
            return
        self._head(painter, state)
        self._rows(painter, state)
        self._bars(painter, state, _bars_rect(body))

    def _body(self, painter: QPainter, state: BlockState, detail: float) -> None:
        inks, body = self.inks, self.anatomy.body
        line = self._line(state)
        for sheet in range(self.anatomy.sheets, 0, -1):
            off = sheet * SHEET
            painter.setPen(QPen(line.color(), 1.3))
            painter.setBrush(inks.zone)
            painter.drawPath(outline(body.translated(off, -off)))
        painter.setPen(line)
        painter.setBrush(self._fill(state, detail))
        painter.drawPath(outline(body))

    def _fill(self, state: BlockState, detail: float) -> QColor:
        """From afar, where its corners cannot be seen, it is all as its head is."""
        if self._works_backward(state):
            return self.inks.gradient_soft
        return self.inks.zone if detail < DETAIL else self.inks.panel

    def _line(self, state: BlockState) -> QPen:
        inks = self.inks
        if state.phase == "failed":
            return pen(inks.error, 2.8)
        if self.look.working or state.phase == "running":
            return pen(inks.gradient if self._works_backward(state) else inks.value, 3.2)
        if state.phase == "used":
            return dashed(inks.muted, 1.5)
        return pen(inks.muted, 1.7)

    def _works_backward(self, state: BlockState) -> bool:
        return state.phase == "running"

    def _head(self, painter: QPainter, state: BlockState) -> None:
        """The band with the name, how many there are, and the + that opens it."""
        inks, body = self.inks, self.anatomy.body
        height = HEAD + (TYPE if group_type(self.block) else 0.0)
        painter.save()
        painter.setClipPath(outline(body.adjusted(1, 1, -1, -1)), Qt.ClipOperation.IntersectClip)
        band = QRectF(body.left(), body.top(), body.width(), height)
        painter.fillRect(band, inks.gradient_soft if self._works_backward(state) else inks.zone)
        painter.restore()
        row = QRectF(body.left() + PAD, body.top() + 2, body.width() - 2 * PAD, HEAD - 2)
        sign(painter, sign_rect(body).center(), inks.ink, inks, plus=True)
        count = times(self.block)
        free = row.adjusted(0, 0, -SIGN - 4, 0)
        if count:
            write(painter, free, count, role="title", colour=inks.value_text, align=RIGHT)
            free = free.adjusted(0, 0, -text_width("title", count) - 8, 0)
        write_cut(painter, free, group_title(self.block), inks.ink)
        if group_type(self.block):
            below = QRectF(row.left(), body.top() + HEAD - 3, row.width(), TYPE)
            write(painter, below, group_type(self.block), role="small", colour=inks.muted)

    def _rows(self, painter: QPainter, state: BlockState) -> None:
        inks, body = self.inks, self.anatomy.body
        top = body.top() + HEAD + (TYPE if group_type(self.block) else 0.0)
        row = QRectF(body.left() + PAD, top + 1, body.width() - 2 * PAD, FACTS)
        write(painter, row, facts(self.block), role="small", colour=inks.muted)
        if self.block.leaves:
            row = QRectF(row.left(), top + FACTS, row.width(), NORM)
            known = state.norm is not None or state.covered
            write(painter, row, "‖.grad‖", role="code", colour=inks.gradient_text if known else inks.muted)
            text = norm_text(state)
            colour = number_ink(text, inks, gradient=True) if known else inks.muted
            write(painter, row, text, role="number_strong" if known else "number", colour=colour, align=RIGHT)
        corner = QPointF(body.right() - 12, row.bottom() + 8)
        if state.phase == "failed":
            cross(painter, corner, inks.error)
        elif state.phase == "done" and state.nodes and state.ran >= state.nodes:
            tick(painter, corner, inks.gradient)

    def _bars(self, painter: QPainter, state: BlockState, rect: QRectF) -> None:
        """What has run: forward from the left in blue, backward from the right in vermilion."""
        inks = self.inks
        upper = QRectF(rect.left(), rect.top(), rect.width(), _BAR)
        _bar(painter, upper, state.made / max(self.block.operations, 1), inks.value, inks)
        if state.nodes:
            lower = upper.translated(0, _BAR + 2)
            _bar(painter, lower, state.ran / state.nodes, inks.gradient, inks, leftwards=True)

    def _from_afar(self, painter: QPainter, state: BlockState) -> None:
        """The name as large as can be read, over the bars."""
        body = self.anatomy.body
        room = body.adjusted(5, 4, -5, -BARS - 2)
        texts = short_titles(self.block)
        fitting = (text for text in texts if written_width(painter, "name", text) <= room.width())
        text = next(fitting, texts[-1])
        write(painter, room, text, role="name", colour=self.inks.ink, align=CENTRE)
        self._bars(painter, state, _bars_rect(body))


def outline(body: QRectF, cut: float = _CORNER) -> QPainterPath:
    """A rectangle with cut corners: no tensor's box has them."""
    left, top, right, bottom = body.left(), body.top(), body.right(), body.bottom()
    path = QPainterPath()
    path.addPolygon(
        QPolygonF(
            [
                QPointF(left + cut, top),
                QPointF(right - cut, top),
                QPointF(right, top + cut),
                QPointF(right, bottom - cut),
                QPointF(right - cut, bottom),
                QPointF(left + cut, bottom),
                QPointF(left, bottom - cut),
                QPointF(left, top + cut),
            ]
        )
    )
    path.closeSubpath()
    return path


def sign_rect(body: QRectF) -> QRectF:
    """Of the + in the upper right corner."""
    return QRectF(body.right() - PAD - SIGN + 5, body.top() + (HEAD - SIGN) / 2, SIGN, SIGN)


def sign(painter: QPainter, centre: QPointF, colour: QColor, inks: Inks, *, plus: bool) -> None:
    """A small square with + or −."""
    square = QRectF(centre.x() - 7.5, centre.y() - 7.5, 15, 15)
    painter.setPen(pen(colour, 1.2))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(square, 3, 3)
    painter.setPen(pen(colour, 1.7))
    painter.drawLine(centre + QPointF(-3.6, 0), centre + QPointF(3.6, 0))
    if plus:
        painter.drawLine(centre + QPointF(0, -3.6), centre + QPointF(0, 3.6))


def write_cut(painter: QPainter, rect: QRectF, text: str, colour: QColor) -> None:
    """A title, cut in the middle where it is too long."""
    if text_width("title", text) > rect.width() + 1:
        text = metrics("title").elidedText(text, Qt.TextElideMode.ElideMiddle, rect.width())
    write(painter, rect, text, role="title", colour=colour)


def _bars_rect(body: QRectF) -> QRectF:
    return QRectF(body.left() + PAD, body.bottom() - BARS + 2, body.width() - 2 * PAD - 12, 2 * _BAR + 2)


def _bar(
    painter: QPainter, rect: QRectF, share: float, colour: QColor, inks: Inks, *, leftwards: bool = False
) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.faded("faint", 0.55))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    if share <= 0:
        return
    filled = QRectF(rect)
    filled.setWidth(max(rect.width() * min(share, 1.0), rect.height()))
    if leftwards:
        filled.moveRight(rect.right())
    painter.setBrush(colour)
    painter.drawRoundedRect(filled, rect.height() / 2, rect.height() / 2)
