"""The graph's own scene, without a window: brought to any step of a run, laid out as the window lays it out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem

from tutor.i18n import _
from tutor.insight.scene import scene as picture_at
from tutor.session.layout_client import LayoutClient
from tutor.session.pictures import Pictures
from tutor.trace.layout import Layout
from tutor.trace.picture import Picture, Structure
from tutor.views.export.request import ExportError, Look, Subject
from tutor.views.graph.arrangement import Arrangement, Arrangements
from tutor.views.graph.direction import FEW, runs_down
from tutor.views.graph.ground import room_of
from tutor.views.graph.scene import GraphScene
from tutor.views.graph.sizes import Sizes, measure
from tutor.views.graph.words import is_empty

CALLOUT_ROOM = QMarginsF(30, 110, 30, 110)
"""Around the picture, for callouts that find no place in it."""


_AT_ONCE = 400
_SOME = 25
"""So many items are painted before the event loop may have its turn."""


class Stage:
    """What waits for a layout, or for a large scene to be built, yields True: the event loop must run meanwhile."""

    def __init__(self, subject: Subject, look: Look) -> None:
        self._subject, self._look = subject, look
        self.scene = GraphScene(look.palette)
        self.scene.show_all_items()
        self.scene.apply_theme(look.palette)
        self.scene.setBackgroundBrush(Qt.BrushStyle.NoBrush)
        self._pictures = Pictures(subject.trace, subject.folds)
        self._structures: dict[int | None, Structure] = {}
        self._arrangements = Arrangements()
        self._layouts = LayoutClient()
        if subject.drawn is not None:
            self._arrangements.keep(subject.drawn)
        self._pair: tuple[Picture, Picture | None] | None = None

    def close(self) -> None:
        """Also in the middle of the work."""
        self._layouts.close()
        self._layouts.deleteLater()
        self.scene.clear_structure()
        self.scene.deleteLater()

    # a moment

    def take(self, step: int) -> Iterator[bool]:
        """Has the structure of this step built."""
        wanted = self.structure(step)
        if self.scene.structure is wanted:
            return
        self._pair = None
        drawn = yield from self._arranged(wanted)
        self.scene.set_structure(drawn.structure, drawn.sizes, drawn.layout)
        while self.scene.building:
            yield True
        for item in self.scene.items():
            item.setCacheMode(QGraphicsItem.CacheMode.NoCache)  # the image of a text is no text

    def show(self, step: int, progress: float, view: QRectF, zoom: float, *, resting: bool = False) -> None:
        """Of a structure that was taken. `view` is the part of the scene in which the callout finds its place.

        `resting`: at its end this step fades nothing, as the last step of a run does not.
        """
        picture, before = self._pictures_of(step)
        ended = (resting or step >= len(self._subject.trace.steps) - 1) and progress >= 1.0
        self.scene.set_view(view, zoom)
        self.scene.show_picture(before if progress < 1.0 else None, picture, progress, resting=ended)

    def picture(self, step: int) -> Picture:
        return self._pictures_of(step)[0]

    def _pictures_of(self, step: int) -> tuple[Picture, Picture | None]:
        """The state after the step, and the one before."""
        if self._pair is None or self._pair[0].step != step:
            trace, drawn, covered = self._subject.trace, self.structure(step), self._subject.covered
            before = picture_at(trace, drawn, step - 1, covered) if step >= 0 else None
            self._pair = picture_at(trace, drawn, step, covered), before
        return self._pair

    def structure(self, step: int) -> Structure:
        """Raises ExportError where there is nothing to draw."""
        which = self.iteration(step)
        if which not in self._structures:
            drawn = self._pictures.structure(which)
            if is_empty(drawn):
                raise ExportError(_("There is nothing to draw: no torch operation took place here."))
            self._structures[which] = drawn
        return self._structures[which]

    def iteration(self, step: int) -> int | None:
        """Which of the structures shows this step."""
        return None if self._subject.unrolled else self._pictures.iteration_of(step)

    def room(self) -> QRectF:
        """Of the structure that was taken, with what surrounds it."""
        return self.scene.sceneRect().marginsAdded(CALLOUT_ROOM)

    def used_room(self) -> QRectF:
        """What the moment that is shown takes of it, with its callout and v."""
        used = self.scene.sceneRect()
        for item in (self.scene.callout, *self.scene.seeds.items):
            if item.isVisible():
                used = used.united(item.sceneBoundingRect())
        return used

    def painting(self, painter: QPainter, source: QRectF) -> Iterator[bool]:
        """The part of the scene, from (0, 0) on; of many items some at a time."""
        items = self.scene.items(
            source, Qt.ItemSelectionMode.IntersectsItemBoundingRect, Qt.SortOrder.AscendingOrder
        )
        if len(items) <= _AT_ONCE:
            self.scene.render(painter, QRectF(QPointF(0, 0), source.size()), source)
            return
        with saved(painter):
            painter.setClipRect(QRectF(QPointF(0, 0), source.size()))
            painter.translate(-source.topLeft())
            for number, item in enumerate(items):
                if item.isVisible():
                    _paint(item, painter)
                if number % _SOME == 0:
                    yield False

    # where everything stands

    def _arranged(self, drawn: Structure) -> Generator[bool, None, Arrangement]:
        sizes = measure(drawn, self._subject.trace, down=self._runs_down(drawn))
        known = self._arrangements.reuse(drawn, sizes)
        if known is None:
            sizes = self._arrangements.grown(drawn, sizes)
            known = Arrangement(drawn, sizes, (yield from self._laid_out(drawn, sizes)))
        self._arrangements.keep(known)
        return known

    def _laid_out(self, drawn: Structure, sizes: Sizes) -> Generator[bool, None, Layout]:
        found: list[Layout | None] = []
        self._layouts.done.connect(lambda _structure, layout: found.append(layout))
        self._layouts.failed.connect(lambda _structure: found.append(None))
        self._layouts.request(drawn, sizes.order())
        while not found:
            yield True
        self._layouts.done.disconnect()
        self._layouts.failed.disconnect()
        if found[0] is None:
            raise ExportError(_("The picture is too large to lay out."))
        return found[0]

    def _runs_down(self, drawn: Structure) -> bool:
        wanted = self._look.direction
        if wanted == "auto" and self._subject.drawn is not None:
            return self._subject.drawn.sizes.down
        few = len(drawn.boxes) + len(drawn.circles) <= FEW
        if wanted != "auto" or self._look.size is None or not few:
            return wanted == "down"
        pane = QSize(*self._look.size)
        return runs_down(
            wanted, pane, lambda: self._trial(drawn, down=False), lambda: self._trial(drawn, down=True)
        )

    def _trial(self, drawn: Structure, *, down: bool) -> QSizeF:
        """How much room the picture takes this way."""
        sizes = measure(drawn, self._subject.trace, down=down)
        return room_of(self._arrangements.made(drawn, sizes))


@contextmanager
def saved(painter: QPainter) -> Iterator[None]:
    """What is set inside does not last, also when the work is broken off."""
    painter.save()
    try:
        yield
    finally:
        painter.restore()


def _paint(item: QGraphicsItem, painter: QPainter) -> None:
    """As the scene does it: there is no item in another, and none that clips."""
    option = QStyleOptionGraphicsItem()
    option.exposedRect = item.boundingRect()
    with saved(painter):
        painter.setTransform(item.sceneTransform(), True)
        painter.setOpacity(item.effectiveOpacity())
        item.paint(painter, option, None)
