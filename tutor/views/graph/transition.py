"""Between two foldings of one graph: what is opened grows out of its block, what is closed shrinks into it, the rest glides.

The place under the hands stays where it is on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QRectF, QVariantAnimation
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from tutor.trace.picture import ItemId, LaneId, Structure, whole_of
from tutor.views.graph.canvas import MIN_FIT, GraphCanvas
from tutor.views.graph.ground import Ground
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lookup import lookup
from tutor.views.graph.scene import GraphScene

if TYPE_CHECKING:
    from tutor.session.session import Session

GLIDE_MS = 260
_MOST = 1_500
"""Of larger pictures nothing glides."""
_MOST_SHELLS = 24
_SMALL = 0.35
"""What grows out of a block begins at this size."""
_SHELL_FADES = 1.6
_LANES_FROM = 0.45
"""When in the transition lanes begin to appear."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What was drawn, as it stood on the screen."""

    structure: Structure
    rects: dict[ItemId, QRectF]
    """Of items and frames, in pixels of the viewport."""
    image: QPixmap | None
    was_whole: bool


@dataclass(slots=True)
class _Ways:
    """Where everything comes from and goes to, in the scene."""

    items: dict[ItemId, tuple[QPointF, QPointF]] = field(default_factory=dict)
    growing: set[ItemId] = field(default_factory=set)
    """These come out of a block."""
    frames: dict[ItemId, tuple[QRectF, QRectF]] = field(default_factory=dict)
    lanes: dict[LaneId, QPointF | None] = field(default_factory=dict)
    """By how much a lane lies off where it goes; None where its ends move apart: it fades in."""
    shells: list[tuple[_Shell, QRectF, QRectF]] = field(default_factory=list)


class Transition(QObject):
    """Asked by the view before and after another folding is drawn."""

    def __init__(self, session: Session, scene: GraphScene, canvas: GraphCanvas) -> None:
        super().__init__(canvas)
        self._session, self._scene, self._canvas = session, scene, canvas
        self._before: _Before | None = None
        self._ways = _Ways()
        self._held: int | None = None
        self._wanted: ItemId | None = None
        """What is to be brought into sight when it is drawn."""
        self._run = QVariantAnimation(self, duration=GLIDE_MS)
        self._run.setStartValue(0.0)
        self._run.setEndValue(1.0)
        self._run.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._run.valueChanged.connect(self._show)
        self._run.finished.connect(self._clear)
        session.revealed.connect(self._on_session_revealed)

    @property
    def running(self) -> bool:
        return self._run.state() == QVariantAnimation.State.Running

    def holds(self, step: int) -> bool:
        """Whether the view was held where it is at this step, and does not yet follow."""
        return self._held == step

    def finish(self) -> None:
        """Everything where it belongs, at once."""
        if self.running:
            self._run.stop()
            self._show(1.0)
            self._clear()

    def _on_session_revealed(self, item: ItemId) -> None:
        self._wanted = item
        self._go()

    def _go(self) -> None:
        """To what is wanted, if it is drawn by now."""
        structure, item = self._session.structure, self._wanted
        if item is None or structure is None or self._scene.structure is not structure:
            return
        self._wanted = None
        self._held = self._session.player.step
        rect = self._scene.item_rect(item)
        self._canvas.follow(rect, rect, gently=self._session.player.animated)

    # before

    def prepare(self, structure: Structure) -> bool:
        """Whether this is what is drawn, folded otherwise; then it is remembered how that stood on the screen."""
        self.finish()
        ground = self._scene.ground
        self._before = None
        if ground is None or not refolded(ground.structure, structure):
            return False
        changed = _opened(ground.structure, structure) or _opened(structure, ground.structure)
        image = self._canvas.viewport().grab() if changed and self._moves() else None
        self._before = _Before(ground.structure, self._rects(ground), image, self._canvas.whole)
        return True

    def _rects(self, ground: Ground) -> dict[ItemId, QRectF]:
        to_screen = self._canvas.viewportTransform()
        return {item: to_screen.mapRect(ground.outline(item)) for item in _drawn(ground.structure)}

    def _moves(self) -> bool:
        return self._session.player.animated and self._canvas.isVisible()

    # after

    def hold(self) -> bool:
        """The new folding is built: what the hands are at stays where it is. False where it is another graph."""
        before, ground = self._before, self._scene.ground
        if before is None or ground is None:
            return False
        self._hold(before, ground)
        self._go()
        return True

    def begin(self) -> None:
        """It is in its state: sets everything on its way."""
        before, self._before = self._before, None
        ground = self._scene.ground
        if before is None or ground is None:
            return
        if self._moves() and len(before.rects) + len(ground.places.items) <= _MOST:
            self._ways = self._found(before, ground)
            self._show(0.0)
            self._run.start()

    def _hold(self, before: _Before, ground: Ground) -> None:
        canvas, pin = self._canvas, self._pin(before, ground)
        self._held = self._session.player.step
        canvas.take_growth()
        canvas.unsettled = False
        if pin is not None:
            place, wanted = pin
            middle = QRectF(canvas.viewport().rect()).center()
            canvas.centerOn(place - (wanted - middle) / canvas.zoom)
        room, port = self._scene.sceneRect(), canvas.viewport().size()
        canvas.whole = before.was_whole and canvas.seen().contains(room)
        if before.was_whole and not canvas.whole:
            fits = (
                min(port.width() / max(room.width(), 1.0), port.height() / max(room.height(), 1.0)) >= MIN_FIT
            )
            if fits:
                canvas.fit()
                return
        canvas.fitted = canvas.fitted and canvas.whole
        canvas.moved.emit()

    def _pin(self, before: _Before, ground: Ground) -> tuple[QPointF, QPointF] | None:
        """A place of the scene and where on the screen it was: of the group that changes, else in the middle."""
        old, new = before.structure, ground.structure
        middle = QRectF(self._canvas.viewport().rect()).center()
        changed = [*_opened(old, new), *_opened(new, old)]
        known = changed if len(changed) == 1 else [item for item in _drawn(new) if item in before.rects]
        if not known:
            return None
        near = min(known, key=lambda item: (before.rects[item].center() - middle).manhattanLength())
        return ground.outline(near).topLeft(), before.rects[near].topLeft()

    # ways

    def _found(self, before: _Before, ground: Ground) -> _Ways:
        back, found = self._canvas.viewportTransform().inverted()[0], _Ways()
        held = before.structure.block_of
        for item, place in ground.places.items.items():
            rect, block = before.rects.get(item), held.get(item)
            grown = rect is None
            if rect is None:
                rect = before.rects.get(block) if block is not None else self._outer(item, before)
            if rect is None:
                found.items[item] = place, place
                continue
            off = back.mapRect(rect).center() - ground.outline(item).center()
            found.items[item] = place + off, place
            if grown:
                found.growing.add(item)
        for frame in ground.structure.frames:
            rect = before.rects.get(frame.id) or self._outer(frame.id, before)
            end = ground.places.frames[frame.id]
            found.frames[frame.id] = (back.mapRect(rect) if rect is not None else end), end
        for lane in ground.structure.lanes:
            source, target = (self._off(found, end) for end in (lane.source, lane.target))
            found.lanes[lane.id] = source if (source - target).manhattanLength() < 1.0 else None
        found.shells = list(self._shells(before, ground))
        return found

    def _outer(self, item: ItemId, before: _Before) -> QRectF | None:
        """Where the group around it stood: a block in a block has its place there."""
        groups = lookup(before.structure).groups
        at = groups[item].parent if item in groups else None
        while at is not None and at not in before.rects:
            at = groups[at].parent
        return before.rects[at] if at in lookup(before.structure).blocks else None

    def _off(self, found: _Ways, item: ItemId) -> QPointF:
        start, end = found.items[item]
        return QPointF(1e9, 0.0) if item in found.growing else start - end

    def _shells(self, before: _Before, ground: Ground) -> Iterator[tuple[_Shell, QRectF, QRectF]]:
        """Images of what was there, which grow or shrink into what is there now, and vanish."""
        changed = [*_opened(before.structure, ground.structure), *_opened(ground.structure, before.structure)]
        port = QRectF(self._canvas.viewport().rect())
        back = self._canvas.viewportTransform().inverted()[0]
        for group in changed[:_MOST_SHELLS]:
            seen = before.rects[group].intersected(port)
            if before.image is None or seen.isEmpty():
                continue
            ratio = before.image.devicePixelRatio()
            cut = QRectF(seen.topLeft() * ratio, seen.size() * ratio).toAlignedRect()
            whole, end = before.rects[group], ground.outline(group)
            shell = _Shell(before.image.copy(cut), _share(seen, whole))
            self._scene.addItem(shell)
            yield shell, back.mapRect(whole), end

    # frames of the transition

    def _show(self, t: float) -> None:
        pool, ways = self._scene.pool, self._ways
        for item, (start, end) in ways.items.items():
            node = pool.node(item)
            if node is None:
                continue
            node.setPos(start + (end - start) * t)
            if item in ways.growing:
                node.setScale(_SMALL + (1.0 - _SMALL) * t)
                node.setOpacity(node.look.opacity * t)
        for frame, (first, last) in ways.frames.items():
            if frame in pool.frames:
                pool.frames[frame].set_rect(_between(first, last, t))
        late = max(t - _LANES_FROM, 0.0) / (1.0 - _LANES_FROM)
        for lane, off in ways.lanes.items():
            for drawn, place in self._lane_items(lane):
                drawn.setOpacity(drawn.look.opacity * (late if off is None else 1.0))
                drawn.setPos(place + (off * (1.0 - t) if off is not None else QPointF()))
        for shell, first, last in ways.shells:
            shell.place(_between(first, last, t), max(1.0 - _SHELL_FADES * t, 0.0))
        fades: Iterable[QGraphicsItem] = (*pool.bands, *pool.twins, *pool.results.values())
        for other in fades:
            other.setOpacity(late)

    def _lane_items(self, lane: LaneId) -> Iterator[tuple[GraphItem, QPointF]]:
        """The lines and chips of a lane, and where each belongs."""
        pool, ground = self._scene.pool, self._scene.ground
        if lane in pool.lanes and ground is not None:
            yield pool.lanes[lane], QPointF()
            if lane in pool.value_chips:
                yield pool.value_chips[lane], ground.places.value_chips[lane]
            if lane in pool.gradient_chips:
                yield pool.gradient_chips[lane], ground.places.gradient_chips[lane]

    def _clear(self) -> None:
        for shell, _first, _last in self._ways.shells:
            self._scene.removeItem(shell)
        self._ways = _Ways()


class _Shell(QGraphicsItem):
    """An image of a group as it was."""

    def __init__(self, image: QPixmap, share: QRectF) -> None:
        """`share`: which part of the group is in the image, in shares of its size."""
        super().__init__()
        self._image, self._share, self._rect = image, share, QRectF()
        self.setZValue(7)

    def place(self, rect: QRectF, opacity: float) -> None:
        self.prepareGeometryChange()
        self._rect = rect
        self.setOpacity(opacity)

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        rect, share = self._rect, self._share
        target = QRectF(
            rect.left() + share.left() * rect.width(),
            rect.top() + share.top() * rect.height(),
            share.width() * rect.width(),
            share.height() * rect.height(),
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, self._image, QRectF(self._image.rect()))


def refolded(old: Structure, new: Structure) -> bool:
    """Whether both are the same graph, folded otherwise."""
    return new is not old and whole_of(new) is whole_of(old)


def _opened(old: Structure, new: Structure) -> list[ItemId]:
    """The blocks of one that are frames in the other."""
    frames = {frame.id for frame in new.frames}
    return [block.id for block in old.blocks if block.id in frames]


def _drawn(structure: Structure) -> Iterator[ItemId]:
    for found in (structure.boxes, structure.circles, structure.blocks, structure.frames):
        yield from (thing.id for thing in found)


def _between(first: QRectF, last: QRectF, t: float) -> QRectF:
    return QRectF(
        first.topLeft() + (last.topLeft() - first.topLeft()) * t,
        first.size() + (last.size() - first.size()) * t,
    )


def _share(part: QRectF, whole: QRectF) -> QRectF:
    width, height = max(whole.width(), 1.0), max(whole.height(), 1.0)
    return QRectF(
        (part.left() - whole.left()) / width,
        (part.top() - whole.top()) / height,
        part.width() / width,
        part.height() / height,
    )
