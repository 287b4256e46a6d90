"""The filled chips on their way: along lanes, and falling into a leaf's tray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QGraphicsScene

from tutor.views.graph.ground import Ground
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lanes import ChipItem
from tutor.views.graph.motion import Drop, Flight, Frame
from tutor.views.graph.names import NameItem, flight_place
from tutor.views.graph.paint import Inks
from tutor.views.graph.sizes import BoxAnatomy
from tutor.views.graph.threads import Threads


class Movers:
    """As many chips as move at once, used again in the next step."""

    def __init__(self, scene: QGraphicsScene, inks: Inks) -> None:
        self._scene, self._inks = scene, inks
        self.chips: list[ChipItem] = []
        self.drop = self._new()
        self.names: list[NameItem] = []
        self.threads = Threads(scene, inks)

    def items(self) -> Iterator[GraphItem]:
        yield from (*self.chips, self.drop, *self.names, *self.threads.items())

    def set_inks(self, inks: Inks) -> None:
        self._inks = inks
        for item in self.items():
            item.set_inks(inks)

    def hide(self) -> None:
        for item in (*self.chips, self.drop):
            item.set_shown(None)
        for name in self.names:
            name.hide()
        self.threads.hide()

    def show(self, seen: Frame, ground: Ground) -> None:
        """Puts a chip where each mover is, and hides the others."""
        movers = seen.movers
        while len(self.chips) < len(movers):
            self.chips.append(self._new())
        for item in self.chips[len(movers) :]:
            item.set_shown(None)
        for item, mover in zip(self.chips, movers, strict=False):
            curves = ground.places.lanes[mover.lane]
            curve = curves.gradient if mover.gradient else curves.value
            item.gradient = mover.gradient
            item.set_shown(mover.shown)
            item.setPos(QPointF(*curve.at(mover.at)))
            item.update()
        self._show_drop(seen.drop, ground)
        self._show_names(seen.flights, ground)
        self.threads.show(seen.threads, ground)

    def _show_drop(self, drop: Drop | None, ground: Ground) -> None:
        """Over the box, from the funnel or the end of the lane, into the tray."""
        self.drop.set_shown(drop.shown if drop is not None else None)
        anatomy = ground.sizes.anatomies.get(drop.item) if drop is not None else None
        if drop is None or not isinstance(anatomy, BoxAnatomy):
            return
        end = ground.places.rect(drop.item, anatomy.tray or anatomy.grad).center()
        if drop.lane is not None:
            start = QPointF(*ground.places.lanes[drop.lane].gradient.at(0.0))
        else:
            start = ground.places.rect(drop.item, anatomy.funnel or anatomy.body).center()
        self.drop.setPos(start + (end - start) * drop.at)

    def _show_names(self, flights: Sequence[Flight], ground: Ground) -> None:
        """A tag for each name on its way."""
        while len(self.names) < len(flights):
            self.names.append(NameItem(self._inks))
            self._scene.addItem(self.names[-1])
        for name, flight in zip(self.names, flights, strict=False):
            name.show_at(
                flight.name, flight_place(ground.body(flight.old), ground.body(flight.new), flight.at)
            )
        for name in self.names[len(flights) :]:
            name.hide()

    def _new(self) -> ChipItem:
        item = ChipItem(self._inks, gradient=True)
        item.filled = True
        item.setZValue(8)
        self._scene.addItem(item)
        return item
