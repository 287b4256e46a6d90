"""Draws a run's picture at any step and progress on any painter: the stage, the camera on it, and what stands below."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPaintDevice, QPainter

from tutor.i18n import _
from tutor.views.export.camera import Camera
from tutor.views.export.foot import Foot
from tutor.views.export.request import ExportError, Request, kind_of
from tutor.views.export.stage import Stage, saved
from tutor.views.graph.canvas import MAX_FIT

BOUND = (1280, 720)
"""An animation is at most so large when no size is asked for."""
_EDGE = QMarginsF(12, 12, 12, 12)
_MOST_LOOKED_AT = 240
"""The callouts of at most so many steps are looked at beforehand, to know how much room they need."""
_LEAST_ZOOM = 0.75
"""An animation that would be smaller follows the step instead of showing all."""
_MOST_PIXELS = 300_000_000
_LONGEST_SIDE = 32_000


@contextmanager
def painter_on(device: QPaintDevice) -> Iterator[QPainter]:
    """Ended before the device goes, also when the work is broken off. Raises OSError where nothing can be painted on it."""
    painter = QPainter(device)
    if not painter.isActive():
        raise OSError(None, _("the picture could not be written"))
    try:
        yield painter
    finally:
        painter.end()


class Artist:
    """`prepare` first, then `show` a moment and `paint` it; at last `close`.

    Painted in units of the scene, and so in full detail: what a small picture leaves out is a matter of its zoom.
    """

    def __init__(self, request: Request) -> None:
        stretch = self._stretch = request.stretch
        self._look = request.look
        self._animated = kind_of(request.format) == "animation"
        self._steps = range(stretch.first if self._animated else stretch.last, stretch.last + 1)
        self.stage = Stage(request.subject, request.look)
        self._foot = Foot(request.subject.trace, request.look, self._steps)
        self._rooms: dict[int | None, QRectF] = {}
        self._camera: Camera | None = None
        self._taken: int | None = None
        self._now = (-2, 1.0)
        self.zoom = 1.0
        """Units of the picture a unit of the scene."""
        self.size = QSizeF()
        """Of the picture, in its units."""

    def close(self) -> None:
        """Lets go of everything, also in the middle of the work."""
        if self._camera is not None:
            self._camera.close()
        self.stage.close()

    def prepare(self) -> Iterator[bool]:
        """Lays out and measures; yields between two pieces of work, True while it has to wait."""
        apart = max(len(self._steps) // _MOST_LOOKED_AT, 1)
        for step in dict.fromkeys((*self._steps[::apart], self._steps[-1])):
            yield from self.stage.take(step)
            self._note_room(step)
            yield False
        self._measure()

    def show(self, step: int, progress: float = 1.0) -> Iterator[bool]:
        """Brings everything to this moment; yields True while it has to wait."""
        yield from self.stage.take(step)
        which = self.stage.iteration(step)
        if self._camera is not None:
            if which != self._taken:
                self._camera.look_anew()
            self._camera.follow(self.stage.picture(step))
        self._taken, self._now = which, (step, progress)
        view = self.stage.room() if self._camera is None else self._camera.goal
        resting = self._stretch.rests and step == self._stretch.last
        self.stage.show(step, progress, view, self.zoom, resting=resting)

    # how large

    def _note_room(self, step: int) -> None:
        """What the picture takes at this step, with its callout."""
        which, room = self.stage.iteration(step), self.stage.room()
        zoom = self._zoom_for(room.size(), self._bound())
        self.stage.show(step, 1.0, room, zoom)
        noted = self._rooms.get(which, QRectF())
        self._rooms[which] = noted.united(self.stage.used_room().marginsAdded(_EDGE))

    def _measure(self) -> None:
        """The zoom, and the size of the whole."""
        width = max(room.width() for room in self._rooms.values())
        height = max(room.height() for room in self._rooms.values())
        self._foot.scale = max(self._zoom_for(QSizeF(width, height), self._bound()), 1.0)
        bound = self._bound()
        self.zoom = self._zoom_for(QSizeF(width, height), bound)
        if self._animated and not self._look.whole and self.zoom < _LEAST_ZOOM:
            self._follow(bound)
        elif self._look.size is None:
            bound = QSizeF(max(width * self.zoom, self._foot.least_width()), height * self.zoom)
        self.size = self._evened(QSizeF(bound.width(), bound.height() + self._foot.height(bound.width())))

    def _bound(self) -> QSizeF:
        """The room for the picture without its foot: what was asked for; of an animation else a usual size."""
        width, height = self._look.size or BOUND
        return QSizeF(width, max(height - self._foot.height(width), 1.0))

    def _zoom_for(self, room: QSizeF, bound: QSizeF) -> float:
        if self._look.size is None and not self._animated:
            return 1.0
        return min(bound.width() / room.width(), bound.height() / room.height(), MAX_FIT)

    def _follow(self, bound: QSizeF) -> None:
        self._camera = Camera(self.stage.scene, bound.toSize())
        self.zoom = self._camera.zoom

    def _evened(self, size: QSizeF) -> QSizeF:
        """Whole pixels; of an animation an even number of them, as videos need it."""
        grain = (2 if self._animated else 1) / self._look.scale
        return QSizeF(
            math.ceil(size.width() / grain - 1e-6) * grain, math.ceil(size.height() / grain - 1e-6) * grain
        )

    # what is painted

    @property
    def extent(self) -> QSizeF:
        """The size in units of the scene, in which `paint` paints."""
        return self.size / self.zoom

    def paint(self, painter: QPainter) -> None:
        """The moment that is shown, from (0, 0) on."""
        for _wait in self.painting(painter):
            pass

    def painting(self, painter: QPainter) -> Iterator[bool]:
        """The same a little at a time: a picture of thousands of items on paper takes seconds."""
        whole = QRectF(QPointF(0, 0), self.extent)
        foot = self._foot.height(self.size.width())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        if not self._look.transparent:
            painter.fillRect(whole, QColor(self._look.palette.ground))
        yield from self.stage.painting(
            painter, self._source(QSizeF(whole.width(), whole.height() - foot / self.zoom))
        )
        if foot:
            below = QRectF(0, self.size.height() - foot, self.size.width(), foot)
            with saved(painter):
                painter.scale(1 / self.zoom, 1 / self.zoom)
                self._foot.paint(painter, below, self._now[0])

    def _source(self, size: QSizeF) -> QRectF:
        """The part of the scene that is seen."""
        step, progress = self._now
        source = QRectF(QPointF(0, 0), size)
        seen = (
            self._rooms.get(self.stage.iteration(step))
            if self._camera is None
            else self._camera.seen(progress)
        )
        source.moveCenter((seen or self.stage.room()).center())
        return source

    @property
    def pixels(self) -> QSize:
        """How large `image` is."""
        scale = self._look.scale
        return QSize(round(self.size.width() * scale), round(self.size.height() * scale))

    def image(self, within: QSize | None = None) -> QImage:
        """What is shown, in pixels; made smaller to lie `within`. Raises ExportError where they would be too many."""
        image = self.blank(within)
        with painter_on(image) as painter:
            self.paint(painter)
        image.setDevicePixelRatio(1.0)
        return image

    def blank(self, within: QSize | None = None) -> QImage:
        """What `image` is painted on, in the scene's units."""
        size, scale = self.pixels, self._look.scale
        if within is not None:
            size = self.size.toSize().scaled(within, Qt.AspectRatioMode.KeepAspectRatio)
            scale = size.width() / self.size.width()
        if max(size.width(), size.height()) > _LONGEST_SIDE or size.width() * size.height() > _MOST_PIXELS:
            text = _("{width} × {height} pixels are too many; choose a smaller size or scale, or SVG or PDF.")
            raise ExportError(text.format(width=size.width(), height=size.height()))
        form = (
            QImage.Format.Format_ARGB32_Premultiplied
            if self._look.transparent
            else QImage.Format.Format_RGB32
        )
        image = QImage(size, form)
        image.setDevicePixelRatio(self.zoom * scale)
        image.fill(0)
        return image
