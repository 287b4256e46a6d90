"""Looks closer at what the canvas shows: the magnifier over large values, the vᵀJ lens at an operation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from tutor.i18n import _
from tutor.insight.jacobian import Jacobian, NoJacobian, jacobian
from tutor.trace.picture import ItemId
from tutor.trace.state import moment_of
from tutor.views.graph.box import BoxItem
from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.handle import Handle, handle_rect
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lanes import ChipItem
from tutor.views.graph.lens import Lens, no_lens_text
from tutor.views.graph.magnifier import Magnifier
from tutor.views.graph.places import area
from tutor.views.graph.scene import GraphScene
from tutor.views.graph.values import copied
from tutor.views.theme import Palette

if TYPE_CHECKING:
    from tutor.session.session import Session

_BESIDE = 26
_FURTHER = 1_500.0
"""Square pixels: what a place further down the list must cover less."""


class Closer(QObject):
    """Puts itself where the canvas asks what lies under the pointer, and follows the session."""

    def __init__(self, session: Session, scene: GraphScene, canvas: GraphCanvas) -> None:
        super().__init__(canvas)
        self._session, self._scene, self._canvas = session, scene, canvas
        self._wanted = False
        """Whether the lens is open: it shows for whatever operation is selected."""
        self._shown: tuple[object, ...] = ()
        self._known: tuple[object, dict[ItemId, Jacobian | NoJacobian]] = (None, {})
        self._kept: tuple[object, str] | None = None
        """The run and the place of the operation that the lens showed last."""
        self._handled: set[ItemId] = set()
        self._under: GraphItem | None = None
        self.add_to_menu: Callable[[QMenu, GraphItem | None, QPointF], None] = _adds_nothing
        """Adds what else can be done where the canvas's menu opens (a place in the scene)."""
        self._tip_of: Callable[[GraphItem, QPointF], str] = canvas.tip_of
        self.lens = Lens(canvas.viewport())
        self.magnifier = Magnifier(canvas.viewport())
        key = QShortcut(QKeySequence(Qt.Key.Key_J), canvas, self.toggle)
        key.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        canvas.tip_of, canvas.click_of, canvas.over = self._tip, self._click, self._over
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._on_canvas_menu_requested)
        canvas.moved.connect(self._on_canvas_moved)
        session.selection_changed.connect(self._on_session_changed)
        session.picture_changed.connect(self._on_session_changed)
        session.player.playing_changed.connect(self._on_session_changed)
        self.lens.closed.connect(self.close)

    def apply_theme(self, palette: Palette) -> None:
        self.lens.apply_theme(palette)
        self.magnifier.apply_theme(palette)

    def retranslate(self) -> None:
        """All texts anew in the current language."""
        self.lens.retranslate()

    # the lens

    @property
    def open(self) -> bool:
        return self._wanted

    def toggle(self) -> None:
        """Opens the lens at the selected operation, or closes it."""
        self._wanted = not self._wanted
        self.follow()

    def close(self) -> None:
        self._wanted = False
        self.follow()
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def follow(self) -> None:
        """Brings lens and handles up to the picture that is drawn now."""
        self._find_again()
        self._show_handles()
        circle = self._selected()
        found = self._jacobian(circle) if circle is not None and self._wanted else None
        if circle is None or not isinstance(found, Jacobian):
            self.lens.hide()
            self._shown = ()
            if self._kept is not None and self._kept[0] is self._session.trace:
                self._kept = None
            return
        self.lens.show_jacobian(found, self._progress(found))
        if self._shown != (circle.circle.id, found.node):
            self._shown = (circle.circle.id, found.node)
            self._place(circle)
        self.lens.show()
        self.lens.raise_()
        picture = self._session.picture
        if picture is not None:
            self._kept = (self._session.trace, picture.structure.keys.get(circle.circle.id, ""))

    def _find_again(self) -> None:
        """After another run the operation in the same place is selected again, as soon as it is there."""
        session, picture = self._session, self._session.picture
        if not self._wanted or self._kept is None or self._kept[0] is session.trace or picture is None:
            return
        if session.selection.item is not None or session.selection.tensor is not None:
            self._kept = None
            return
        same = (item for item, key in picture.structure.keys.items() if key == self._kept[1])
        found = next((item for item in same if (seen := self._scene.item(item)) and seen.isVisible()), None)
        if found is not None:
            self._kept = None
            session.select_item(found)

    def _selected(self) -> CircleItem | None:
        item = self._session.selection.item
        found = self._scene.item(item) if item is not None else None
        return found if isinstance(found, CircleItem) and found.isVisible() else None

    def _jacobian(self, circle: CircleItem) -> Jacobian | NoJacobian:
        """Worked out once for each step and operation."""
        session, picture = self._session, self._session.picture
        if picture is None:
            return NoJacobian("not_recorded")
        if self._known[0] is not picture:
            self._known = (picture, {})
        known, item = self._known[1], circle.circle.id
        if item not in known:
            at = moment_of(session.trace, picture.structure, picture.step, session.covered)
            known[item] = jacobian(at, circle.circle)
        return known[item]

    def _progress(self, found: Jacobian) -> float:
        """How far the step is in which this node runs; in any other the row has left."""
        session = self._session
        steps, step = session.trace.steps, session.player.step
        row = steps[step] if 0 <= step < len(steps) else None
        runs = row is not None and row.kind == "node" and row.id == found.node
        return session.player.progress if runs and session.player.animated else 1.0

    def _place(self, circle: CircleItem) -> None:
        """Inside the canvas, where it covers least: never the operation itself, rather a box than the callout."""
        anchor = self._in_view(self._scene.item_rect(circle.circle.id))
        port = self._canvas.viewport().rect()
        crowd = [(anchor.adjusted(-8, -8, 8, 8), 40.0)]
        if self._scene.callout.isVisible():
            crowd.append((self._in_view(self._scene.callout.rect), 3.0))
        picture = self._session.picture
        crowd += (
            [(self._in_view(rect), 1.0) for rect in self._scene.present_rects(picture)] if picture else []
        )
        rects = [
            _moved_into(QRect(place, self.lens.size()), port)
            for place in _around(anchor, self.lens.size(), port)
        ]
        costs = [sum(area(rect.intersected(other)) * weight for other, weight in crowd) for rect in rects]
        best = min(range(len(rects)), key=lambda at: costs[at] + at * _FURTHER)
        self.lens.move(rects[best].topLeft())

    def _in_view(self, rect: QRectF) -> QRect:
        return self._canvas.mapFromScene(rect).boundingRect()

    # the handles

    def _show_handles(self) -> None:
        """At the operation that is selected, pointed at, or (while nothing plays) at work.

        Why there is none is said where somebody points, and not at every operation that happens to be at work.
        """
        session = self._session
        picture = session.picture
        working = picture.motion.item if picture is not None and not session.player.playing else None
        asked = session.selection.item, session.hovered_item
        near = {item for item in (*asked, working) if item is not None}
        for item in self._handled | near:
            found = self._scene.item(item)
            if isinstance(found, CircleItem):
                handle = self._handle(found) if item in near else "hidden"
                found.set_handle("hidden" if handle == "missing" and item not in asked else handle)
        self._handled = near

    def _handle(self, circle: CircleItem) -> Handle:
        if not circle.circle.tabs or not circle.isVisible():
            return "hidden"
        if isinstance(self._jacobian(circle), NoJacobian):
            return "missing"
        return "open" if self._wanted and circle is self._selected() else "there"

    # what the canvas tells

    def _click(self, item: GraphItem, place: QPointF) -> bool:
        if isinstance(item, CircleItem) and self._on_handle(item, place):
            self._take(item)
            return True
        return item.click_at(place)

    def _take(self, circle: CircleItem) -> None:
        if circle.handle == "missing":
            return
        self._wanted = circle.handle != "open"
        if self._session.selection.item != circle.circle.id:
            self._session.select_item(circle.circle.id)
        self.follow()

    def _on_handle(self, circle: CircleItem, place: QPointF) -> bool:
        return circle.handle != "hidden" and handle_rect(circle.anatomy.body).contains(place)

    def _tip(self, item: GraphItem, place: QPointF) -> str:
        if isinstance(item, CircleItem) and self._on_handle(item, place):
            found = self._jacobian(item)
            if isinstance(found, NoJacobian):
                return no_lens_text(found)
            return _("vᵀJ: J as a grid, v as sliders (J)")
        if isinstance(item, BoxItem) and self.magnifier.isVisible():
            return ""
        return self._tip_of(item, place)

    def _over(self, item: GraphItem | None, place: QPointF) -> None:
        """The numbers under the pointer, magnified where they are drawn small."""
        self._under = item
        found = item.sheet_at(place) if isinstance(item, BoxItem) else None
        if not isinstance(item, BoxItem) or found is None:
            self.magnifier.hide()
            return
        shown, gradient, sheet = found
        centre = self._canvas.mapFromScene(item.mapToScene(place))
        share = QPointF(
            (place.x() - sheet.left()) / sheet.width(), (place.y() - sheet.top()) / sheet.height()
        )
        self.magnifier.show_at(shown, item.box.dtype, share, centre, page=item.page, gradient=gradient)

    def menu(self, place: QPoint | None = None) -> QMenu:
        """Copies what the item under the pointer holds, exact; then what the window does with the whole picture."""
        menu = QMenu(self._canvas)
        for words, text in copies(self._under):
            menu.addAction(words, partial(QGuiApplication.clipboard().setText, text))
        self.add_to_menu(menu, self._under, self._canvas.mapToScene(place or QPoint()))
        if menu.actions():
            menu.addSeparator()
        menu.addActions(self._canvas.actions())
        return menu

    def _on_canvas_menu_requested(self, place: QPoint) -> None:
        menu = self.menu(place)
        if menu.actions():
            menu.exec(self._canvas.viewport().mapToGlobal(place))
        menu.deleteLater()

    def _on_canvas_moved(self) -> None:
        self.magnifier.hide()
        circle = self._selected()
        if self.lens.isVisible() and circle is not None and self._covers(circle):
            self._place(circle)

    def _covers(self, circle: CircleItem) -> bool:
        return self.lens.geometry().intersects(self._in_view(self._scene.item_rect(circle.circle.id)))

    def _on_session_changed(self) -> None:
        self.follow()


def _adds_nothing(menu: QMenu, item: GraphItem | None, place: QPointF) -> None:
    return None


def copies(item: GraphItem | None) -> list[tuple[str, str]]:
    """What can be copied of an item: the words of the menu, and the exact numbers."""
    if isinstance(item, BoxItem) and item.state is not None:
        known = ((_("Copy the value"), item.state.value), (_("Copy the gradient"), item.state.grad.value))
        dtype: str | None = item.box.dtype
    elif isinstance(item, ChipItem):
        known = ((_("Copy the gradient") if item.gradient else _("Copy the value"), item.shown), ("", None))
        dtype = None
    else:
        return []
    return [
        (words, copied(shown, dtype)) for words, shown in known if shown is not None and copied(shown, dtype)
    ]


def _around(anchor: QRect, size: QSize, port: QRect) -> list[QPoint]:
    """Places for the lens: beside the operation, below and above it, then the corners of the canvas."""
    right, left = anchor.right() + _BESIDE, anchor.left() - _BESIDE - size.width()
    middle = anchor.center().x() - size.width() // 2
    below, above = anchor.bottom() + _BESIDE, anchor.top() - _BESIDE - size.height()
    near = [(right, anchor.top() - 20), (left, anchor.top() - 20), (middle, below), (middle, above)]
    near += [(right, below), (left, below), (right, above), (left, above)]
    corners = [(x, y) for y in (port.bottom(), port.top()) for x in (port.right(), port.left())]
    return [QPoint(x, y) for x, y in (*near, *corners)]


def _moved_into(rect: QRect, port: QRect) -> QRect:
    """The rectangle, shifted into the port as far as it fits there."""
    x = max(min(rect.left(), port.right() - rect.width() - 4), port.left() + 4)
    y = max(min(rect.top(), port.bottom() - rect.height() - 4), port.top() + 4)
    return QRect(QPoint(x, y), rect.size())
