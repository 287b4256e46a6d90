"""v at the roots of a backward: the gradients that it began with, at the tensors on which it was called."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from tutor.i18n import _
from tutor.trace.picture import ItemId, Shown
from tutor.views.graph.fonts import text_width
from tutor.views.graph.ground import Ground
from tutor.views.graph.items import GraphItem
from tutor.views.graph.paint import CENTRE, LEFT, Inks, pen, write
from tutor.views.graph.paths import HALF_GAP
from tutor.views.graph.values import inline, tooltip

_SHORT_SEED = 64.0


class SeedItem(GraphItem):
    """v, the gradient that a backward began with, at the tensor on which it was called."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.shown: Shown | None = None
        self.text = ""
        self.below = False
        self.setZValue(4)
        self.hide()

    def show_at(self, shown: Shown, body: QRectF, *, down: bool = False) -> None:
        """A short v stands right of its box, at the end of the gradients' line; a long one below, or each if `down`."""
        if shown != self.shown or (down and not self.below):
            self.shown = shown
            self.text = self.name = f"v = {inline(shown)}"
            width = text_width("code", self.text)
            self.below = down or width > _SHORT_SEED
            half = width / 2 + 4
            self.set_room(QRectF(-half, 0, 2 * half, 36) if self.below else QRectF(-4, -14, width + 30, 28))
            self.update()
        if self.below:
            self.setPos(body.center().x(), body.bottom())
        else:
            self.setPos(body.right(), body.center().y() + HALF_GAP)
        self.show()

    def tip_at(self, place: QPointF) -> str:
        head = _("v: where backward begins, how much each element counts")
        return head if self.shown is None else f"{head}\n{tooltip(self.shown)}"

    def draw(self, painter: QPainter, detail: float) -> None:
        painter.setPen(pen(self.inks.gradient, 2.3))
        colour = self.inks.gradient_text
        if self.below:
            painter.drawLine(QPointF(0, 3), QPointF(0, 12))
            place = self.boundingRect().adjusted(0, 13, 0, 0)
            write(painter, place, self.text, role="code", colour=colour, align=CENTRE)
            return
        painter.drawLine(QPointF(2, 0), QPointF(13, 0))
        place = QRectF(18, -12, self.boundingRect().width(), 24)
        write(painter, place, self.text, role="code", colour=colour, align=LEFT)


class Seeds:
    """As many as the shown backward has roots, used again in the next."""

    def __init__(self, scene: QGraphicsScene, inks: Inks) -> None:
        self._scene, self._inks = scene, inks
        self.items: list[SeedItem] = []

    def show(self, seeds: Sequence[tuple[ItemId, Shown]], ground: Ground) -> None:
        placed = [(item, shown) for item, shown in seeds if ground.has(item)]
        while len(self.items) < len(placed):
            self.items.append(SeedItem(self._inks))
            self._scene.addItem(self.items[-1])
        for seed, (item, shown) in zip(self.items, placed, strict=False):
            seed.show_at(shown, ground.body(item), down=ground.sizes.down)
        for seed in self.items[len(placed) :]:
            seed.hide()

    def set_inks(self, inks: Inks) -> None:
        self._inks = inks
        for seed in self.items:
            seed.set_inks(inks)
