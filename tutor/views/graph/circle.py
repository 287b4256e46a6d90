"""An operation on the canvas: a circle with its sign, and under it a tab for each grad_fn node that torch recorded."""

from __future__ import annotations

from typing import assert_never

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from tutor.i18n import _, ngettext
from tutor.protocol import NodeId
from tutor.trace.picture import Circle, CircleState, Tab, TabState
from tutor.views.graph.fonts import symbol_font, symbol_size
from tutor.views.graph.funnel import draw_funnel, funnel_words
from tutor.views.graph.handle import Handle, draw_handle, handle_rect
from tutor.views.graph.items import DETAIL, GraphItem, halo, rounded
from tutor.views.graph.paint import (
    CENTRE,
    Inks,
    cross,
    dashed,
    dotted,
    hook_badge,
    pen,
    scissors,
    tick,
    write,
    write_readable,
)
from tutor.views.graph.pins import draw_pins, is_hollow, is_locked, lock_badge, saves_text
from tutor.views.graph.python_tag import draw_tag, tag_path, tag_sentence, tag_text
from tutor.views.graph.sizes import CircleAnatomy, room_for
from tutor.views.graph.tab_title import draw_title
from tutor.views.graph.values import tooltip

_LAID = TabState("laid")
_BUSIEST = ("failed", "running", "waiting", "laid", "done", "used", "idle")
_FALLING = 36.0
"""Pins fall out under the lowest tab."""
NEAR = 0.9
"""Below this zoom a stack of tabs is folded to one: its texts would not be read."""


class CircleItem(GraphItem):
    """One operation's circle with its tabs."""

    circle: Circle
    anatomy: CircleAnatomy

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.state: CircleState | None = None
        self.handle: Handle = "hidden"
        self.setZValue(3)

    def bind(self, circle: Circle, anatomy: CircleAnatomy) -> None:
        """Stands for this operation from now on: a new one, or the same place in another iteration."""
        self.circle = circle
        self.anatomy = anatomy
        self.state = None
        self.handle = "hidden"
        self.set_room(_room(anatomy))

    def set_state(self, state: CircleState) -> None:
        if state is self.state or state == self.state:
            return
        self.state = state
        self.setVisible(state.present)
        self.name = _name(self.circle, state)
        self.update()

    def set_handle(self, handle: Handle) -> None:
        """How the ∂ that opens the lens stands at its shoulder."""
        if handle != self.handle:
            self.handle = handle
            self.update()

    def node_at(self, place: QPointF) -> NodeId | None:
        """The node whose tab lies at this place, in local coordinates."""
        tabs = zip(self.circle.tabs, self.anatomy.tabs, strict=True)
        return next((tab.node for tab, rect in tabs if rect.contains(place)), None)

    def tip_at(self, place: QPointF) -> str:
        circle, state = self.circle, self.state
        for tab, rect in zip(circle.tabs, self.anatomy.tabs, strict=True):
            if rect.contains(place):
                saves = () if tab.saves else (saves_text(tab.saves),)
                return "\n".join((tab.name, _of(circle), *saves))
        funnel = state.funnel if state else None
        if self.anatomy.funnel is not None and self.anatomy.funnel.contains(place) and funnel is not None:
            return funnel_words(funnel)
        lines = [circle.expression or circle.function, circle.function]
        if circle.cut == "python" and state is not None and state.told is not None:
            return "\n".join((lines[0], tooltip(state.told), tag_sentence(circle)))
        if not circle.tabs:
            lines.append(_("Not recorded by autograd: nothing will come back through here"))
        return "\n".join(dict.fromkeys(lines))

    def tab_of(self, node: NodeId) -> QRectF:
        """This node's tab, where the dotted `grad_fn` line ends, in local coordinates."""
        tabs = zip(self.circle.tabs, self.anatomy.tabs, strict=True)
        return next((rect for tab, rect in tabs if tab.node == node), self.anatomy.tabs[0])

    # Qt

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(self.anatomy.body)
        if self.handle != "hidden":
            path.addEllipse(handle_rect(self.anatomy.body))
        for rect in self.anatomy.tabs:
            path.addRect(rect)
        return path

    def draw(self, painter: QPainter, detail: float) -> None:
        state, body = self.state, self.anatomy.body
        if state is None:
            return
        if self.circle.cut == "python":
            halo(painter, tag_path(body), self.inks, self.look)
            draw_tag(painter, body, self.circle, state.told, self.inks, working=self.look.working)
            return
        radius = body.height() / 2
        halo(painter, rounded(body, radius), self.inks, self.look)
        painter.setPen(self._outline())
        painter.setBrush(self.inks.panel)
        painter.drawRoundedRect(body, radius, radius)
        self._progress(painter)
        self._sign(painter)
        draw_handle(painter, body, self.handle, self.inks)
        if detail < DETAIL:
            return
        stands = [*state.tabs, *[_LAID] * len(self.circle.tabs)][: len(self.circle.tabs)]
        if len(stands) > 1 and detail < NEAR:
            self._folded_tabs(painter, stands)
        else:
            self._tabs(painter, stands, near=detail >= NEAR)
        if self.anatomy.funnel is not None and state.funnel is not None and state.funnel.awaited > 1:
            draw_funnel(painter, self.anatomy.funnel, state.funnel, self.inks)

    def _tabs(self, painter: QPainter, stands: list[TabState], *, near: bool) -> None:
        for row, (tab, rect) in enumerate(zip(self.circle.tabs, self.anatomy.tabs, strict=True)):
            painter.setPen(
                dotted(self.inks.faint if stands[row].phase == "idle" else self.inks.gradient, 1.6)
            )
            painter.drawLine(*self._joint(rect, first=row == 0))
            _tab(painter, rect, tab, stands[row], self.inks, near=near)

    def _folded_tabs(self, painter: QPainter, stands: list[TabState]) -> None:
        """One tab for the whole stack: how many nodes the call made, standing where the busiest of them does."""
        stack = self.anatomy.tabs[0].united(self.anatomy.tabs[-1])
        busiest = min(stands, key=lambda state: _BUSIEST.index(state.phase))
        painter.setPen(dotted(self.inks.gradient, 1.6))
        painter.drawLine(*self._joint(stack, first=True))
        _frame(painter, stack, busiest, self.inks)
        count = ngettext("{count} node", "{count} nodes", len(stands)).format(count=len(stands))
        write(painter, stack, count, role="tab", colour=_name_colour(busiest, self.inks), align=CENTRE)

    def _joint(self, tab: QRectF, *, first: bool) -> tuple[QPointF, QPointF]:
        """Between the circle and its tabs."""
        if self.anatomy.down:
            return QPointF(tab.left() - 8, tab.center().y()), QPointF(tab.left() - 1, tab.center().y())
        return QPointF(0, tab.top() - (8 if first else 4)), QPointF(0, tab.top() - 1)

    def _outline(self) -> QPen:
        if self.circle.zone != "none":
            return dashed(self.inks.muted, 1.6)
        return pen(self.inks.value if self.circle.tabs else self.inks.muted, 2.0)

    def _progress(self, painter: QPainter) -> None:
        """While it works the outline fills, from the side where something came in."""
        if not self.look.working or self.look.outline <= 0:
            return
        backward = any(tab.phase == "running" for tab in self.state.tabs) if self.state else False
        failed = any(tab.phase == "failed" for tab in self.state.tabs) if self.state else False
        colour = self.inks.error if failed else self.inks.gradient if backward else self.inks.value
        painter.setPen(pen(colour, 4.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        share = self.look.outline
        if share >= 1.0:
            radius = self.anatomy.body.height() / 2
            painter.drawRoundedRect(self.anatomy.body, radius, radius)
            return
        start = (270 if backward else 90) if self.anatomy.down else (0 if backward else 180)
        span = round(180 * 16 * share)
        painter.drawArc(self.anatomy.body, start * 16, span)
        painter.drawArc(self.anatomy.body, start * 16, -span)

    def _sign(self, painter: QPainter) -> None:
        if self.circle.cut == "detach":
            scissors(painter, QPointF(1, 0), self.inks.ink)
            return
        symbol = self.circle.symbol
        pixels, width = symbol_size(symbol)
        painter.setPen(self.inks.ink)
        write_readable(painter, self.anatomy.body, symbol, symbol_font(pixels), width, CENTRE)


def _tab(painter: QPainter, rect: QRectF, tab: Tab, state: TabState, inks: Inks, *, near: bool) -> None:
    """The grad_fn node: its name over its pins. Its outline and sign tell where it stands in this backward."""
    _frame(painter, rect, state, inks)
    top = QRectF(rect.left(), rect.top() + 3, rect.width(), 16)
    below = QRectF(rect.left(), rect.top() + 18, rect.width(), 15)
    signed = state.phase in ("done", "failed")
    name = top.adjusted(0, 0, -14, 0) if signed else top
    draw_title(painter, name, tab, _name_colour(state, inks), inks, near=near)
    draw_pins(painter, below, tab, state, inks, near=near)
    if is_locked(state):
        lock_badge(painter, rect.bottomLeft() + QPointF(-1, -1), inks)
    if state.hooked:
        hook_badge(painter, rect.bottomRight() + QPointF(1, -1), inks)


def _frame(painter: QPainter, rect: QRectF, state: TabState, inks: Inks) -> None:
    """The tab's outline and the sign in its corner."""
    painter.setPen(_tab_pen(state, inks))
    running = state.phase == "running"
    hollow = is_hollow(state) and not running
    painter.setBrush(inks.gradient_soft if running else inks.ground if hollow else inks.panel)
    painter.drawRoundedRect(rect, 5, 5)
    corner = QPointF(rect.right() - 11, rect.top() + 11)
    if state.phase == "done":
        tick(painter, corner, inks.gradient)
    elif state.phase == "failed":
        cross(painter, corner, inks.error)


def _name_colour(state: TabState, inks: Inks) -> QColor:
    if state.phase == "failed":
        return inks.error
    return inks.muted if state.phase in ("used", "idle") else inks.gradient_text


def _tab_pen(state: TabState, inks: Inks) -> QPen:
    match state.phase:
        case "running":
            return pen(inks.gradient, 2.8)
        case "failed":
            return pen(inks.error, 2.8)
        case "used":
            return dashed(inks.muted, 1.2)
        case "idle":
            return pen(inks.faint, 1.4)
        case "done" if is_hollow(state):
            return dashed(inks.gradient, 1.3)
        case "laid" | "waiting" | "done":
            return pen(inks.gradient, 1.4)
        case _:
            assert_never(state.phase)


def _of(circle: Circle) -> str:
    """Two nodes of one name are told apart by their expression."""
    return _("of {expression}").format(expression=circle.expression or circle.function)


def _name(circle: Circle, state: CircleState) -> str:
    """What a screen reader says."""
    if circle.cut == "python":
        return f"{tag_text(circle, state.told)}. {tag_sentence(circle)}"
    nodes = ", ".join(tab.name for tab in circle.tabs) or _("not recorded")
    running = any(tab.phase == "running" for tab in state.tabs)
    text = _("operation {expression}, {nodes}").format(
        expression=circle.expression or circle.symbol, nodes=nodes
    )
    return f"{text}, {_('running')}" if running else text


def _room(anatomy: CircleAnatomy) -> QRectF:
    return room_for(anatomy).united(anatomy.footprint).adjusted(-10, -8, 10, 8 + _FALLING)
