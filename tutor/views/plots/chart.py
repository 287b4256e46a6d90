"""One chart: lines over the backwards of a run, and where the step stands among them. A click asks for a place.

Made of pyqtgraph's parts, without its menus: what it exports by itself is broken on newer versions of Qt.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent, QShowEvent
from PySide6.QtWidgets import QToolTip, QVBoxLayout, QWidget

from tutor.trace.values import cell
from tutor.views.fonts import sans
from tutor.views.plots.lines import Line
from tutor.views.theme import LIGHT, Palette
from tutor.views.ticks import round_distance

os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
import pyqtgraph as pg

_FEW_POINTS = 40
"""So many points are shown as dots too."""
_TICKS = 6
"""About so many stand on the axis below."""
_AXIS_WIDTH = 46
_WIDE, _THIN = 3.2, 1.8


class Chart(QWidget):
    """Draws what it is given; the axis below counts backwards from 1, the one at the left may be logarithmic."""

    place_asked = Signal(float)
    """A place on the axis of backwards."""

    def __init__(self, describe: Callable[[float], str], parent: QWidget) -> None:
        """`describe`: what is said of a place that the pointer rests on."""
        super().__init__(parent)
        self._describe = describe
        self._palette = LIGHT
        self._pixels = 11
        self._lines: tuple[Line, ...] = ()
        self._log = False
        self._count = 0
        self._gaps: tuple[int, ...] = ()
        self._lit: int | None = None
        self._items: list[Any] = []
        self._canvas: Any = pg.GraphicsLayoutWidget(self)
        self._canvas.scene().contextMenu = []
        self._left: Any = pg.AxisItem("left", maxTickLength=4)
        self._below: Any = pg.AxisItem("bottom", maxTickLength=4)
        self._view: Any = pg.ViewBox(enableMenu=False, enableMouse=False, defaultPadding=0.0)
        self._cursor: Any = pg.InfiniteLine(0.0, angle=90)
        self._lay_out()
        self._canvas.viewport().setMouseTracking(True)
        self._canvas.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        layout = self._canvas.ci.layout
        layout.setContentsMargins(2, 6, 14, 0)
        layout.setSpacing(0)
        self._canvas.addItem(self._left, row=0, col=0)
        self._canvas.addItem(self._view, row=0, col=1)
        self._canvas.addItem(self._below, row=1, col=1)
        for axis in (self._left, self._below):
            axis.linkToView(self._view)
            axis.enableAutoSIPrefix(False)
        self._left.setWidth(_AXIS_WIDTH)
        self._view.addItem(self._cursor, ignoreBounds=True)
        self._cursor.setZValue(10)
        self._canvas.setFrameShape(self._canvas.Shape.NoFrame)
        self._canvas.setMinimumSize(0, 0)
        self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._canvas)

    # what is drawn

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    @property
    def cursor_place(self) -> float:
        return float(self._cursor.value())

    @property
    def heights(self) -> tuple[float, float]:
        """What the left axis reaches from and to, in values."""
        low, high = self._view.viewRange()[1]
        return (10.0**low, 10.0**high) if self._log else (low, high)

    @property
    def ticks(self) -> list[str]:
        """What is written at the left, where the scale is logarithmic."""
        low, high = self._view.viewRange()[1]
        return [text for _place, text in _decades(low, high)] if self._log else []

    def show_lines(self, lines: Sequence[Line], count: int, gaps: Sequence[int], *, log: bool) -> None:
        """`count` backwards make the axis below; after those in `gaps` some were left out, and lines are broken."""
        if (tuple(lines), count, tuple(gaps), log) == (self._lines, self._count, self._gaps, self._log):
            return
        self._lines, self._count, self._gaps, self._log = tuple(lines), count, tuple(gaps), log
        self._left.setLogMode(x=False, y=log)
        self._draw()

    def set_cursor(self, place: float) -> None:
        self._cursor.setValue(place)

    def light(self, place: int | None) -> None:
        """The line of this number stands out before the others."""
        if place != self._lit:
            self._lit = place
            self._draw()

    def apply_theme(self, palette: Palette, pixels: int) -> None:
        self._palette, self._pixels = palette, pixels
        self._canvas.setBackground(palette.panel)
        for axis in (self._left, self._below):
            axis.setPen(pg.mkPen(palette.faint))
            axis.setTextPen(pg.mkPen(palette.muted))
            axis.setStyle(tickFont=sans(pixels), tickTextOffset=4, maxTickLevel=0)
        self._below.setHeight(pixels + 10)
        self._left.setWidth(_AXIS_WIDTH + 3 * max(pixels - 11, 0))
        self._cursor.setPen(pg.mkPen(palette.ink, width=1.2))
        self._draw()

    def _draw(self) -> None:
        for item in self._items:
            self._view.removeItem(item)
        self._items.clear()
        heights = [line.heights(log=self._log) for line in self._lines]
        low, high = _reach([h for own in heights for h in own if math.isfinite(h)], log=self._log)
        for line, own in zip(self._lines, heights, strict=True):
            self._draw_line(line, own)
            self._draw_broken(line, low + 0.04 * (high - low))
        self._view.setRange(xRange=(0.0, max(self._count, 1) * 1.02), yRange=(low, high), padding=0.0)
        self._left.setTicks([_decades(low, high)] if self._log else None)
        step = round_distance(self._count / _TICKS)
        self._below.setTickSpacing(major=step, minor=step)

    def _draw_line(self, line: Line, heights: list[float]) -> None:
        lit = self._lit in (None, line.place)
        pen = pg.mkPen(line.color, width=_WIDE if self._lit == line.place else _THIN, style=line.dash)
        dots = "o" if len(heights) <= _FEW_POINTS else None
        numbers, heights = _parted(line.numbers, heights, line.goes_on(self._gaps))
        item = pg.PlotDataItem(
            numbers,
            heights,
            pen=pen,
            connect="finite",
            antialias=True,
            symbol=dots,
            symbolSize=5,
            symbolBrush=line.color,
            symbolPen=None,
            autoDownsample=len(heights) > 4 * _FEW_POINTS,
            downsampleMethod="peak",
        )
        item.setOpacity(1.0 if lit else 0.25)
        self._add(item)

    def _draw_broken(self, line: Line, height: float) -> None:
        """Red crosses at the foot, where it was no finite number."""
        broken = line.broken()
        if broken:
            pen = pg.mkPen(self._palette.error, width=2)
            crosses = pg.ScatterPlotItem(
                broken, [height] * len(broken), symbol="x", size=8, pen=pen, brush=None
            )
            self._add(crosses)

    def _add(self, item: Any) -> None:
        self._view.addItem(item, ignoreBounds=True)
        self._items.append(item)

    # Qt's own

    def place_at(self, point: QPoint) -> float:
        """Where a point of the canvas lies on the axis of backwards."""
        scene = self._canvas.mapToScene(point)
        return float(self._view.mapSceneToView(scene).x())

    def point_of(self, place: float) -> QPoint:
        """The way back: a point of the canvas at half height."""
        middle = sum(self._view.viewRange()[1]) / 2
        scene = self._view.mapViewToScene(pg.Point(place, middle))
        found: QPoint = self._canvas.mapFromScene(scene)
        return found

    @property
    def viewport(self) -> QWidget:
        found: QWidget = self._canvas.viewport()
        return found

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """A click or a drag seeks; the pointer at rest reads."""
        if not isinstance(event, QMouseEvent):
            return event.type() in (QEvent.Type.Wheel, QEvent.Type.ContextMenu)
        place = self.place_at(event.position().toPoint())
        pressed = event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton
        if pressed or event.buttons() & Qt.MouseButton.LeftButton:
            self.place_asked.emit(place)
        elif event.type() == QEvent.Type.MouseMove:
            QToolTip.showText(event.globalPosition().toPoint(), self._describe(place), self)
        return True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()


def _parted(
    numbers: Sequence[int], heights: Sequence[float], goes_on: Sequence[bool]
) -> tuple[list[float], list[float]]:
    """With a point of no height wherever the line does not go on."""
    xs: list[float] = []
    ys: list[float] = []
    for number, height, joined in zip(numbers, heights, goes_on, strict=True):
        xs += [number] if joined else [number, number + 0.5]
        ys += [height] if joined else [height, math.nan]
    return xs, ys


def _reach(heights: Sequence[float], *, log: bool) -> tuple[float, float]:
    """From where to where the axis goes: some room around all, zero within where it is not logarithmic."""
    if not heights:
        return (-1.0, 1.0) if log else (0.0, 1.0)
    low, high = min(heights), max(heights)
    if not log:
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.06 or max(abs(high), 1.0) * 0.1
    return (low if low == 0.0 and not log else low - room), high + room


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    """A few round numbers between two logarithms: powers of ten, and where these are few 2 and 5 times them."""
    span = high - low
    factors = (1, 2, 5) if span < 1.3 else (1, 3) if span < 2.6 else (1,)
    every = max(math.ceil(span / 5), 1)
    powers = [power for power in range(math.floor(low), math.ceil(high) + 1) if power % every == 0]
    places = [(power + math.log10(factor), factor * 10.0**power) for power in powers for factor in factors]
    return [(place, cell(number)) for place, number in places if low <= place <= high]
