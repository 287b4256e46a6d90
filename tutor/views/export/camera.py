"""Which part of a large picture an animation shows: it follows the step as the window does, gently."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, QSize
from PySide6.QtGui import QResizeEvent

from tutor.trace.picture import Picture
from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.scene import GraphScene

_GLIDE = 0.25
"""The share of a step in which the view comes to rest."""


class Camera:
    """The window's canvas, which nobody sees, decides where to look; this glides from there to there."""

    def __init__(self, scene: GraphScene, size: QSize) -> None:
        self._scene = scene
        self._canvas = GraphCanvas(scene)
        self._canvas.resize(size)
        QCoreApplication.sendEvent(
            self._canvas, QResizeEvent(size, QSize())
        )  # which else comes when it is shown
        self._from = self._to = QRectF()
        self._step: int | None = None
        self.look_anew()

    def close(self) -> None:
        self._canvas.setScene(None)
        self._canvas.deleteLater()

    @property
    def zoom(self) -> float:
        return self._canvas.zoom

    @property
    def goal(self) -> QRectF:
        """Where it comes to rest in this step."""
        return self._to

    def look_anew(self) -> None:
        """At another structure: it starts where that begins, without a way from before."""
        self._canvas.fit()
        self._from = self._to = self._canvas.seen()

    def follow(self, picture: Picture) -> None:
        """Another step."""
        if picture.step == self._step:
            return
        self._step = picture.step
        rect, least = self._scene.focus_rects(picture)
        there = self._scene.present_rects(picture)
        first = self._canvas.unsettled
        if first and there:
            self._canvas.settle(there[-1] if least.isEmpty() else least, there)
        if not self._canvas.whole:
            self._canvas.follow(rect, least)
        self._from, self._to = self._to, self._canvas.seen()
        if first:
            self._from = self._to

    def seen(self, progress: float) -> QRectF:
        """At this progress of the step."""
        share = min(progress / _GLIDE, 1.0)
        eased = share * share * (3 - 2 * share)
        way = self._to.topLeft() - self._from.topLeft()
        return QRectF(self._from.topLeft() + way * eased, self._to.size())
