"""From a layout to what is drawn: where each item stands, at which ports its lanes arrive, and where chips rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF

from tutor.trace.layout import Layout
from tutor.trace.picture import ItemId, LaneId, Structure
from tutor.views.graph.bands import Band, Twins, band_of, twins_of
from tutor.views.graph.clear import Standing
from tutor.views.graph.curves import Curves, SparseChips
from tutor.views.graph.places import Crowd, Obstacles, chip_place, chip_rect, obstacles
from tutor.views.graph.sizes import Anatomy, BoxAnatomy, CircleAnatomy, Sizes
from tutor.views.graph.spots import Spot, spot_of

MANY = 200
"""From so many lanes on a structure is large."""
_MOST_POINTS = 20_000


@dataclass(frozen=True, eq=False)
class Places:
    """The still geometry of one structure, in scene coordinates."""

    items: Mapping[ItemId, QPointF]
    lanes: Curves
    value_chips: Mapping[LaneId, QPointF]
    gradient_chips: Mapping[LaneId, QPointF]
    crowd: Crowd
    bounds: QRectF
    bands: tuple[Band, ...] = ()
    twins: tuple[Twins, ...] = ()
    frames: Mapping[ItemId, QRectF] = field(default_factory=dict)
    """Around the items of each open group."""

    def rect(self, item: ItemId, local: QRectF) -> QRectF:
        return local.translated(self.items[item])


class PlaceMaker:
    """Finds the places of a structure, one item or lane a turn, so that a large one is done in slices.

    The lanes and chips of a large structure are found when they are asked for.
    """

    def __init__(self, structure: Structure, sizes: Sizes, layout: Layout) -> None:
        self._structure, self._sizes, self._layout = structure, sizes, layout
        self._few = len(structure.lanes) < MANY
        self._items: dict[ItemId, QPointF] = {}
        self._footprints: dict[ItemId, QRectF] = {}
        self._spots: dict[ItemId, Spot] = {}
        self._crowd: Crowd = Crowd() if self._few else SparseCrowd(self._solids)
        self._lanes = self._curves(None)
        self._bands: tuple[Band, ...] = ()
        self._twins: tuple[Twins, ...] = ()
        self._chips: tuple[Mapping[LaneId, QPointF], Mapping[LaneId, QPointF]] = {}, {}

    def run(self) -> Iterator[None]:
        """`result` holds after the last turn."""
        for item, point in self._layout.positions.items():
            place = QPointF(*self._sizes.origin(item, point.x, point.y))
            self._items[item] = place
            self._footprints[item] = self._sizes.anatomies[item].footprint.translated(place)
            self._spots[item] = spot_of(self._sizes, item, place)
            yield
        if self._few:
            self._lanes = self._curves(Standing(self._sizes, self._spots))
            yield from self._place_few(self._lanes)
            return
        yield from self._add_bands()
        values, gradients = (
            SparseChips(self._lanes, self._sizes, self._solid_parts, values=side) for side in (True, False)
        )
        self._chips = values, gradients

    def _curves(self, standing: Standing | None) -> Curves:
        return Curves(self._structure.lanes, self._spots, self._layout, standing, down=self._sizes.down)

    @property
    def result(self) -> Places:
        values, gradients = self._chips
        return Places(
            items=self._items,
            lanes=self._lanes,
            value_chips=values,
            gradient_chips=gradients,
            crowd=self._crowd,
            bounds=self._bounds(),
            bands=self._bands,
            twins=self._twins,
            frames={frame: QRectF(*rect) for frame, rect in self._layout.frames.items()},
        )

    def _place_few(self, lanes: Curves) -> Iterator[None]:
        """Every chip where it covers least."""
        for rect in self._solids():
            self._crowd.add(rect)
        total = 0.0
        for curves in lanes.values():
            total += curves.centre.length
            yield
        every = max(12.0, total / _MOST_POINTS)
        for curves in lanes.values():
            self._crowd.add_curve(curves.value, every=every)
            self._crowd.add_curve(curves.gradient, every=every)
            yield
        yield from self._add_bands()
        values, gradients = dict[LaneId, QPointF](), dict[LaneId, QPointF]()
        self._chips = values, gradients
        down = self._sizes.down
        for lane in self._structure.lanes:
            curve, size = lanes[lane.id].centre, self._sizes.chips[lane.id]
            if not lane.named:
                values[lane.id] = chip_place(curve, size, self._crowd, below=down)
            if lane.returns:
                gradients[lane.id] = chip_place(curve, size, self._crowd, below=not down)
            yield

    def _solids(self) -> Iterator[QRectF]:
        for item in self._items:
            yield from self._solid_parts(item)

    def _solid_parts(self, item: ItemId) -> Iterator[QRectF]:
        place = self._items[item]
        return (part.translated(place) for part in _solid(self._sizes.anatomies[item]))

    def _add_bands(self) -> Iterator[None]:
        zones = [zone for zone in self._structure.zones if zone.items]
        inside = {item for zone in zones for item in zone.items}
        lanes = (lane for lane in self._structure.lanes if lane.source in inside and lane.target in inside)
        ways = {(lane.source, lane.target): self._lanes[lane.id].value for lane in lanes}
        bands = []
        for zone in zones:
            bands.append(band_of(zone, self._footprints, ways, self._crowd))
            yield
        self._bands = tuple(bands)
        boxes = {box.id: _with_tray(self._sizes.anatomies[box.id]) for box in self._structure.boxes}
        lower = {item: rect.translated(self._items[item]) for item, rect in boxes.items()}
        self._twins = twins_of(self._structure, lower, down=self._sizes.down)

    def _bounds(self) -> QRectF:
        frames = (QRectF(*frame) for frame in self._layout.frames.values())
        bounds = QRectF() if self._few else QRectF(0.0, 0.0, self._layout.width, self._layout.height)
        for rect in (*self._footprints.values(), *frames):
            bounds = bounds.united(rect)
        for chips in self._chips if self._few else ():
            for lane, centre in chips.items():
                bounds = bounds.united(chip_rect(centre, self._sizes.chips[lane]))
        for band in self._bands:
            bounds = bounds.united(band.path.boundingRect()).united(band.tag)
        for twins in self._twins:
            bounds = bounds.united(twins.path.boundingRect().adjusted(-40, 0, 40, 12))
        return bounds


def places(structure: Structure, sizes: Sizes, layout: Layout) -> Places:
    """Everything that stands still while the structure plays."""
    maker = PlaceMaker(structure, sizes, layout)
    for _ in maker.run():
        pass
    return maker.result


class SparseCrowd(Crowd):
    """Of a large structure: what stands there is added when something first asks, and no lanes."""

    def __init__(self, standing: Callable[[], Iterable[QRectF]]) -> None:
        super().__init__()
        self._standing = standing
        self._filled = False

    def obstacles(self) -> Obstacles:
        return obstacles(((rect, 1.0) for rect in self._standing()), [])

    def cost(self, rect: QRectF, *, point_cost: float = 60.0, area_cost: float = 1.0) -> float:
        if not self._filled:
            self._filled = True
            for found in self._standing():
                self.add(found)
        return super().cost(rect, point_cost=point_cost, area_cost=area_cost)


def _with_tray(anatomy: Anatomy) -> QRectF:
    tray = anatomy.tray if isinstance(anatomy, BoxAnatomy) else None
    return anatomy.body if tray is None else anatomy.body.united(tray)


def _solid(anatomy: Anatomy) -> list[QRectF]:
    """What a chip must not cover."""
    # A round outline leaves the corners of its square free.
    grow = -5 if isinstance(anatomy, CircleAnatomy) else 4
    parts = list(anatomy.tabs) if isinstance(anatomy, CircleAnatomy) else [anatomy.tray]
    funnel = anatomy.funnel and anatomy.funnel.adjusted(-4, -18, 4, 8)
    return [anatomy.body.adjusted(-grow, -grow, grow, grow), *(part for part in (*parts, funnel) if part)]
