"""The funnel where several gradients of one backward meet: a slot an edge, then their sum."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPolygonF

from tutor.i18n import _
from tutor.trace.picture import Funnel
from tutor.views.graph.face_paint import sheet_for_sign
from tutor.views.graph.fonts import Role, text_width
from tutor.views.graph.paint import CENTRE, Inks, chip, chip_size, dotted, pen, write
from tutor.views.graph.sizes import FUNNEL, FUNNEL_NOTE, FUNNEL_ROW, FUNNEL_SLOPE
from tutor.views.graph.values import inline, tooltip

_PLUS = 18.0
_SLOTS = 3
"""So many summands are written out; of more, the newest."""


def funnel_terms(funnel: Funnel) -> list[str]:
    """The summands in the engine's order, "?" for those still awaited, then "= total": ["1", "3", "= 4"]."""
    arrived = [inline(shown) for _lane, shown in funnel.arrived]
    terms = (arrived + ["?"] * (funnel.awaited - len(arrived)))[: funnel.awaited]
    if len(terms) > _SLOTS:
        first = max(0, min(len(arrived) - _SLOTS + 1, len(terms) - _SLOTS))
        terms = (["…"] if first else []) + terms[first : first + _SLOTS]
    return terms if funnel.total is None else [*terms, f"= {inline(funnel.total)}"]


def funnel_note(funnel: Funnel) -> str:
    return _("Σ {arrived} of {awaited} arrived").format(arrived=len(funnel.arrived), awaited=funnel.awaited)


def funnel_words(funnel: Funnel) -> str:
    """The exact summands and sum, one a line."""
    lines = [funnel_note(funnel), *(tooltip(shown) for _lane, shown in funnel.arrived)]
    return "\n".join(lines if funnel.total is None else [*lines, f"= {tooltip(funnel.total)}"])


def draw_funnel(painter: QPainter, rect: QRectF, funnel: Funnel, inks: Inks) -> None:
    note = QRectF(rect.left() - 40, rect.top() - FUNNEL_NOTE - 1, rect.width() + 80, FUNNEL_NOTE)
    write(painter, note, funnel_note(funnel), role="tab", colour=inks.gradient_text, align=CENTRE)
    complete = funnel.total is not None
    painter.setPen(pen(inks.gradient, 2.0 if complete else 1.6))
    painter.setBrush(inks.gradient_soft if complete else inks.panel)
    mouth = QPolygonF(
        [
            rect.topLeft(),
            rect.topRight(),
            rect.bottomRight() - QPointF(FUNNEL_SLOPE, 0),
            rect.bottomLeft() + QPointF(FUNNEL_SLOPE, 0),
        ]
    )
    painter.drawPolygon(mouth)
    drop = pen(inks.gradient, 2.6) if complete else dotted(inks.gradient, 1.8)
    painter.setPen(drop)
    painter.drawLine(
        QPointF(rect.center().x(), rect.bottom() + 2), QPointF(rect.center().x(), rect.bottom() + 8)
    )
    _terms(painter, rect, funnel, inks)


def _terms(painter: QPainter, rect: QRectF, funnel: Funnel, inks: Inks) -> None:
    """Chips for what arrived, "?" for what has not, and the sum: in a line, or one under the other."""
    terms = funnel_terms(funnel)
    arrived = len(funnel.arrived)
    sheets = [shown for _lane, shown in funnel.arrived] if "…" not in terms else []
    for index, (term, place) in enumerate(zip(terms, term_places(rect, terms, arrived), strict=True)):
        shown = funnel.total if term.startswith("=") else sheets[index] if index < len(sheets) else None
        role: Role = "code" if term.startswith("=") else "cell"
        if term.startswith("=") or term in ("?", "…") or index >= arrived:
            write(painter, place, term, role="code", colour=inks.gradient_text, align=CENTRE)
        else:
            chip(painter, place, term, inks, gradient=True, filled=False)
        left = place.center().x() - text_width(role, term) / 2
        sheet_for_sign(painter, left, place, term, shown, inks, role=role)
        if index and not term.startswith("="):
            plus = QRectF(place.left() - _PLUS, place.top(), _PLUS, place.height())
            write(painter, plus, "+", role="code", colour=inks.gradient_text, align=CENTRE)


def term_places(rect: QRectF, terms: list[str], arrived: int) -> list[QRectF]:
    """Where each term stands in the funnel."""
    widths = [_width(term, docked=index < arrived) for index, term in enumerate(terms)]
    if rect.height() > FUNNEL:
        middle = rect.center().x() + _PLUS / 2
        return [
            QRectF(middle - width / 2, rect.top() + 5 + row * FUNNEL_ROW, width, FUNNEL_ROW - 3)
            for row, width in enumerate(widths)
        ]
    places = []
    x = rect.center().x() - (sum(widths) + _PLUS * (len(widths) - 1)) / 2
    for width in widths:
        places.append(QRectF(x, rect.center().y() - 11, width, 22))
        x += width + _PLUS
    return places


def _width(term: str, *, docked: bool) -> float:
    if term.startswith("=") or not docked:
        return text_width("code", term) + 4
    return min(chip_size(term), text_width("cell", term) + 18)
