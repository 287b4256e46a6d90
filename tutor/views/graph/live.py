"""The items that exist: of a small picture all, of a large one those in sight and those of the step; each in its state."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from time import perf_counter

from tutor.protocol import TensorId
from tutor.trace.picture import BlockState, CircleState, ItemId, LaneId, LaneState
from tutor.views.graph.ground import Ground
from tutor.views.graph.group_frame import FrameLook
from tutor.views.graph.items import FADED, Look
from tutor.views.graph.lookup import lookup
from tutor.views.graph.motion import STILL, Frame
from tutor.views.graph.pool import ItemPool

_GONE = LaneState(present=False, laid=False)
_NO_CIRCLE = CircleState(present=False)
_NO_BLOCK = BlockState(present=False, made=0, ran=0, nodes=0, phase="idle", norm=None)


@dataclass(frozen=True)
class Marks:
    """What is pointed at and chosen, and whether what is not in the step fades."""

    tensor: TensorId | None = None
    item: ItemId | None = None
    hovered: frozenset[ItemId] = frozenset()
    fade: bool = False


class Live:
    """Adds and drops items of the pool as they are wanted, and shows each in its state."""

    def __init__(self, pool: ItemPool, ground: Ground) -> None:
        self.pool, self.ground = pool, ground
        self._seen: Frame | None = None
        self._marks = Marks()
        self._coming: list[ItemId] = []
        self._lanes_coming: list[LaneId] = []
        self._lit: frozenset[ItemId] = frozenset()
        """The open group in which something works."""

    # which there are

    def want(self, items: Iterable[ItemId], lanes: Iterable[LaneId]) -> None:
        """Drops all others; `bring` adds those that lack, the first ones first."""
        wanted, wanted_lanes = dict.fromkeys(items), dict.fromkeys(lanes)
        pool = self.pool
        nodes = (pool.boxes, pool.circles, pool.blocks, pool.frames)
        for item in [item for known in nodes for item in known if item not in wanted]:
            pool.drop_item(item)
        for lane in [lane for lane in pool.lanes if lane not in wanted_lanes]:
            pool.drop_lane(lane)
        self._coming = [item for item in reversed(wanted) if not pool.has_item(item)]
        self._lanes_coming = [lane for lane in reversed(wanted_lanes) if lane not in pool.lanes]

    @property
    def lacking(self) -> bool:
        """Whether something that is wanted is not there yet."""
        return bool(self._coming or self._lanes_coming)

    def bring(self, seconds: float | None = None) -> None:
        """Adds what lacks, for no longer than so many seconds."""
        end = None if seconds is None else perf_counter() + seconds
        while self.lacking:
            self._bring_one()
            if end is not None and perf_counter() > end:
                return

    def need(self, item: ItemId) -> None:
        """Adds this one at once, until other items are wanted."""
        if self.ground.has(item) and not self.pool.has_item(item):
            self.pool.add_item(item)
            self._show_new_item(item)

    def need_lane(self, lane: LaneId) -> None:
        if lane not in self.pool.lanes:
            self.pool.add_lane(lane)
            self._show_new_lane(lane)

    def _bring_one(self) -> None:
        if self._coming:
            item = self._coming.pop()
            if not self.pool.has_item(item):
                self.pool.add_item(item)
                self._show_new_item(item)
            return
        self.need_lane(self._lanes_coming.pop())

    # how they look

    def show(self, seen: Frame, marks: Marks) -> None:
        """Each in its state; fades what is not in the step, and marks what works, is selected, or pointed at."""
        self._seen, self._marks = seen, marks
        for item in self.pool.boxes:
            self._show_box(item, seen)
        for item in self.pool.circles:
            self._show_circle(item, seen)
        for item in self.pool.blocks:
            self._show_block(item, seen)
        self._lit = self._frames_at_work(seen)
        for item in self.pool.frames:
            self._show_frame(item, seen)
        for lane in self.pool.lanes:
            self._show_lane(lane, seen)
        self._show_bands(seen)

    def _show_new_item(self, item: ItemId) -> None:
        if self._seen is None:
            return
        if item in self.pool.boxes:
            self._show_box(item, self._seen)
        elif item in self.pool.circles:
            self._show_circle(item, self._seen)
        elif item in self.pool.blocks:
            self._show_block(item, self._seen)
        elif item in self.pool.frames:
            self._show_frame(item, self._seen)

    def _show_new_lane(self, lane: LaneId) -> None:
        if self._seen is not None:
            self._show_lane(lane, self._seen)

    def _show_box(self, item: ItemId, seen: Frame) -> None:
        box, marks = self.pool.boxes[item], self._marks
        if item in seen.boxes:
            box.set_state(seen.boxes[item])
        picked = item == marks.item or (marks.tensor is not None and box.box.tensor == marks.tensor)
        box.set_look(self._look(item, seen, picked=picked))

    def _show_circle(self, item: ItemId, seen: Frame) -> None:
        circle = self.pool.circles[item]
        state = seen.circles.get(item, _NO_CIRCLE)
        circle.set_state(state)
        self._show_result(item, state)
        circle.set_look(self._look(item, seen, picked=item == self._marks.item))

    def _show_block(self, item: ItemId, seen: Frame) -> None:
        block = self.pool.blocks[item]
        block.set_state(seen.blocks.get(item, _NO_BLOCK))
        block.set_look(self._look(item, seen, picked=item == self._marks.item))

    def _show_frame(self, item: ItemId, seen: Frame) -> None:
        """A frame is there with the first of its items, and lit while one of them works."""
        frame, marks = self.pool.frames[item], self._marks
        shown = _shown_of(frame.frame.items, seen)
        frame.setOpacity(1.0 if shown is None else shown)
        frame.set_standing(
            FrameLook(
                present=shown is not None,
                lit=item in self._lit,
                backward=seen.backward,
                selected=item == marks.item,
                hovered=item in marks.hovered,
            )
        )

    def _frames_at_work(self, seen: Frame) -> frozenset[ItemId]:
        """The innermost one: a line around the whole picture would say nothing."""
        if seen.working is None or not self.pool.frames:
            return frozenset()
        return frozenset(lookup(self.ground.structure).frames_around.get(seen.working, ())[-1:])

    def _show_result(self, item: ItemId, state: CircleState) -> None:
        chip = self.pool.results[item]
        chip.set_shown(state.result if state.present else None)
        if state.result is not None:
            body = self.ground.body(item)
            room = chip.boundingRect()
            if self.ground.sizes.down:
                chip.setPos(body.center().x(), body.bottom() + 8 + room.height() / 2)
            else:
                chip.setPos(body.right() + 10 + room.width() / 2, body.center().y())

    def _show_lane(self, lane: LaneId, seen: Frame) -> None:
        pool = self.pool
        state = seen.lane_states.get(lane, _GONE)
        moving = seen.lanes.get(lane, STILL)
        pool.lanes[lane].set_state(state, moving)
        value, gradient = pool.value_chips.get(lane), pool.gradient_chips.get(lane)
        if value is not None:
            value.set_shown(state.value if state.present and moving.value_chip else None)
        if gradient is not None:
            gradient.set_shown(state.gradient if state.present and moving.gradient_chip else None)
        look = Look(opacity=FADED if self._marks.fade and lane not in seen.focus_lanes else 1.0)
        for shown in (pool.lanes[lane], value, gradient):
            if shown is not None:
                shown.set_look(look)

    def _look(self, item: ItemId, seen: Frame, *, picked: bool) -> Look:
        hovered = item in self._marks.hovered
        inside = seen.focus is None or item in seen.focus
        opacity = FADED if self._marks.fade and not (inside or hovered or picked) else 1.0
        return Look(
            opacity=opacity * seen.appearing.get(item, 1.0),
            working=item == seen.working,
            outline=seen.outline,
            glowing=item in seen.glowing,
            selected=picked,
            hovered=hovered,
        )

    def _show_bands(self, seen: Frame) -> None:
        """A band appears with the first of its items, the line of a shared memory with the second box."""
        for band in self.pool.bands:
            shown = _shown_of(band.band.zone.items, seen)
            band.setVisible(shown is not None)
            band.setOpacity(1.0 if shown is None else shown)
        for line in self.pool.twins:
            ends = (line.twins.one, line.twins.other)
            line.setVisible(all(_there(item, seen) for item in ends))
            line.setOpacity(min(seen.appearing.get(item, 1.0) for item in ends))


def _shown_of(items: Collection[ItemId], seen: Frame) -> float | None:
    """How far the first of the items has appeared; None where none is there."""
    found = None
    for item in items:
        if _there(item, seen):
            found = max(found or 0.0, seen.appearing.get(item, 1.0))
            if found >= 1.0:
                break
    return found


def _there(item: ItemId, seen: Frame) -> bool:
    state = seen.boxes.get(item) or seen.circles.get(item) or seen.blocks.get(item)
    return state is not None and state.present
