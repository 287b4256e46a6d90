"""The viewport of the graph: zoom by wheel and pinch, pan by dragging, point and click; the player's keys pass through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    Qt,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QToolTip, QWidget

from tutor.views.graph.context import fullest
from tutor.views.graph.fonts import SMALL, SMALLEST
from tutor.views.graph.items import GraphItem
from tutor.views.graph.scene import GraphScene

MAX_FIT = 1.6
MIN_FIT = SMALLEST / SMALL
"""Below this zoom texts are no longer easy to read: the picture keeps its size and follows the step."""
READABLE = MIN_FIT
"""The zoom of a picture that is followed."""
_MIN_ZOOM = 0.08
_MAX_ZOOM = 5.0
_DRAG = 4
_EDGE = 30
"""What is followed keeps so far from the edges."""
_GLIDE_MS = 320
_DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class GraphCanvas(QGraphicsView):
    """Shows the scene, and tells it what is in sight; knows nothing of what it means."""

    pointed = Signal(object)
    """GraphItem under the pointer, or None."""
    clicked = Signal(object, object)
    """(GraphItem or None, Qt.KeyboardModifiers)"""
    double_clicked = Signal(object)
    """GraphItem or None"""
    moved = Signal()
    """Another part of the scene is seen."""
    neighbour_wanted = Signal(int, int)
    """Ctrl and an arrow: the next item that way (dx, dy)."""
    return_wanted = Signal()
    """F, after the picture was dragged away: back to the step."""

    def __init__(self, scene: GraphScene, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self._scene = scene
        self.fitted = True
        """Zoom and place were chosen here, not by the person."""
        self.whole = True
        """The whole picture is in sight."""
        self.following = True
        """The person has not dragged the picture away from the step."""
        self.unsettled = False
        """It was fitted where the picture begins; the step has yet to be looked for."""
        self._goal: QPointF | None = None
        self._glide = QVariantAnimation(self, duration=_GLIDE_MS)
        self._glide.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._glide.valueChanged.connect(self.centerOn)
        self._glide.finished.connect(self._on_glide_finished)
        self._pressed: QPoint | None = None
        self._dragging = False
        self._under: GraphItem | None = None
        self.tip_of: Callable[[GraphItem, QPointF], str] = _own_tip
        self.click_of: Callable[[GraphItem, QPointF], bool] = _takes_no_click
        """Whether a part of the item at this place (in its coordinates) takes the click for itself."""
        self.over: Callable[[GraphItem | None, QPointF], None] = _looks_no_closer
        """Told where on which item the pointer is."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def seen(self) -> QRectF:
        """The part of the scene in sight."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def goal(self) -> QRectF:
        """The part that will be in sight when the view has come to rest."""
        seen = self.seen()
        if self._goal is not None:
            seen.moveCenter(self._goal)
        return seen

    def fit(self) -> None:
        """The whole picture, neither too large nor too small to read; else its beginning at a readable zoom."""
        self._stop_gliding()
        self.fitted = self.following = True
        room = self.scene().sceneRect()
        port = self.viewport().size()
        if room.isEmpty() or port.isEmpty():
            return
        scale = min(port.width() / room.width(), port.height() / room.height())
        self.whole = scale >= MIN_FIT
        self._set_zoom(min(scale, MAX_FIT) if self.whole else READABLE)
        self._give_room()
        self.centerOn(room.center() if self.whole else self._beginning(room))
        self.unsettled = not self.whole
        self.moved.emit()

    def take_growth(self) -> None:
        """The picture has grown, or is another of the same size: nothing moves."""
        self._give_room()
        self.whole = self.whole and self.seen().contains(self.scene().sceneRect())

    def fit_again(self) -> None:
        """Back from where the person went; once more, the whole picture however small."""
        small = self.fitted and not self.whole
        self.fit()
        if not small:
            return
        room, port = self.scene().sceneRect(), self.viewport().size()
        if room.isEmpty() or port.isEmpty():
            return
        self.whole = True
        self._set_zoom(max(min(port.width() / room.width(), port.height() / room.height()), _MIN_ZOOM))
        self._give_room()
        self.centerOn(room.center())
        self.moved.emit()

    def settle(self, focus: QRectF, items: Sequence[QRectF]) -> None:
        """Looks at the step with as much around it as fits."""
        self.unsettled = False
        room = self.seen().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE).size()
        self._go_to(self._inside(fullest(room, focus, items)), gently=False)

    def _inside(self, centre: QPointF) -> QPointF:
        """The centre of a view that wastes no room beside the picture."""
        room, half = self.scene().sceneRect(), self.seen().size() / 2
        left, top = (
            min(room.left() + half.width(), room.center().x()),
            min(room.top() + half.height(), room.center().y()),
        )
        right, bottom = max(room.right() - half.width(), left), max(room.bottom() - half.height(), top)
        return QPointF(_between(centre.x(), left, right), _between(centre.y(), top, bottom))

    def follow(self, rect: QRectF, least: QRectF, *, gently: bool = False) -> None:
        """Moves as little as it must to bring the rectangle into sight; of a larger one `least`, and what else fits."""
        inner = self.goal().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        if rect.isEmpty() or inner.contains(rect):
            return
        wanted = QRectF(rect)
        if rect.width() > inner.width():
            wanted.setWidth(inner.width())
            wanted.moveLeft(
                _between(least.center().x() - inner.width() / 2, rect.left(), rect.right() - inner.width())
            )
        if rect.height() > inner.height():
            wanted.setHeight(inner.height())
            wanted.moveTop(
                _between(least.center().y() - inner.height() / 2, rect.top(), rect.bottom() - inner.height())
            )
        self._go_to(self.goal().center() + _shift(inner, wanted), gently=gently)

    def _go_to(self, centre: QPointF, *, gently: bool) -> None:
        self._stop_gliding()
        if not gently:
            self.centerOn(centre)
            self.moved.emit()
            return
        self._goal = centre
        self._glide.setStartValue(self.seen().center())
        self._glide.setEndValue(centre)
        self._glide.start()

    def _stop_gliding(self) -> None:
        self._goal = None
        self._glide.stop()

    def _on_glide_finished(self) -> None:
        self._goal = None
        self.moved.emit()

    def zoom_by(self, factor: float) -> None:
        """The person's own zoom."""
        target = min(max(self.zoom * factor, _MIN_ZOOM), _MAX_ZOOM)
        self._stop_gliding()
        self.fitted = self.whole = False
        self.scale(target / self.zoom, target / self.zoom)
        self._give_room()
        self._tell_sight()
        self.moved.emit()

    def _set_zoom(self, zoom: float) -> None:
        self.resetTransform()
        self.scale(zoom, zoom)
        self._tell_sight()

    def _give_room(self) -> None:
        """The picture may be dragged until only its edge is seen."""
        size = self.viewport().size() / max(self.zoom, 0.01)
        self.setSceneRect(
            self.scene().sceneRect().adjusted(-size.width(), -size.height(), size.width(), size.height())
        )

    def _beginning(self, room: QRectF) -> QPointF:
        half = self.seen().size() / 2
        x = room.center().x() if room.width() < 2 * half.width() else room.left() + half.width()
        y = room.center().y() if room.height() < 2 * half.height() else room.top() + half.height()
        return QPointF(x, y)

    def _tell_sight(self) -> None:
        self._scene.look(self.seen(), self.zoom)

    def _item_at(self, place: QPoint) -> GraphItem | None:
        self._scene.reveal(self.mapToScene(place))
        return next((item for item in self.items(place) if isinstance(item, GraphItem)), None)

    def _point(self, item: GraphItem | None) -> None:
        if item is not self._under:
            self._under = item
            self.pointed.emit(item)

    def _click(self, place: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        item = self._item_at(place)
        if item is None or modifiers or not self.click_of(item, self._inside_item(item, place)):
            self.clicked.emit(item, modifiers)

    def _inside_item(self, item: GraphItem | None, place: QPoint) -> QPointF:
        """A place of the viewport in the item's coordinates."""
        return QPointF() if item is None else item.mapFromScene(self.mapToScene(place))

    # Qt

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._tell_sight()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fitted:
            self.fit()
        else:
            self._give_room()
        self._tell_sight()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.0015 ** event.angleDelta().y())
            event.accept()
            return
        self._pan(-event.angleDelta() / 2)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint()
            self._dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._pressed is None:
            item = self._item_at(place)
            self._point(item)
            self.over(item, self._inside_item(item, place))
            return
        if self._dragging or (place - self._pressed).manhattanLength() > _DRAG:
            self._dragging = True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self._pan(self._pressed - place)
            self._pressed = place

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(self._item_at(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not self._dragging and event.button() == Qt.MouseButton.LeftButton:
            self._click(event.position().toPoint(), event.modifiers())
        self._pressed = None
        self._dragging = False
        self.viewport().unsetCursor()

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)
        self.over(None, QPointF())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Only the canvas's own keys; all others, the player's too, go on to the window."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = Qt.Key(event.key())
        if control and key in _DIRECTIONS:
            self.neighbour_wanted.emit(*_DIRECTIONS[key])
        elif key == Qt.Key.Key_F and not self.following and not event.modifiers():
            self.return_wanted.emit()
        elif key in (Qt.Key.Key_0, Qt.Key.Key_F) and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.fit_again()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1.2)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(1 / 1.2)
        else:
            event.ignore()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self._show_tip()
            return True
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1.0 + event.value())
            return True
        return super().viewportEvent(event)

    def _show_tip(self) -> None:
        place = self.viewport().mapFromGlobal(self.cursor().pos())
        item = self._item_at(place)
        tip = "" if item is None else self.tip_of(item, item.mapFromScene(self.mapToScene(place)))
        if tip and QApplication.mouseButtons() == Qt.MouseButton.NoButton:
            QToolTip.showText(self.cursor().pos(), tip, self)
        else:
            QToolTip.hideText()

    def _pan(self, by: QPoint) -> None:
        self._stop_gliding()
        self.fitted = self.whole = self.following = False
        for bar, distance in ((self.horizontalScrollBar(), by.x()), (self.verticalScrollBar(), by.y())):
            bar.setValue(bar.value() + distance)
        self.moved.emit()


def _own_tip(item: GraphItem, place: QPointF) -> str:
    return item.tip_at(place)


def _takes_no_click(item: GraphItem, place: QPointF) -> bool:
    return False


def _looks_no_closer(item: GraphItem | None, place: QPointF) -> None:
    return None


def _shift(inner: QRectF, rect: QRectF) -> QPointF:
    """The least that moves `inner` so that it holds the rectangle."""
    x = min(rect.left() - inner.left(), 0.0) + max(rect.right() - inner.right(), 0.0)
    y = min(rect.top() - inner.top(), 0.0) + max(rect.bottom() - inner.bottom(), 0.0)
    return QPointF(x, y)


def _between(wanted: float, low: float, high: float) -> float:
    return min(max(wanted, low), high)
