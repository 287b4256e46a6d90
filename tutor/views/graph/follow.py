"""Back to the step: a button over the canvas, there while the person has dragged the picture away from it; and F."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QToolButton

from tutor.i18n import _
from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.scene import GraphScene
from tutor.views.theme import LIGHT, Palette, icon

if TYPE_CHECKING:
    from tutor.session.session import Session

_MARGIN = 12


class FollowButton(QToolButton):
    """Lets the picture follow the step again, at the zoom that the person chose."""

    def __init__(self, session: Session, scene: GraphScene, canvas: GraphCanvas) -> None:
        super().__init__(canvas)
        self._session = session
        self._scene = scene
        self._canvas = canvas
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        canvas.installEventFilter(self)
        canvas.moved.connect(self._on_canvas_moved)
        canvas.return_wanted.connect(self.follow)
        self.clicked.connect(self.follow)
        self.retranslate()
        self.apply_theme(LIGHT)
        self.hide()

    def retranslate(self) -> None:
        self.setText(_("Follow"))
        self.setToolTip(_("Back to the step, and follow it again (F)"))
        self.setAccessibleName(self.toolTip())
        self._place()

    def apply_theme(self, palette: Palette) -> None:
        self.setIcon(icon("crosshairs-gps", palette, color=palette.value))
        self.setStyleSheet(
            f"FollowButton {{ color: {palette.ink}; background: {palette.panel};"
            f" border: 1px solid {palette.value}; border-radius: 6px; padding: 4px 10px; }}"
        )
        self._place()

    def follow(self) -> None:
        """Goes gently to where something happens."""
        self._canvas.following = True
        self.hide()
        picture = self._session.picture
        if picture is not None and self._scene.structure is picture.structure:
            rect, least = self._scene.focus_rects(picture)
            self._canvas.follow(rect, least, gently=self._session.player.animated)

    def _on_canvas_moved(self) -> None:
        away = not self._canvas.following and self._session.picture is not None
        if away != self.isVisibleTo(self._canvas):
            self.setVisible(away)
            self._place()

    def _place(self) -> None:
        size = self.sizeHint()
        room = self._canvas.viewport().size()
        self.setGeometry(
            room.width() - size.width() - _MARGIN,
            room.height() - size.height() - _MARGIN,
            size.width(),
            size.height(),
        )

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
