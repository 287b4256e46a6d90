"""A tensor on the canvas: a rounded box with its value and `.grad` rows, under a leaf its tray."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from tutor.i18n import _
from tutor.trace.picture import Box, BoxState, GradRow, Shown, Tray
from tutor.trace.values import shape_text
from tutor.views.graph.face_paint import draw_face, sheet_rect, write_term
from tutor.views.graph.faces import page_count, page_name
from tutor.views.graph.fonts import text_width
from tutor.views.graph.funnel import draw_funnel, funnel_words
from tutor.views.graph.ghost_paint import draw_ghost
from tutor.views.graph.items import DETAIL, GraphItem, halo, rounded
from tutor.views.graph.marks import hatch_behind, version_sheets
from tutor.views.graph.paint import (
    CENTRE,
    RIGHT,
    Inks,
    dashed,
    hook_badge,
    leaf,
    number_ink,
    pen,
    pin,
    snowflake,
    write,
    written_width,
)
from tutor.views.graph.sizes import (
    HEADER,
    LABEL,
    PAD,
    TRAY_LINE,
    BoxAnatomy,
    name_role,
    room_for,
    shape_note,
)
from tutor.views.graph.values import inline, summary, tooltip
from tutor.views.reasons import none_text, reason_sentence, reason_text

_RADIUS = 11.0


class BoxItem(GraphItem):
    """One tensor's box."""

    box: Box
    anatomy: BoxAnatomy

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.state: BoxState | None = None
        self.page = 0
        self.setZValue(3)

    def bind(self, box: Box, anatomy: BoxAnatomy) -> None:
        """Stands for this box from now on: a new one, or the same place in another iteration."""
        self.box = box
        self.anatomy = anatomy
        self.page = min(self.page, max(page_count(box.shape) - 1, 0))
        self.state = None
        self.set_room(_room(anatomy))

    def rest(self) -> None:
        self.page = 0
        super().rest()

    def set_state(self, state: BoxState) -> None:
        if state is self.state or state == self.state:
            return
        self.state = state
        self.setVisible(state.present)
        self.name = _name(self.box, state)
        self.update()

    def tip_at(self, place: QPointF) -> str:
        state, anatomy = self.state, self.anatomy
        if state is None:
            return ""
        head = f"{state.name}  {shape_text(self.box.shape)} {self.box.dtype}"
        if state.frozen:
            head = f"{head}\n{frozen_words(state)}"
        if anatomy.tray is not None and anatomy.tray.contains(place) and state.tray is not None:
            return f"{state.name}.grad\n{_exact_sum(state.tray)}"
        if anatomy.funnel is not None and anatomy.funnel.contains(place) and state.funnel is not None:
            return funnel_words(state.funnel)
        if anatomy.grad.contains(place):
            lines = [f"{state.name}.grad", _exact_grad(state.grad)]
            return "\n".join([*lines, frozen_words(state)] if state.frozen else lines)
        if state.value is None:
            return head
        return f"{head}\n{tooltip(state.value, self.box.dtype)}"

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.anatomy.footprint)
        return path

    def draw(self, painter: QPainter, detail: float) -> None:
        state, anatomy = self.state, self.anatomy
        if state is None:
            return
        halo(painter, rounded(anatomy.body, _RADIUS), self.inks, self.look)
        if self.box.ghost_of is not None:
            draw_ghost(painter, anatomy.body, self.box, state, self.inks, detail=detail)
            return
        self._frame(painter, state)
        if anatomy.tray is not None:
            self._tray(painter, anatomy.tray, state, detail)
        if detail < DETAIL:
            self._name_from_afar(painter, state.name)
            return
        self._header(painter, state)
        self._rows(painter, state)
        if anatomy.funnel is not None and state.funnel is not None and state.funnel.awaited > 1:
            draw_funnel(painter, anatomy.funnel, state.funnel, self.inks)

    def _name_from_afar(self, painter: QPainter, name: str) -> None:
        """As large as can be read, cut where the box is too small for it."""
        body = self.anatomy.body.adjusted(5, 2, -5, -2)
        write(painter, body, name, role="name", colour=self.inks.ink, align=CENTRE)

    def _frame(self, painter: QPainter, state: BoxState) -> None:
        inks, body = self.inks, self.anatomy.body
        version_sheets(painter, body, state.version, _RADIUS, inks)
        if self._is_tracked_leaf(state):
            outline = pen(inks.leaf, 2.8)
        elif self.box.zone != "none":
            outline = dashed(inks.muted, 1.4)
        else:
            outline = pen(inks.faint, 1.5)
        if self.look.working:
            outline.setWidthF(outline.widthF() + 1.2)
        painter.setPen(outline)
        painter.setBrush(inks.panel)
        painter.drawRoundedRect(body, _RADIUS, _RADIUS)

    def _is_tracked_leaf(self, state: BoxState) -> bool:
        return self.box.is_leaf and state.requires_grad

    def _header(self, painter: QPainter, state: BoxState) -> None:
        inks, body = self.inks, self.anatomy.body
        row = QRectF(body.left() + PAD, body.top() + 3, body.width() - 2 * PAD, HEADER - 4)
        if state.name or not state.was:
            write(painter, row, state.name, role=name_role(state.name), colour=inks.ink)
        else:
            write(painter, row, _was(state), role="small", colour=inks.muted)
        note = shape_note(self.box) if state.name else shape_text(self.box.shape)
        beside = row.adjusted(written_width(painter, name_role(state.name), state.name) + 6, 0, 0, 0)
        write(painter, beside, note, role="small", colour=inks.muted, align=RIGHT)
        if self.box.is_leaf:
            _leaf_badge(painter, body, inks.leaf if state.requires_grad else inks.muted, inks.panel)
        if state.frozen:
            _frozen_badge(painter, body, inks)
        if state.version > 0:
            _version_badge(painter, body, state.version, inks)
        if state.hooked:
            hook_badge(painter, QPointF(body.left(), self.anatomy.grad.center().y()), inks)
        if state.retains_grad:
            pin(painter, QPointF(body.left() + PAD + 50, self.anatomy.grad.center().y() - 1), inks.gradient)

    def _rows(self, painter: QPainter, state: BoxState) -> None:
        inks, value, grad = self.inks, self.anatomy.value, self.anatomy.grad
        if state.behind:
            hatch_behind(painter, value, inks)
        label = QRectF(value.left(), value.top(), LABEL, value.height())
        write(painter, label, _("value"), role="label", colour=inks.muted)
        if state.value is not None:
            self._numbers(painter, value, state.value, gradient=False)
        if self.anatomy.pages is not None and state.value is not None:
            self._pages(painter, self.anatomy.pages)
        painter.setPen(pen(inks.faint, 1.0))
        painter.drawLine(QPointF(value.left() - 4, grad.top()), QPointF(value.right() + 4, grad.top()))
        tracked = state.requires_grad and (self.box.is_leaf or state.retains_grad)
        colour = inks.leaf_text if tracked else inks.muted
        if state.grad.value is not None:
            label = QRectF(grad.left(), grad.top(), LABEL, grad.height())
            write(painter, label, ".grad", role="code", colour=colour)
            self._numbers(painter, grad, state.grad.value, gradient=True)
        else:
            self._none(painter, grad, state.grad, colour)

    def _none(self, painter: QPainter, row: QRectF, grad: GradRow, label: QColor) -> None:
        """The word None over its reason."""
        top = QRectF(row.left(), row.center().y() - 17, row.width(), 17)
        write(painter, top.adjusted(0, 0, LABEL - top.width(), 0), ".grad", role="code", colour=label)
        write(painter, top, "None", role="number", colour=self.inks.ink, align=RIGHT)
        if grad.reason is not None:
            words = reason_text(grad.reason, grad.line)
            below = top.translated(0, 16)
            write(painter, below, words, role="small", colour=self.inks.muted, align=RIGHT)

    def _numbers(self, painter: QPainter, row: QRectF, shown: Shown, *, gradient: bool) -> None:
        if self.anatomy.face.kind == "line":
            text = inline(shown) if not shown.shape or shown.covered else summary(shown)
            colour = number_ink(text, self.inks, gradient=gradient)
            write(painter, row, text, role="number_strong", colour=colour, align=RIGHT)
            return
        face, place = self.anatomy.face, self._face_room(row)
        draw_face(painter, place, face, shown, self.inks, gradient=gradient, page=self.page)

    def _face_room(self, row: QRectF) -> QRectF:
        """At the right of its row."""
        width, height = self.anatomy.face_size
        return QRectF(row.right() - width, row.center().y() - height / 2, width, height)

    def _pages(self, painter: QPainter, rect: QRectF) -> None:
        """Which of the tensor's matrices is shown; the selected box has arrows to the others."""
        place = f"{self.page + 1}/{page_count(self.box.shape)}"
        text = f"{page_name(self.box.shape, self.page)} · {place}"
        write(painter, rect, text, role="cell", colour=self.inks.muted, align=CENTRE)
        if self.look.selected:
            for side, arrow in zip(_arrow_places(rect), ("◂", "▸"), strict=True):
                write(painter, side, arrow, role="number_strong", colour=self.inks.value_text, align=CENTRE)

    # what the pointer does

    def click_at(self, place: QPointF) -> bool:
        """The arrows of the selected box turn its pages."""
        pages = self.anatomy.pages
        if pages is None or not self.look.selected:
            return False
        for step, arrow in zip((-1, 1), _arrow_places(pages), strict=True):
            if arrow.contains(place):
                self.turn_page(step)
                return True
        return False

    def turn_page(self, step: int) -> None:
        self.page = (self.page + step) % page_count(self.box.shape)
        self.update()

    def sheet_at(self, place: QPointF) -> tuple[Shown, bool, QRectF] | None:
        """The numbers drawn under this place, whether they are the gradient, and where their sheet lies."""
        state = self.state
        if state is None or self.anatomy.face.kind == "line":
            return None
        rows = ((self.anatomy.value, state.value, False), (self.anatomy.grad, state.grad.value, True))
        for row, shown, gradient in rows:
            sheet = sheet_rect(self.anatomy.face, self._face_room(row))
            if shown is not None and sheet.contains(place):
                return shown, gradient, sheet
        return None

    def _tray(self, painter: QPainter, rect: QRectF, state: BoxState, detail: float) -> None:
        """A tub open at the top, under the leaf."""
        if not (state.requires_grad and state.awaits):
            return
        inks = self.inks
        landed = state.tray is not None and state.tray.landed
        path = QPainterPath(rect.topLeft())
        radius = 8.0
        path.lineTo(rect.left(), rect.bottom() - radius)
        path.quadTo(rect.bottomLeft(), QPointF(rect.left() + radius, rect.bottom()))
        path.lineTo(rect.right() - radius, rect.bottom())
        path.quadTo(rect.bottomRight(), QPointF(rect.right(), rect.bottom() - radius))
        path.lineTo(rect.topRight())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.faded("gradient", 0.12) if landed else inks.faded("panel", 0.6))
        painter.drawPath(path)
        painter.setPen(pen(inks.leaf, 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if detail >= DETAIL:
            _tray_text(painter, rect, state, self.anatomy.tray_lines, inks)


def tray_parts(tray: Tray | None, grad: GradRow) -> tuple[str, str, str]:
    """before, incoming, after: "?" is what has not come yet."""
    if tray is None:
        return (inline(grad.value) if grad.value is not None else "None", "?", "?")
    before = "None" if tray.before is None else inline(tray.before)
    if not tray.landed:
        return before, "?", "?"
    incoming, after = ("?" if part is None else inline(part) for part in (tray.incoming, tray.after))
    return before, incoming, after


def _tray_text(painter: QPainter, rect: QRectF, state: BoxState, lines: int, inks: Inks) -> None:
    before, incoming, after = tray_parts(state.tray, state.grad)
    tray = state.tray
    landed = tray is not None and tray.landed
    colour = inks.ink if landed else inks.muted
    if lines == 1:
        write(painter, rect, f"{before} + {incoming} = {after}", role="cell", colour=colour, align=CENTRE)
        return
    left = rect.center().x() - text_width("cell", max(before, incoming, after, key=len)) / 2 - 8
    sheets = (tray.before, tray.incoming, tray.after) if tray is not None else (state.grad.value, None, None)
    for row, (sign, number) in enumerate((("", before), ("+", incoming), ("=", after))):
        place = QRectF(left, rect.top() + 3 + row * TRAY_LINE, 2 * (rect.center().x() - left), TRAY_LINE)
        write(painter, place.translated(-10, 0), sign, role="cell", colour=colour)
        write_term(painter, place, number, sheets[row], inks, role="cell", colour=colour)


def _arrow_places(pages: QRectF) -> tuple[QRectF, QRectF]:
    """Of the arrows to the page before and after."""
    size = QSizeF(30.0, pages.height())
    return QRectF(pages.topLeft(), size), QRectF(pages.topRight() - QPointF(30.0, 0.0), size)


def _leaf_badge(painter: QPainter, body: QRectF, colour: QColor, ground: QColor) -> None:
    """The leaf grows out of the box's upper left corner."""
    place = QRectF(body.left() - 6, body.top() - 8, 15, 15)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawEllipse(place.center(), 10.5, 10.5)
    painter.setPen(pen(colour, 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(place.center(), 10.5, 10.5)
    leaf(painter, place.adjusted(2.5, 2.5, -2.5, -2.5), colour, filled=True)


def _frozen_badge(painter: QPainter, body: QRectF, inks: Inks) -> None:
    """Beside the leaf."""
    centre = QPointF(body.left() + 25, body.top() - 0.5)
    painter.setPen(pen(inks.value, 1.4))
    painter.setBrush(inks.panel)
    painter.drawEllipse(centre, 10.5, 10.5)
    snowflake(painter, centre, inks.value)


def badge_rect(body: QRectF, text: str) -> QRectF:
    """Over the upper right corner, as wide as its text needs."""
    width = max(28.0, text_width("small", text) + 14)
    return QRectF(body.right() + 4 - width, body.top() - 12, width, 18)


def _version_badge(painter: QPainter, body: QRectF, version: int, inks: Inks) -> None:
    text = f"v{version}"
    place = badge_rect(body, text)
    painter.setPen(pen(inks.special, 1.4))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(place, 9, 9)
    write(painter, place, text, role="small", colour=inks.special_text, align=CENTRE)


def _room(anatomy: BoxAnatomy) -> QRectF:
    return room_for(anatomy).united(anatomy.footprint).adjusted(-12, -14, 12, 8)


def _was(state: BoxState) -> str:
    """A name that now belongs to another tensor."""
    if state.was_line is None:
        return _("was {name}").format(name=state.was)
    return _("was {name}, line {line}").format(name=state.was, line=state.was_line)


def frozen_words(state: BoxState) -> str:
    if state.frozen_line is None:
        return _(
            "Frozen: requires_grad was switched off. No gradient comes back to it; those of others pass."
        )
    return _(
        "Frozen in line {line}: requires_grad was switched off. No gradient comes back to it; those of others pass."
    ).format(line=state.frozen_line)


def _exact_grad(grad: GradRow) -> str:
    if grad.value is not None:
        return tooltip(grad.value)
    return "None" if grad.reason is None else f"None\n{reason_sentence(grad.reason, grad.line)}"


def _exact_sum(tray: Tray) -> str:
    if not tray.landed:
        return _("Filled when the gradient lands, once in each backward")
    parts = ["None" if part is None else tooltip(part) for part in (tray.before, tray.incoming, tray.after)]
    return "{}\n+ {}\n= {}".format(*parts)


def _name(box: Box, state: BoxState) -> str:
    """What a screen reader says."""
    value = "" if state.value is None else inline(state.value)
    grad = none_text(state.grad) if state.grad.value is None else inline(state.grad.value)
    kind = _("leaf tensor") if box.is_leaf else _("tensor")
    return _("{kind} {name}, value {value}, gradient {grad}").format(
        kind=kind, name=state.name, value=value, grad=grad
    )
