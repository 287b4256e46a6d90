"""The tag at which a value leaves autograd: a plain Python number, or an index. No box, no tab, no return lane."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from tutor.i18n import _
from tutor.trace.picture import Circle, Shown
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import CENTRE, Inks, pen, write
from tutor.views.graph.values import inline

_POINT = 15.0
_PAD = 10.0
_HOLE = 3.2
_LEAST = 40.0


def tag_width(circle: Circle, term: float) -> float:
    """As wide as its texts; `term` is the longest value in pixels."""
    name = text_width("cell", f"{circle.binds} = ") if circle.binds else 0.0
    words = text_width("small", _words(circle))
    return max(name + term, words, _LEAST) + _POINT + 2 * _PAD


def tag_text(circle: Circle, told: Shown | None) -> str:
    """ "n = 14", or the numbers alone."""
    value = "…" if told is None else inline(told)
    return f"{circle.binds} = {value}" if circle.binds else value


def draw_tag(
    painter: QPainter, body: QRectF, circle: Circle, told: Shown | None, inks: Inks, *, working: bool
) -> None:
    """`working`: the value arrives in this step."""
    painter.setPen(pen(inks.value, 2.6) if working else pen(inks.muted, 1.5))
    painter.setBrush(inks.panel)
    painter.drawPath(tag_path(body))
    hole = QPointF(body.left() + _POINT, body.center().y())
    painter.setPen(pen(inks.muted, 1.3))
    painter.setBrush(inks.ground)
    painter.drawEllipse(hole, _HOLE, _HOLE)
    inner = body.adjusted(_POINT + _PAD - 2, 6, -_PAD + 2, -6)
    top = QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)
    write(painter, top, tag_text(circle, told), role="cell", colour=inks.value_text, align=CENTRE)
    below = top.translated(0, top.height())
    write(painter, below, _words(circle), role="small", colour=inks.muted, align=CENTRE)


def tag_path(body: QRectF) -> QPainterPath:
    """A luggage tag, its point towards the lane that ends here."""
    path = QPainterPath(QPointF(body.left(), body.center().y()))
    path.lineTo(body.left() + _POINT, body.top())
    path.lineTo(body.right() - 5, body.top())
    path.quadTo(body.topRight(), QPointF(body.right(), body.top() + 5))
    path.lineTo(body.right(), body.bottom() - 5)
    path.quadTo(body.bottomRight(), QPointF(body.right() - 5, body.bottom()))
    path.lineTo(body.left() + _POINT, body.bottom())
    path.closeSubpath()
    return path


def tag_sentence(circle: Circle) -> str:
    """For the hover and a screen reader."""
    if circle.symbol.startswith("arg"):
        return _("An index has no derivative: the value lane ends here, and no gradient comes back.")
    return _("A plain Python number: autograd knows nothing of what is computed with it.")


def _words(circle: Circle) -> str:
    what = circle.symbol if circle.symbol.startswith("arg") else "Python"
    return _("{what} · no gradient").format(what=what)
