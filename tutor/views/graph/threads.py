"""The thin green threads on which gradients fly from a ghost to the leaf for which it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsScene

from tutor.trace.ghosts import homes
from tutor.trace.picture import ItemId
from tutor.views.graph.ground import Ground
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lanes import ChipItem
from tutor.views.graph.motion import Thread
from tutor.views.graph.paint import Inks, pen
from tutor.views.graph.sizes import FUNNEL_SLOPE, BoxAnatomy


class ThreadItem(GraphItem):
    """From a ghost to the funnel of its leaf."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self._path = QPainterPath()
        self.setZValue(2)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.hide()

    def join(self, start: QPointF, end: QPointF) -> None:
        path = QPainterPath(start)
        lift = min(80.0, abs(end.x() - start.x()) / 4 + 20)
        path.cubicTo(QPointF(start.x(), start.y() - lift), QPointF(end.x(), end.y() - lift), end)
        if path != self._path:
            self._path = path
            self.set_room(path.boundingRect().adjusted(-4, -4, 4, 4))
            self.update()
        self.show()

    def at(self, share: float) -> QPointF:
        return self._path.pointAtPercent(min(max(share, 0.0), 1.0))

    # Qt

    def shape(self) -> QPainterPath:
        """It takes no clicks."""
        return QPainterPath()

    def draw(self, painter: QPainter, detail: float) -> None:
        painter.setPen(pen(self.inks.faded("leaf", 0.6), 1.3 / max(min(detail, 1.0), 0.3)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)


@dataclass(eq=False)
class _Line:
    """A thread and the chip on it."""

    thread: ThreadItem
    chip: ChipItem


class Threads:
    """As many as are seen at once: those of the step, and those of the leaf that is pointed at."""

    def __init__(self, scene: QGraphicsScene, inks: Inks) -> None:
        self._scene, self._inks = scene, inks
        self._lines: list[_Line] = []
        self._lit: frozenset[ItemId] = frozenset()

    def items(self) -> Iterator[GraphItem]:
        for line in self._lines:
            yield from (line.thread, line.chip)

    def light(self, items: Collection[ItemId]) -> None:
        """What is pointed at: all threads of its leaf are seen."""
        self._lit = frozenset(items)

    def hide(self) -> None:
        for line in self._lines:
            line.thread.hide()
            line.chip.set_shown(None)

    def show(self, threads: Sequence[Thread], ground: Ground) -> None:
        moving = {thread.ghost: thread for thread in threads}
        wanted = [
            thread for thread in (*moving.values(), *self._pointed(ground, moving)) if _stands(thread, ground)
        ]
        while len(self._lines) < len(wanted):
            self._lines.append(self._new())
        for line, thread in zip(self._lines, wanted, strict=False):
            line.thread.join(_top(ground, thread.ghost), _mouth(ground, thread.leaf))
            line.chip.set_shown(thread.shown if 0.0 < thread.at < 1.0 else None)
            line.chip.setPos(line.thread.at(thread.at))
        for line in self._lines[len(wanted) :]:
            line.thread.hide()
            line.chip.set_shown(None)

    def _pointed(self, ground: Ground, moving: Collection[ItemId]) -> Iterator[Thread]:
        if self._lit:
            for ghost, leaf in homes(ground.structure).items():
                if ghost not in moving and (ghost in self._lit or leaf in self._lit):
                    yield Thread(ghost, leaf, 1.0, None)

    def _new(self) -> _Line:
        line = _Line(ThreadItem(self._inks), ChipItem(self._inks, gradient=True))
        line.chip.filled = True
        line.chip.setZValue(8)
        for item in (line.thread, line.chip):
            self._scene.addItem(item)
        return line


def _stands(thread: Thread, ground: Ground) -> bool:
    return ground.has(thread.ghost) and ground.has(thread.leaf)


def _top(ground: Ground, item: ItemId) -> QPointF:
    body = ground.body(item)
    return QPointF(body.center().x(), body.top())


def _mouth(ground: Ground, leaf: ItemId) -> QPointF:
    """The right edge of the leaf's funnel, or the upper edge of its box."""
    anatomy = ground.sizes.anatomies[leaf]
    funnel = anatomy.funnel if isinstance(anatomy, BoxAnatomy) else None
    if funnel is None:
        return _top(ground, leaf)
    place = ground.places.rect(leaf, funnel)
    return QPointF(place.right() - FUNNEL_SLOPE / 2, place.center().y())
