"""What hands do with groups: a double click, the + and − of their signs, Enter, the canvas's menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from tutor.i18n import _
from tutor.trace.picture import Group, ItemId
from tutor.views.graph.block import BlockItem, sign_rect
from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.closer import Closer
from tutor.views.graph.depths import fill_depths
from tutor.views.graph.group_frame import FrameItem
from tutor.views.graph.items import DETAIL, GraphItem
from tutor.views.graph.lookup import lookup
from tutor.views.graph.scene import GraphScene
from tutor.views.group_words import group_title

if TYPE_CHECKING:
    from tutor.session.session import Session

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GroupHands(QObject):
    """Opens and closes groups where the canvas is clicked."""

    def __init__(self, session: Session, scene: GraphScene, canvas: GraphCanvas, closer: Closer) -> None:
        super().__init__(canvas)
        self._session, self._scene, self._canvas = session, scene, canvas
        self._click_of: Callable[[GraphItem, QPointF], bool] = canvas.click_of
        canvas.click_of = self._click
        canvas.double_clicked.connect(self._on_canvas_double_clicked)
        closer.add_to_menu = self.add_to_menu
        for key in _ENTER:
            shortcut = QShortcut(QKeySequence(key), canvas, self.toggle_chosen)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)

    def toggle_chosen(self) -> None:
        """Opens or closes the chosen group; of another chosen item the open group around it closes."""
        chosen = self._session.selection.item
        group = self._group_of(chosen) if chosen is not None else None
        if group is not None:
            self._toggle(group.id)

    def add_to_menu(self, menu: QMenu, item: GraphItem | None, place: QPointF) -> None:
        """`place` is in the scene."""
        structure = self._scene.structure
        if structure is None or not structure.groups:
            return
        menu.addSeparator()
        group = item.frame if isinstance(item, FrameItem) else self._innermost(place)
        if isinstance(item, BlockItem):
            self._offer(menu, _("Open {group}"), item.block)
        elif group is not None:
            self._offer(menu, _("Close {group}"), group)
        fill_depths(menu, self._session)

    def _offer(self, menu: QMenu, words: str, group: Group) -> None:
        menu.addAction(words.format(group=group_title(group)), partial(self._toggle, group.id))

    def _toggle(self, group: ItemId) -> None:
        self._session.toggle_group(group)

    def _group_of(self, item: ItemId) -> Group | None:
        """The group itself, or the innermost open one around an item."""
        structure = self._scene.structure
        if structure is None:
            return None
        tables = lookup(structure)
        around = tables.frames_around.get(item, [])
        return (
            tables.blocks.get(item)
            or tables.frames.get(item)
            or (tables.frames[around[-1]] if around else None)
        )

    def _innermost(self, place: QPointF) -> Group | None:
        """The innermost open group whose frame holds this place."""
        structure, ground = self._scene.structure, self._scene.ground
        if structure is None or ground is None:
            return None
        holding = [frame for frame in structure.frames if ground.places.frames[frame.id].contains(place)]
        return max(holding, key=lambda frame: frame.depth, default=None)

    def _click(self, item: GraphItem, place: QPointF) -> bool:
        """The signs take the click themselves, where they can be seen."""
        near = self._canvas.zoom >= DETAIL
        if isinstance(item, BlockItem) and near and sign_rect(item.anatomy.body).contains(place):
            self._toggle(item.block.id)
            return True
        if isinstance(item, FrameItem) and item.closes_at(place):
            self._toggle(item.frame.id)
            return True
        return self._click_of(item, place)

    def _on_canvas_double_clicked(self, item: GraphItem | None) -> None:
        group = self._scene.item_id(item)
        if group is not None and isinstance(item, BlockItem | FrameItem):
            self._toggle(group)
