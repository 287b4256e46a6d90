"""What is said beside the graph: the callout of the running node, the bands, the dotted `grad_fn` line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, assert_never

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPolygonF

from tutor.i18n import _
from tutor.trace.picture import Callout, Drawing
from tutor.views.graph.bands import Band, Twins, zone_label
from tutor.views.graph.drawing import draw_drawings, drawings_size, fitting
from tutor.views.graph.fonts import text_width
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lit import lit_runs, write_runs
from tutor.views.graph.paint import Inks, dotted, lock, pen, write

_LINE = 20.0
_CALLOUT_PAD = 14.0
_WIDEST = 400.0
_NARROWEST = 180.0
_PART = 0.66


class CalloutItem(GraphItem):
    """What the running node does, in numbers, with a pointer to it."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.callout: Callout | None = None
        self.lines: tuple[str, ...] = ()
        self.rect = QRectF()
        self.drawings: tuple[Drawing, ...] = ()
        self.progress = 1.0
        """How far the step is, for a drawing that moves with it."""
        self.magnified = 1.0
        """Against the zoom of the view, so that its text stays readable in a small picture."""
        self.tip = QPointF()
        self.setZValue(9)
        self.hide()

    def set_progress(self, progress: float) -> None:
        if progress != self.progress:
            self.progress = progress
            if self.drawings:
                self.update()

    def size_for(self, callout: Callout, pane: QSizeF) -> tuple[float, float]:
        """In a pane of this size its lines take no more than a good half; it draws what then still has room."""
        widest = min(max(_PART * pane.width() / self.magnified, _NARROWEST), _WIDEST)
        self.lines = wrapped(callout.lines, widest)
        widths = [text_width("title", callout.title), *(text_width("note", line) for line in self.lines)]
        height = 28 + _LINE * len(self.lines) + (8 if self.lines else 4)
        left = QSizeF(widest, _PART * pane.height() / self.magnified - height)
        self.drawings = fitting(callout.drawings, left)
        drawn = drawings_size(self.drawings)
        widths.append(drawn.width())
        height += drawn.height()
        return (max(widths) + 2 * _CALLOUT_PAD) * self.magnified, height * self.magnified

    def show_at(self, callout: Callout, rect: QRectF, ring: QRectF | None, parts: Sequence[QRectF]) -> None:
        """Stands in `rect`, of the size that `size_for` gave, and points at the circle or one of the parts."""
        self.callout = callout
        self.name = "\n".join((callout.title, *callout.lines))
        self.rect = rect
        self.tip = _tip(rect, ring, parts)
        self.set_room(_holding(rect, self.tip).adjusted(-6, -6, 6, 6))
        self.show()
        self.update()

    def draw(self, painter: QPainter, detail: float) -> None:
        if self.callout is None:
            return
        inks, rect = self.inks, self.rect
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.faded("ink", 0.07))
        painter.drawRoundedRect(rect.translated(1.5, 2.5), 10, 10)
        line, title = _callout_inks(inks, self.callout.about)
        painter.setPen(pen(line, 1.4))
        painter.setBrush(inks.panel)
        painter.drawPath(_balloon(rect, self.tip))
        painter.save()
        painter.translate(rect.topLeft())
        painter.scale(self.magnified, self.magnified)
        width = rect.width() / self.magnified - _CALLOUT_PAD
        head = QRectF(_CALLOUT_PAD, 6, width, 24)
        write(painter, head, self.callout.title, role="title", colour=title)
        for row, runs in enumerate(lit_runs(self.lines)):
            place = QRectF(head.left(), 29 + row * _LINE, width, _LINE)
            write_runs(painter, place, runs, role="note", colour=inks.ink, inks=inks)
        top = 29 + len(self.lines) * _LINE
        draw_drawings(painter, QPointF(head.left(), top), self.drawings, self.progress, inks)
        painter.restore()


def _callout_inks(inks: Inks, about: Literal["gradient", "value", "error"]) -> tuple[QColor, QColor]:
    """Of the outline and of the title."""
    match about:
        case "gradient":
            return inks.gradient, inks.gradient_text
        case "value":
            return inks.value, inks.value_text
        case "error":
            return inks.error, inks.error
        case _:
            assert_never(about)


def wrapped(lines: Sequence[str], widest: float) -> tuple[str, ...]:
    """Lines broken at spaces where they are too wide; what goes on is indented."""
    found: list[str] = []
    for line in lines:
        rest = ""
        for word in line.split(" "):
            longer = f"{rest} {word}" if rest.strip() else rest + word
            if rest.strip() and text_width("note", longer) > widest:
                found.append(rest)
                longer = f"    {word}"
            rest = longer
        found.append(rest)
    return tuple(found)


class ZoneItem(GraphItem):
    """The hatched band behind what ran under no_grad (or, with a lock, inference_mode); warm behind a gradient's graph."""

    def __init__(self, inks: Inks, band: Band) -> None:
        super().__init__(inks)
        self.band = band
        self._path = band.path
        self._locked = band.zone.kind == "inference"
        self.name = zone_label(band.zone)
        self.setZValue(-5)
        self.set_room(band.path.boundingRect().united(band.tag).adjusted(-2, -2, 2, 2))

    def shape(self) -> QPainterPath:
        return self._path

    def draw(self, painter: QPainter, detail: float) -> None:
        inks = self.inks
        warm = self.band.zone.kind == "create_graph"
        painter.setPen(dotted(inks.gradient if warm else inks.muted, 1.3))
        painter.setBrush(inks.faded("gradient", 0.07) if warm else inks.faded("zone", 0.55))
        painter.drawPath(self._path)
        painter.setPen(Qt.PenStyle.NoPen)
        if not warm:
            painter.setBrush(QBrush(inks.faded("muted", 0.22), Qt.BrushStyle.BDiagPattern))
            painter.drawPath(self._path)
        tag = QRectF(self.band.tag.topLeft(), QSizeF(text_width("tab", self.name) + 16, 20))
        painter.setBrush(inks.panel)
        painter.drawRoundedRect(tag, 6, 6)
        colour = inks.gradient_text if warm else inks.muted
        write(painter, tag.adjusted(8, 0, 0, 0), self.name, role="tab", colour=colour)
        if self._locked:
            lock(painter, QPointF(tag.right() + 12, tag.center().y()), inks.muted)


class SameMemoryItem(GraphItem):
    """The thin double line between a tensor and its detached twin."""

    def __init__(self, inks: Inks, twins: Twins) -> None:
        super().__init__(inks)
        self.twins = twins
        self._path = path = twins.path
        self.setZValue(0)
        self.name = _("same memory")
        self.set_room(path.boundingRect().adjusted(-6, -6, 6, 24))

    def draw(self, painter: QPainter, detail: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen(self.inks.muted, 4.2))
        painter.drawPath(self._path)
        painter.setPen(pen(self.inks.ground, 2.0))
        painter.drawPath(self._path)
        middle = self._path.pointAtPercent(0.5)
        text = _("same memory")
        width = text_width("small", text) + 10
        place = QRectF(middle.x() - width / 2, middle.y() - 9, width, 18)
        painter.fillRect(place, self.inks.ground)
        write(painter, place.adjusted(5, 0, 0, 0), text, role="small", colour=self.inks.muted)


class GradFnItem(GraphItem):
    """The dotted line from the selected tensor to the node that made it."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self._path = QPainterPath()
        self._place = QRectF()
        self.setZValue(4)
        self.name = "grad_fn"
        self.hide()

    def join(self, box: QRectF, tab: QRectF, *, down: bool = False) -> None:
        """From the lower edge of the box (`down`: its right one) to the side of the tab that it faces, in the scene."""
        before = box.right() < tab.left() and not down
        port = QPointF(tab.left() if before else tab.right(), tab.center().y())
        start = QPointF(box.right(), box.top() + 24) if down else QPointF(box.left() + 24, box.bottom())
        path = QPainterPath(start)
        if down:
            bend = max(start.x() + 34, port.x() + 20)
            path.cubicTo(QPointF(bend, start.y()), QPointF(bend, port.y()), port)
        else:
            bend = max(start.y() + 26, port.y())
            path.cubicTo(
                QPointF(start.x(), bend + 8), QPointF(port.x() + (-56 if before else 56), port.y()), port
            )
        self._path = path
        middle = path.pointAtPercent(0.45)
        width = text_width("code", "grad_fn") + 8
        self._place = QRectF(middle.x() - width / 2, middle.y() - 9, width, 18)
        self.set_room(path.boundingRect().united(self._place).adjusted(-6, -6, 6, 6))
        self.show()
        self.update()

    def draw(self, painter: QPainter, detail: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(dotted(self.inks.special, 2.4))
        painter.drawPath(self._path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.inks.ground)
        painter.drawRoundedRect(self._place, 4, 4)
        write(
            painter, self._place.adjusted(4, 0, 0, 0), "grad_fn", role="code", colour=self.inks.special_text
        )


def _tip(rect: QRectF, ring: QRectF | None, parts: Sequence[QRectF]) -> QPointF:
    """Where the pointer ends: on the circle or one of the parts, whichever is nearest."""
    middle = rect.center()
    tips = [_border(part.adjusted(-3, -3, 3, 3), middle) for part in parts]
    if ring is not None:
        reach = QLineF(ring.center(), middle)
        reach.setLength(ring.height() / 2 + 4)
        tips.append(reach.p2())
    return min(tips, key=lambda tip: QLineF(tip, _border(rect, tip)).length())


def _holding(rect: QRectF, point: QPointF) -> QRectF:
    """The rectangle enlarged to the point: `united` would pass over a rectangle without width and height."""
    return QRectF(
        QPointF(min(rect.left(), point.x()), min(rect.top(), point.y())),
        QPointF(max(rect.right(), point.x()), max(rect.bottom(), point.y())),
    )


def _border(rect: QRectF, point: QPointF) -> QPointF:
    """The point of the rectangle nearest to another one, off its corners."""
    inset_x, inset_y = min(10.0, rect.width() / 2), min(8.0, rect.height() / 2)
    x = min(max(point.x(), rect.left()), rect.right())
    y = min(max(point.y(), rect.top()), rect.bottom())
    if rect.left() < point.x() < rect.right():
        x = min(max(point.x(), rect.left() + inset_x), rect.right() - inset_x)
    elif rect.top() < point.y() < rect.bottom():
        y = min(max(point.y(), rect.top() + inset_y), rect.bottom() - inset_y)
    return QPointF(x, y)


def _balloon(rect: QRectF, tip: QPointF) -> QPainterPath:
    """A rounded rectangle that grows a pointer towards the tip."""
    body = QPainterPath()
    body.addRoundedRect(rect, 10, 10)
    middle = rect.center()
    if rect.left() <= tip.x() <= rect.right():
        x = min(max(tip.x(), rect.left() + 18), rect.right() - 18)
        y = rect.top() + 2 if tip.y() < middle.y() else rect.bottom() - 2
        foot = [QPointF(x - 7, y), tip, QPointF(x + 7, y)]
    else:
        y = min(max(tip.y(), rect.top() + 16), rect.bottom() - 16)
        x = rect.left() + 2 if tip.x() < middle.x() else rect.right() - 2
        foot = [QPointF(x, y - 7), tip, QPointF(x, y + 7)]
    pointer = QPainterPath()
    pointer.addPolygon(QPolygonF([*foot, foot[0]]))
    return body.united(pointer)
