"""How large each item is over a whole iteration, so that nothing moves while it plays.

Local coordinates: (0, 0) is where an item's lanes meet it, the middle of a box's body or of a circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF

from tutor.i18n import _
from tutor.protocol import TensorId
from tutor.trace.layout import COLUMN_GAP, ROW_GAP, Order
from tutor.trace.picture import Box, Circle, GradReason, ItemId, LaneId, Structure, Tab
from tutor.trace.routes import Port
from tutor.trace.trace import Trace
from tutor.trace.values import shape_text
from tutor.views.graph.blocks import BlockAnatomy, block_anatomies, tab_widths
from tutor.views.graph.extents import Extents, cell_width, extents, taken_names
from tutor.views.graph.face_paint import CHIP_HEIGHT, face_size
from tutor.views.graph.faces import Face, face_of, page_count, page_name
from tutor.views.graph.fonts import Role, symbol_size, text_width
from tutor.views.graph.pins import row_width, top_versions
from tutor.views.graph.port_counts import degrees, returning
from tutor.views.graph.python_tag import tag_width
from tutor.views.graph.tab_title import title_width
from tutor.views.reasons import reason_text

PAD = 12.0
HEADER = 32.0
ROW = 26.0
GRAD_ROW = 40.0
PAGES = 20.0
LABEL = 46.0
TRAY_LINE = 18.0
RADIUS = 26.0
TAB = 36.0
TAB_GAP = 11.0
FUNNEL = 40.0
FUNNEL_NOTE = 18.0
FUNNEL_SLOPE = 13.0
FUNNEL_ROW = 25.0
FUNNEL_WIDEST = 210.0
"""A wider sum is written as a column."""
_MIN_WIDTH = 136.0
_GHOST = 58.0
_IF_TAKEN: tuple[GradReason, ...] = ("moved_on",)
_TAB_INSET = 30.0
_BOX_INSET = 14.0
_OFF_BOX = 9.0
_OVER_CIRCLE = -8.0
_SMALL_CHIP = 90.0
_MOST_PORTS = 12
"""A side with more lanes is no longer: they stand closer."""
_BESIDE_LANES = 24.0
"""A funnel keeps so far right of the lanes that come from above."""
_PORT_RISE = 22.0
"""Footprints reach this much further down than up, half of it each way, so that lanes of a straight spine are straight."""


@dataclass(frozen=True, slots=True)
class BoxAnatomy:
    """Where the parts of a tensor's box are."""

    body: QRectF
    value: QRectF
    grad: QRectF
    face: Face
    face_size: tuple[float, float]
    pages: QRectF | None
    """Where a tensor of three or more dimensions says which of its matrices is shown."""
    tray: QRectF | None
    tray_lines: int
    funnel: QRectF | None
    down: bool = False
    """Values come from above and leave below."""

    @property
    def footprint(self) -> QRectF:
        rect = self.body
        for part in (self.tray, self.funnel and self.funnel.adjusted(0, -FUNNEL_NOTE, 0, 6)):
            rect = rect.united(part) if part else rect
        return rect.adjusted(-2, -2, 2, 2)


@dataclass(frozen=True, slots=True)
class CircleAnatomy:
    """Where the parts of an operation are; a long sign makes the circle a pill."""

    body: QRectF
    tabs: tuple[QRectF, ...]
    funnel: QRectF | None
    down: bool = False

    @property
    def footprint(self) -> QRectF:
        rect = self.body
        for tab in self.tabs:
            rect = rect.united(tab)
        if self.funnel is not None:
            rect = rect.united(self.funnel.adjusted(0, -FUNNEL_NOTE, 0, 6))
        return rect.adjusted(-2, -2, 2, 2)


Anatomy = BoxAnatomy | CircleAnatomy | BlockAnatomy


@dataclass(frozen=True, slots=True)
class Sizes:
    """What `layout` needs, and what the items are drawn by."""

    anatomies: Mapping[ItemId, Anatomy]
    chips: Mapping[LaneId, tuple[float, float]]
    """Width and height of each lane's largest chip."""
    pads: Mapping[ItemId, float] = field(default_factory=dict)
    """More room where lanes leave, for chips wider than the gap between columns."""
    down: bool = False
    """The picture runs from top to bottom."""
    titles: Mapping[ItemId, float] = field(default_factory=dict)
    """How wide the tab of each open group is."""

    def order(self) -> Order:
        """What the layout is asked for."""
        rooms = {item: self.room(item) for item in self.anatomies}
        return Order(
            {item: (room.width(), room.height()) for item, room in rooms.items()},
            {item: self._port(self.anatomies[item], room) for item, room in rooms.items()},
            "down" if self.down else "right",
            self.titles,
        )

    def room(self, item: ItemId) -> QRectF:
        """What the layout keeps free for the item, around its (0, 0)."""
        pad = self.pads.get(item, 0.0)
        return room_for(self.anatomies[item]).adjusted(0, 0, *((0, pad) if self.down else (pad, 0)))

    def _port(self, anatomy: Anatomy, room: QRectF) -> Port:
        """Where lanes meet the item, seen from the centre of its room."""
        x, y = room.center().x(), room.center().y()
        if self.down:
            return Port(anatomy.body.top() - y, lane_exit(anatomy) - y, -x)
        return Port(anatomy.body.left() - x, anatomy.body.right() - x, -y)

    def origin(self, item: ItemId, x: float, y: float) -> tuple[float, float]:
        """Where (0, 0) of an item lies when the layout puts the centre of its footprint at (x, y)."""
        centre = self.room(item).center()
        return x - centre.x(), y - centre.y()


def solid_parts(anatomy: Anatomy) -> list[QRectF]:
    """A box with its tray; a circle and its tabs."""
    parts = anatomy.tabs if isinstance(anatomy, CircleAnatomy) else (anatomy.tray,)
    return [anatomy.body, *(part for part in parts if part is not None)]


def lane_exit(anatomy: Anatomy) -> float:
    """How far from the middle lanes leave: in a picture from top to bottom a leaf's leave under its tray."""
    if not anatomy.down:
        return anatomy.body.right()
    tray = anatomy.tray if isinstance(anatomy, BoxAnatomy) else None
    return anatomy.body.bottom() if tray is None else tray.bottom()


def room_for(anatomy: Anatomy) -> QRectF:
    """The footprint, evened out so that the lanes meet every ordinary item equally far above its centre."""
    if anatomy.down:
        return anatomy.footprint
    rect = _narrowed(anatomy)
    if anatomy.funnel is not None:
        return rect
    top, bottom = -rect.top(), rect.bottom()
    top, bottom = max(top, bottom - 2 * _PORT_RISE), max(bottom, top + 2 * _PORT_RISE)
    return QRectF(rect.left(), -top, rect.width(), top + bottom)


def _narrowed(anatomy: Anatomy) -> QRectF:
    """Tabs and box sides may reach a little into the gap between columns, where only lanes pass."""
    rect = anatomy.footprint
    if isinstance(anatomy, BoxAnatomy):
        return rect.adjusted(_BOX_INSET, 0, -_BOX_INSET, 0)
    inset = min(_TAB_INSET, (rect.width() - anatomy.body.width()) / 2)
    return rect.adjusted(inset, 0, -inset, 0)


def measure(structure: Structure, trace: Trace, *, down: bool = False) -> Sizes:
    """The sizes of everything in the structure, from every text that it will show."""
    texts = extents(structure, trace)
    coming = returning(structure)
    degree = {item: min(ports, _MOST_PORTS) for item, ports in degrees(structure).items()}
    taken = taken_names(trace)
    outputs = {lane.source: lane.tensor for lane in reversed(structure.lanes)}
    versions = top_versions([(row.tensor, row.version) for row in trace.values if row.version])
    anatomies: dict[ItemId, Anatomy] = {}
    for box in structure.boxes:
        anatomies[box.id] = box_anatomy(
            box,
            texts,
            slots=coming.get(box.id, 0),
            ports=degree.get(box.id, 1),
            down=down,
            taken=box.name in taken,
        )
    for circle in structure.circles:
        anatomies[circle.id] = circle_anatomy(
            circle,
            slots=coming.get(circle.id, 0),
            ports=degree.get(circle.id, 1),
            term=texts.term(
                circle.tells if circle.tells is not None else outputs.get(circle.id, TensorId(-1))
            ),
            versions=versions,
            down=down,
        )
    anatomies |= block_anatomies(structure, degree, down=down)
    shapes = {row.id: (*row.batch, *row.shape) for row in trace.tensors}
    chips = {lane.id: texts.chip(lane.tensor, shapes.get(lane.tensor, ())) for lane in structure.lanes}
    pads = _row_pads(structure, chips) if down else _pads(structure, anatomies, chips)
    return Sizes(anatomies, chips, pads, down, tab_widths(structure))


def _row_pads(structure: Structure, chips: Mapping[LaneId, tuple[float, float]]) -> dict[ItemId, float]:
    """From top to bottom a chip needs its height between two rows."""
    pads: dict[ItemId, float] = {}
    for lane in structure.lanes:
        lacking = chips[lane.id][1] + 2 * _OFF_BOX - ROW_GAP
        if lacking > 0 and (lane.returns or not lane.named):
            pads[lane.source] = max(pads.get(lane.source, 0.0), lacking)
    return pads


def _pads(
    structure: Structure, anatomies: Mapping[ItemId, Anatomy], chips: Mapping[LaneId, tuple[float, float]]
) -> dict[ItemId, float]:
    pads: dict[ItemId, float] = {}
    rooms = {item: room_for(anatomy) for item, anatomy in anatomies.items()}
    for lane in structure.lanes:
        if lane.named and not lane.returns:
            continue
        source, target = anatomies[lane.source], anatomies[lane.target]
        free = COLUMN_GAP + rooms[lane.source].right() - source.body.right()
        free += target.body.left() - rooms[lane.target].left()
        chip = chips[lane.id]
        lacking = chip[0] + _beside(source, chip) + _beside(target, chip) - free
        if lacking > 0:
            pads[lane.source] = max(pads.get(lane.source, 0.0), lacking)
    return pads


def _beside(anatomy: Anatomy, chip: tuple[float, float]) -> float:
    """How far a chip keeps from the end of its lane: off a box; a small one a little over the shoulder of a circle."""
    if not isinstance(anatomy, CircleAnatomy):
        return _OFF_BOX
    if chip[0] <= _SMALL_CHIP and chip[1] <= CHIP_HEIGHT:
        return _OVER_CIRCLE
    return max(0.0, anatomy.footprint.right() - anatomy.body.right()) + 2


def box_anatomy(
    box: Box, texts: Extents, *, slots: int, ports: int, down: bool = False, taken: bool = False
) -> BoxAnatomy:
    """`slots` is how many gradients may meet at the box, `ports` how many lanes touch one of its sides at most.

    `taken`: its name had belonged to another tensor, which its `.grad` row may say.
    """
    if box.ghost_of is not None:
        return _ghost_anatomy(box, ports, down=down)
    face = face_of(box.shape, kept=texts.kept(box.tensor))
    words = texts.number(box.tensor) if face.kind == "line" else texts.words(box.tensor)
    size = face_size(face, words, cell_width(texts.cell(box.tensor)))
    width = max(_MIN_WIDTH, ports * 30.0 if down else 0.0, *_widths(box, texts, size[0], taken=taken))
    value_height = max(ROW, size[1] + 8) if face.kind != "line" else ROW
    kept = (box.is_leaf and box.tracked) or box.tensor in texts.keeping
    grad_height = max(GRAD_ROW, size[1] + 10) if kept and face.kind != "line" else GRAD_ROW
    paged = PAGES if page_count(box.shape) > 1 and face.kind not in ("line", "statistics") else 0.0
    height = max(HEADER + value_height + paged + grad_height, 0.0 if down else ports * 30.0)
    body = QRectF(-width / 2, -height / 2, width, height)
    value = QRectF(body.left() + PAD, body.top() + HEADER, width - 2 * PAD, value_height)
    pages = QRectF(value.left(), value.bottom() - 2, value.width(), PAGES) if paged else None
    top = value.bottom() + paged
    grad = QRectF(value.left(), top, value.width(), body.bottom() - top)
    lines = texts.tray_lines(box.tensor)
    has_tray = box.is_leaf and box.tracked
    tray = QRectF(body.left() + 4, body.bottom() + 2, width - 8, lines * TRAY_LINE + 9) if has_tray else None
    funnel = _funnel(body, slots, texts.term(box.tensor), right=True) if slots > 1 else None
    if funnel is not None and down and not box.is_leaf:
        funnel.moveLeft(_BESIDE_LANES)
    return BoxAnatomy(body, value, grad, face, size, pages, tray, lines, funnel, down)


def _ghost_anatomy(box: Box, ports: int, *, down: bool) -> BoxAnatomy:
    """Its name alone: the numbers stand at the leaf."""
    width = max(_GHOST, text_width(name_role(box.name), box.name) + 42, ports * 30.0 if down else 0.0)
    height = max(HEADER + 2, 0.0 if down else ports * 30.0)
    body = QRectF(-width / 2, -height / 2, width, height)
    return BoxAnatomy(body, QRectF(), QRectF(), face_of((), kept=True), (0.0, 0.0), None, None, 1, None, down)


def circle_anatomy(
    circle: Circle,
    *,
    slots: int,
    ports: int,
    term: float,
    versions: Mapping[TensorId, int],
    down: bool = False,
) -> CircleAnatomy:
    """`versions` are the highest that the tensors come to: a saved one is written with its version."""
    if down:
        return _upright_circle(circle, slots=slots, ports=ports, term=term, versions=versions)
    half_height = max(RADIUS, ports * 10.0 + 4)
    half_width = max(half_height, _sign_width(circle, term) / 2)
    body = QRectF(-half_width, -half_height, 2 * half_width, 2 * half_height)
    tabs = []
    for row, tab in enumerate(circle.tabs):
        width = _tab_width(tab, versions)
        tabs.append(QRectF(-width / 2, body.bottom() + TAB_GAP + row * (TAB + 4), width, TAB))
    funnel = _funnel(body, slots, term, right=False) if slots > 1 else None
    return CircleAnatomy(body, tuple(tabs), funnel)


def _upright_circle(
    circle: Circle, *, slots: int, ports: int, term: float, versions: Mapping[TensorId, int]
) -> CircleAnatomy:
    """Lanes arrive above and leave below: tabs stand at the right, the funnel over them."""
    half_width = max(RADIUS, ports * 10.0 + 4, _sign_width(circle, term) / 2)
    body = QRectF(-half_width, -RADIUS, 2 * half_width, 2 * RADIUS)
    top = -((TAB + 4) * len(circle.tabs) - 4) / 2
    tabs = tuple(
        QRectF(body.right() + TAB_GAP, top + row * (TAB + 4), _tab_width(tab, versions), TAB)
        for row, tab in enumerate(circle.tabs)
    )
    funnel = _funnel(body, slots, term, right=False) if slots > 1 else None
    if funnel is not None:
        funnel.moveBottomLeft(QPointF(_BESIDE_LANES + (ports - 1) * 10, min(top, body.top()) - 10))
    return CircleAnatomy(body, tabs, funnel, down=True)


def _sign_width(circle: Circle, term: float) -> float:
    """A tag is as wide as what it tells."""
    return tag_width(circle, term) if circle.cut == "python" else symbol_size(circle.symbol)[1] + 22


def _tab_width(tab: Tab, versions: Mapping[TensorId, int]) -> float:
    return max(title_width(tab) + 26, row_width(tab, versions) + 18)


def _widths(box: Box, texts: Extents, numbers: float, *, taken: bool) -> list[float]:
    header = text_width(name_role(box.name), box.name) + 18 + text_width("small", shape_note(box))
    values = LABEL + numbers
    pages = _pages_width(box.shape)
    reasons = max(
        text_width("small", reason_text(reason)) for reason in (*_reasons(box), *_IF_TAKEN[: int(taken)])
    )
    tray = texts.tray(box.tensor) if box.is_leaf and box.tracked else 0.0
    return [part + 2 * PAD for part in (header, values, pages, reasons, tray)]


def _pages_width(shape: tuple[int, ...]) -> float:
    """The longest name of a page, between its arrows."""
    count = page_count(shape)
    if count < 2 or 0 in shape or min(shape) < 0:
        return 0.0
    return text_width("cell", f"{page_name(shape, count - 1)} · {count}/{count}") + 64


def _reasons(box: Box) -> tuple[GradReason, ...]:
    if not box.tracked:
        return ("no_requires_grad",)
    return ("no_backward_yet", "not_reached", "returned") if box.is_leaf else ("not_leaf", "passes")


def name_role(name: str) -> Role:
    """Expressions that stand for a name are written smaller."""
    return "name" if len(name) <= 8 else "code"


def shape_note(box: Box) -> str:
    """The shape and whether it is a leaf, at the right of a box's head."""
    return f"{shape_text(box.shape)}  {_('leaf') if box.is_leaf else _('not a leaf')}"


def _funnel(body: QRectF, slots: int, term: float, *, right: bool) -> QRectF:
    shown = min(slots, 3)
    cut = slots > shown
    chips = shown * max(term + 18, 30.0) + (shown - 1) * 18 + cut * 32
    width = chips + 18 + term + 22 + 2 * FUNNEL_SLOPE + 14
    height = FUNNEL
    if width > FUNNEL_WIDEST:
        width, height = term + 18 + 2 * FUNNEL_SLOPE + 52, (shown + cut + 1) * FUNNEL_ROW + 10
    left = max(body.left(), body.right() + 14 - width) if right else body.center().x() - width / 2
    return QRectF(left, body.top() - height - 10, width, height)
