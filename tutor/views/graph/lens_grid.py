"""J as a grid beside its sliders: rows are outputs, columns inputs; scaled rows slide together into the one that leaves.

What the tutor works out stands in dashed frames; a solid frame holds only numbers that torch sent in this run.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from tutor.i18n import _
from tutor.insight.jacobian import Block, Jacobian, times
from tutor.insight.local import atom
from tutor.trace.picture import Shown
from tutor.trace.values import cell, exact
from tutor.views.graph.face_paint import block_pixels, image_of
from tutor.views.graph.faces import Floats, weights
from tutor.views.graph.fonts import text_width
from tutor.views.graph.letters import text_pixels
from tutor.views.graph.motion import beat
from tutor.views.graph.paint import CENTRE, Inks, dashed, grid, pen, write
from tutor.views.graph.sliders import ROW
from tutor.views.graph.values import COVERED, Cells
from tutor.views.theme import LIGHT, TEXT_PIXELS, Palette

HEAD = 38
_CELL = 24.0
_FALL = 26.0
_FOOT = 22.0
_GAP = 18.0
_INSET = 10.0
_MOST_TEXTS = 12
"""So many columns are written out; of more there are blocks."""
_BLOCKS_WIDTH = 360.0
_DIGITS = 3


class LensGrid(QWidget):
    """Draws one Jacobian, v, and the row vᵀJ at a progress of the node's step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(LIGHT)
        self._jacobian: Jacobian | None = None
        self._v: list[float] = []
        self._torchs = False
        self._progress = 1.0
        self.setMouseTracking(True)

    def show_jacobian(self, found: Jacobian, v: Sequence[float], *, torchs: bool, progress: float) -> None:
        """`torchs`: v is what the node received, so that the row that leaves is torch's own."""
        self._jacobian, self._v, self._torchs, self._progress = found, list(v), torchs, progress
        self.setFixedSize(self.sizeHint())
        self.setAccessibleName("\n".join(self._spoken(found)))
        self.update()

    def apply_theme(self, palette: Palette) -> None:
        self._inks = Inks(palette)
        self.update()

    @property
    def _scale(self) -> float:
        """It is drawn for letters of the usual size, and grows with them."""
        return text_pixels(self) / TEXT_PIXELS

    @property
    def rows(self) -> list[str]:
        """The row that leaves, as it is written: a text for each input."""
        found = self._jacobian
        return [] if found is None else [" ".join(self._leaving(block).texts[0]) for block in found.blocks]

    @property
    def is_torchs(self) -> bool:
        """Whether the row that leaves is torch's own."""
        found = self._jacobian
        return found is not None and self._torchs and all(block.sent is not None for block in found.blocks)

    def copied(self) -> str:
        """J and the row that leaves, exact, as tab-separated lines."""
        found = self._jacobian
        if found is None or any(block.hidden or block.sent_hidden for block in found.blocks):
            return COVERED
        lines = [
            "\t".join(exact(float(n), "float64") for block in found.blocks for n in block.rows[row])
            for row in range(found.outputs)
        ]
        leaving = (exact(float(n), "float64") for block in found.blocks for n in self._numbers(block))
        return "\n".join([*lines, "\t".join(leaving)])

    # what is written

    def _leaving(self, block: Block) -> Cells:
        """vᵀJ of one input: torch's own numbers where v is torch's."""
        if block.sent_hidden or (block.hidden and not self._is_sent(block)):
            return _covered(len(block.rows[0]))
        return _cells(self._numbers(block), float(np.max(np.abs(_finite(self._numbers(block))), initial=0.0)))

    def _numbers(self, block: Block) -> Floats:
        if self._is_sent(block):
            assert block.sent is not None
            return np.asarray(block.sent.data, dtype=np.float64).reshape(-1)
        return times(self._v, block).reshape(-1)

    def _is_sent(self, block: Block) -> bool:
        return self._torchs and block.sent is not None and _is_plain(block.sent)

    def _row(self, block: Block, row: int) -> Cells:
        if block.hidden:
            return _covered(block.rows.shape[1])
        return _cells(block.rows[row], float(np.max(np.abs(_finite(block.rows)), initial=0.0)))

    def _scaled(self, block: Block, row: int) -> Cells:
        if block.hidden or block.sent_hidden:
            return _covered(block.rows.shape[1])
        with np.errstate(all="ignore"):
            scaled = np.where(block.rows == 0, 0.0, np.asarray(self._v)[:, None] * block.rows)
        return _cells(scaled[row], float(np.max(np.abs(_finite(scaled)), initial=0.0)))

    def _spoken(self, found: Jacobian) -> list[str]:
        """What a screen reader says."""
        lines = [
            f"∂{found.text}/∂{block.text}: {block.rows.tolist()}"
            for block in found.blocks
            if not block.hidden
        ]
        return [*lines, "vᵀJ: " + "; ".join(self.rows)]

    # places

    def _written_out(self) -> bool:
        found = self._jacobian
        return found is not None and sum(block.rows.shape[1] for block in found.blocks) <= _MOST_TEXTS

    def _widths(self) -> list[float]:
        """Of one column of each block."""
        found = self._jacobian
        if found is None:
            return []
        count = sum(block.rows.shape[1] for block in found.blocks)
        if not self._written_out():
            return [min(max(_BLOCKS_WIDTH / count, 3.0), _CELL)] * len(found.blocks)
        return [max(46.0, _widest(block) + 14) for block in found.blocks]

    def _block_rects(self) -> list[QRectF]:
        """Of each block's rows, head and leaving row left out."""
        found, x = self._jacobian, _INSET
        rects = []
        for block, width in zip(found.blocks if found else (), self._widths(), strict=True):
            whole = max(width * block.rows.shape[1], _words_width(found, block))
            rects.append(QRectF(x, HEAD, width * block.rows.shape[1], len(block.rows) * ROW))
            x += whole + _GAP
        return rects

    def _row_rect(self, block: QRectF, row: float) -> QRectF:
        return QRectF(block.left(), block.top() + row * ROW + (ROW - _CELL) / 2, block.width(), _CELL)

    def _leaving_rect(self, block: QRectF) -> QRectF:
        return QRectF(block.left(), block.bottom() + _FALL, block.width(), _CELL)

    def sizeHint(self) -> QSize:
        rects = self._block_rects()
        found = self._jacobian
        if not rects or found is None:
            return QSize(0, 0)
        words = (rect.left() + _words_width(found, b) for rect, b in zip(rects, found.blocks, strict=True))
        right = max(rects[-1].right(), *words) + _INSET
        height = rects[0].bottom() + _FALL + _CELL + _FOOT
        return QSize(round(right * self._scale), round(height * self._scale))

    # drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._jacobian
        if found is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self._scale, self._scale)
        for block, rect in zip(found.blocks, self._block_rects(), strict=True):
            self._draw_block(painter, found, block, rect)
        painter.end()

    def _draw_block(self, painter: QPainter, found: Jacobian, block: Block, rect: QRectF) -> None:
        inks = self._inks
        name = QRectF(rect.left(), 2, max(rect.width(), text_width("small", _head(found, block)) + 4), 18)
        write(painter, name, _head(found, block), role="small", colour=inks.ink)
        if self._written_out():
            self._draw_indices(painter, block, rect)
        for row in range(len(block.rows)):
            self._draw_row(painter, self._row_rect(rect, row), self._row(block, row), gradient=False)
        painter.setPen(dashed(inks.muted, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(-4, 0, 4, 0), 6, 6)
        self._draw_falling(painter, block, rect)
        self._draw_leaving(painter, block, rect)

    def _draw_indices(self, painter: QPainter, block: Block, rect: QRectF) -> None:
        width = rect.width() / block.rows.shape[1]
        for column in range(block.rows.shape[1]):
            place = QRectF(rect.left() + column * width, 20, width, 18)
            write(
                painter,
                place,
                index_text(block.shape, column),
                role="small",
                colour=self._inks.muted,
                align=CENTRE,
            )

    def _draw_row(self, painter: QPainter, place: QRectF, cells: Cells, *, gradient: bool) -> None:
        if self._written_out():
            grid(painter, place, cells, self._inks, gradient=gradient)
            return
        hue = "gradient" if gradient else "value"
        painter.fillRect(place, self._inks.panel)
        if cells.texts[0][0] == COVERED:
            painter.fillRect(place, self._inks.faded(hue, 0.10))
            write(painter, place, COVERED, role="code", colour=self._inks.muted, align=CENTRE)
        else:
            image = image_of(block_pixels(np.asarray(cells.weights), self._inks.palette, hue))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, image)
        painter.setPen(pen(self._inks.faint, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place)

    def _draw_falling(self, painter: QPainter, block: Block, rect: QRectF) -> None:
        """Each row, times its v, on its way into the one row."""
        scaled, fallen = beat(self._progress, 1), beat(self._progress, 2)
        if scaled <= 0.0 or fallen >= 1.0:
            return
        end = self._leaving_rect(rect)
        for row in range(len(block.rows)):
            start = self._row_rect(rect, row)
            place = start.translated(0, (end.top() - start.top()) * fallen)
            painter.save()
            painter.setOpacity(scaled * (1.0 - 0.3 * fallen))
            painter.fillRect(place, self._inks.panel)
            self._draw_row(painter, place, self._scaled(block, row), gradient=True)
            painter.restore()

    def _draw_leaving(self, painter: QPainter, block: Block, rect: QRectF) -> None:
        inks, place = self._inks, self._leaving_rect(rect)
        middle = rect.center().x()
        painter.setPen(pen(inks.gradient, 2.0))
        painter.drawLine(QPointF(middle, rect.bottom() + 5), QPointF(middle, place.top() - 6))
        for side in (-4.0, 4.0):
            painter.drawLine(QPointF(middle + side, place.top() - 11), QPointF(middle, place.top() - 5))
        if self._progress >= 1.0:
            self._draw_row(painter, place, self._leaving(block), gradient=True)
        frame = place.adjusted(-3, -3, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        sent = self._is_sent(block)
        painter.setPen(pen(inks.gradient, 1.8) if sent else dashed(inks.gradient, 1.4))
        painter.drawRoundedRect(frame, 6, 6)
        below = QRectF(place.left(), place.bottom() + 4, _words_width(self._jacobian, block) + 4, 17)
        write(painter, below, _caption(block, sent=sent), role="small", colour=inks.gradient_text)

    # what the pointer asks

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tip = self.tip_at(QPointF(event.pos()) / self._scale)
            if tip:
                QToolTip.showText(event.globalPos(), tip, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, place: QPointF) -> str:
        """The exact number at this place of the drawing, at its usual size."""
        found = self._jacobian
        for block, rect in zip(found.blocks if found else (), self._block_rects(), strict=True):
            assert found is not None
            column = int((place.x() - rect.left()) / rect.width() * block.rows.shape[1])
            if not 0 <= column < block.rows.shape[1] or place.x() < rect.left():
                continue
            name = f"{block.text}{index_text(block.shape, column)}"
            if rect.contains(place):
                row = min(int((place.y() - rect.top()) / ROW), len(block.rows) - 1)
                number = COVERED if block.hidden else exact(float(block.rows[row, column]), "float64")
                head = f"∂{found.text}{index_text(found.shape, row)}/∂{name} = {number}"
                words = _("Worked out here from what was recorded: the engine never builds J.")
                return f"{head}\n{words}"
            if self._leaving_rect(rect).contains(place):
                hidden = self._leaving(block).texts[0][column] == COVERED
                number = (
                    COVERED if hidden else exact(float(self._numbers(block)[column]), self._precision(block))
                )
                return f"{name}: {number}"
        return ""

    def _precision(self, block: Block) -> str:
        return "float32" if self._is_sent(block) else "float64"

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.copied())


def index_text(shape: Sequence[int], place: int) -> str:
    """[0, 2]: where an element stands; nothing for a lone number."""
    if not shape or not prod(shape):
        return ""
    return "[" + ", ".join(str(int(at)) for at in np.unravel_index(place, tuple(shape))) + "]"


def _head(found: Jacobian | None, block: Block) -> str:
    return "" if found is None else f"∂{atom(found.text)} / ∂{atom(block.text)}"


def _caption(block: Block, *, sent: bool) -> str:
    """Whose numbers these are, and to which input they go."""
    words = _("torch sent this") if sent else _("worked out here")
    return f"{words} → {block.text}"


def _words_width(found: Jacobian | None, block: Block) -> float:
    """Of what stands over the block and under its row, whichever it says."""
    texts = (_head(found, block), _caption(block, sent=True), _caption(block, sent=False))
    return max(text_width("small", text) for text in texts)


def _cells(numbers: Floats, most: float) -> Cells:
    texts = tuple(cell(_plain(float(n)), digits=_DIGITS) for n in numbers)
    return Cells((texts,), (tuple(weights(np.asarray(numbers, dtype=np.float64), most).tolist()),))


def _plain(number: float) -> float | str:
    return number if np.isfinite(number) else str(number)


def _covered(count: int) -> Cells:
    return Cells(((COVERED,) * count,), ((0.5,) * count,))


def _finite(numbers: Floats) -> Floats:
    return np.where(np.isfinite(numbers), numbers, 0.0)


def _is_plain(shown: Shown) -> bool:
    return shown.data is not None and not isinstance(shown.data, dict)


def _widest(block: Block) -> float:
    """Of all that the block's numbers are written as, with room for what sliders make of them."""
    texts = [cell(_plain(float(n)), digits=_DIGITS) for n in block.rows.reshape(-1)]
    return text_width("cell", max((*texts, "−0.00"), key=len))
