"""Looks closer at what the canvas shows: the magnifier over large values, the vᵀJ lens at an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.scene import GraphScene
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class Closer(QObject):
    """Puts itself where the canvas asks what lies under the pointer."""

    def __init__(self, session: Session, scene: GraphScene, canvas: GraphCanvas) -> None:
        super().__init__(canvas)
        self._session, self._scene, self._canvas = session, scene, canvas
        self._palette = LIGHT

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette

    def retranslate(self) -> None:
        """All texts anew in the current language."""
