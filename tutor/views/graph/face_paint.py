"""Draws a tensor's face: cells with numbers, blocks, a thumbnail with its edges labelled, or statistics.

One hue a meaning, stronger where |x| is larger; a negative is hatched, an exact zero is paper with a dot, NaN a red cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.protocol import Stats
from tutor.trace.picture import Shown
from tutor.trace.values import cell
from tutor.views.graph.faces import (
    Face,
    Floats,
    largest,
    mini_size,
    numbers,
    page_rows,
    page_shape,
    proportions,
    reduced,
    weights,
)
from tutor.views.graph.fonts import Role, text_width
from tutor.views.graph.paint import CENTRE, LEFT, RIGHT, Inks, grid, pen, write, written_width
from tutor.views.graph.values import COVERED, cells, sides_text, summary
from tutor.views.theme import Palette

CELL_HEIGHT = 22.0
_TOP, _CAPTION, _STATISTICS = 14.0, 16.0, 60.0
_SIGN = "▦"
_MINI_PAD, _MINI_GAP = 7.0, 6.0
CHIP_HEIGHT = 22.0
_KEPT = 256

_PLAIN, _STRIPE, _DOT, _CROSS, _RING = range(5)
_KINDS = 5

Bytes = NDArray[np.uint8]


def statistics_lines(stats: Stats | None) -> tuple[str, ...]:
    """What is known of values that were not kept: between which they lie, their mean and norm, how many there are."""
    if stats is None:
        return (_("values not kept"),)
    known = stats.min is not None and stats.max is not None
    lines = [f"{cell(stats.min)} … {cell(stats.max)}"] if known else []
    if stats.mean is not None and stats.norm is not None:
        words = _("mean {mean} · norm {norm}")
        lines.append(words.format(mean=cell(stats.mean), norm=cell(stats.norm)))
    return (*lines, _counted(stats))


def _counted(stats: Stats) -> str:
    count = ngettext("{count} number", "{count} numbers", stats.count).format(count=count_text(stats.count))
    if stats.nonfinite:
        return f"{count} · {count_text(stats.nonfinite)} ✕"
    return f"{count} · " + (_("sampled") if stats.sampled else _("not kept"))


def face_size(face: Face, words: float, cell_width: float) -> tuple[float, float]:
    """Width and height with labels and caption; `words` is the widest caption or statistics, in pixels."""
    match face.kind:
        case "line":
            return words, CELL_HEIGHT
        case "cells":
            return cell_width * face.columns, CELL_HEIGHT * face.rows
        case "blocks":
            return max(face.width, words), face.height + _CAPTION
        case "thumbnail":
            return max(face.width + label_width(face), words), face.height + _TOP + _CAPTION
        case "statistics":
            return label_width(face) + face.width + 8 + words, max(face.height + _TOP, _STATISTICS)


def label_width(face: Face) -> float:
    """What the number of rows takes at the left edge; a vector's only row is not numbered."""
    return 0.0 if face.rows == 1 else text_width("small", face.label) + 5


def sheet_rect(face: Face, room: QRectF) -> QRectF:
    """Where in its room (of `face_size`) the sheet itself lies: at the right, under its label; statistics at the left."""
    match face.kind:
        case "line" | "cells":
            return room
        case "blocks":
            return QRectF(room.right() - face.width, room.top(), face.width, face.height)
        case "thumbnail":
            return QRectF(room.right() - face.width, room.top() + _TOP, face.width, face.height)
        case "statistics":
            top = room.center().y() - (face.height - _TOP) / 2
            return QRectF(room.left() + label_width(face), top, face.width, face.height)


def draw_face(
    painter: QPainter, room: QRectF, face: Face, shown: Shown, inks: Inks, *, gradient: bool, page: int = 0
) -> None:
    """In the room of `face_size`, which need not be its own: what was kept and what was not may follow one another."""
    ink = inks.gradient_text if gradient else inks.value_text
    if face.kind == "line":
        write(painter, room, summary(shown), role="number_strong", colour=ink, align=RIGHT)
        return
    if face.kind == "cells" and (table := cells(shown, page)) is not None:
        grid(painter, room, table, inks, gradient=gradient)
        return
    sheet = sheet_rect(face, room)
    draw_sheet(painter, sheet, shown, inks, gradient=gradient, page=page)
    if face.kind in ("thumbnail", "statistics"):
        _edges(painter, sheet, face, inks)
    if shown.covered:
        return
    if face.kind == "statistics":
        words = QRectF(sheet.right() + 8, room.top(), room.right() - sheet.right() - 8, room.height())
        _statistics(painter, words, shown, inks, gradient=gradient)
    elif face.kind != "cells":
        below = QRectF(room.left(), sheet.bottom() + 1, room.width(), _CAPTION)
        write(painter, below, _caption(shown), role="small", colour=ink, align=RIGHT)


def draw_sheet(
    painter: QPainter, rect: QRectF, shown: Shown, inks: Inks, *, gradient: bool, page: int = 0
) -> None:
    """The sheet alone, in its rectangle: blocks where values are known, else plain paper; "?" where it is covered."""
    hue = "gradient" if gradient else "value"
    line = inks.gradient if gradient else inks.value
    image = None if shown.covered else sheet_image(shown, page, inks.palette, hue)
    painter.setPen(Qt.PenStyle.NoPen)
    if image is not None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(rect, image)
    else:
        painter.setBrush(inks.faded(hue, 0.10))
        painter.drawRect(rect)
    painter.setPen(pen(line, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)
    if shown.covered:
        ink = inks.gradient_text if gradient else inks.value_text
        write(painter, rect, COVERED, role="code", colour=ink, align=CENTRE)


_captions: dict[int, tuple[Shown, str]] = {}


def _caption(shown: Shown) -> str:
    """Between what the numbers lie, found once for as long as they are looked at."""
    found = _captions.get(id(shown))
    if found is None or found[0] is not shown:
        while len(_captions) >= _KEPT:
            _captions.pop(next(iter(_captions)))
        _captions[id(shown)] = found = (shown, summary(shown))
    return found[1]


def _edges(painter: QPainter, sheet: QRectF, face: Face, inks: Inks) -> None:
    """How many columns above, how many rows at the left."""
    top = QRectF(sheet.center().x() - 40, sheet.top() - _TOP - 1, 80, _TOP)
    write(painter, top, str(face.columns), role="small", colour=inks.muted, align=CENTRE)
    if face.rows == 1:
        return
    left = QRectF(sheet.left() - label_width(face), sheet.center().y() - 9, label_width(face) - 3, 18)
    write(painter, left, face.label, role="small", colour=inks.muted, align=RIGHT)


def _statistics(painter: QPainter, rect: QRectF, shown: Shown, inks: Inks, *, gradient: bool) -> None:
    """The range as a bar with zero and the mean on it, over the numbers in words."""
    ink = inks.gradient_text if gradient else inks.value_text
    stats = shown.stats
    lines = statistics_lines(stats)
    top = rect.center().y() - (len(lines) * 15 + (10 if stats is not None else 0)) / 2
    if stats is not None and stats.min is not None and stats.max is not None:
        _range(painter, QRectF(rect.left(), top, rect.width() - 4, 9), stats, inks, gradient=gradient)
        top += 11
    for row, text in enumerate(lines):
        place = QRectF(rect.left(), top + row * 15, rect.width(), 15)
        odd = stats is not None and stats.nonfinite and row == len(lines) - 1
        colour = inks.error if odd else ink if row == 0 and len(lines) > 1 else inks.muted
        write(painter, place, text, role="small", colour=colour, align=LEFT)


def _range(painter: QPainter, rect: QRectF, stats: Stats, inks: Inks, *, gradient: bool) -> None:
    """From the smallest to the largest number, as far as zero: the negative part hatched, the mean a dot."""
    assert stats.min is not None and stats.max is not None
    low, high = min(stats.min, 0.0), max(stats.max, 0.0)
    span = (high - low) or 1.0
    hue, line = ("gradient", inks.gradient) if gradient else ("value", inks.value)

    def x(number: float) -> float:
        return rect.left() + 2 + (number - low) / span * (rect.width() - 4)

    middle = rect.center().y()
    painter.setPen(Qt.PenStyle.NoPen)
    for left, right, share in ((stats.min, min(stats.max, 0.0), 0.25), (max(stats.min, 0.0), stats.max, 0.6)):
        if right > left:
            bar = QRectF(x(left), middle - 3, x(right) - x(left), 6)
            painter.setBrush(inks.faded(hue, share))
            painter.drawRect(bar)
            if share < 0.5:
                painter.setBrush(QColor(line))
                _hatch(painter, bar, line)
    painter.setPen(pen(inks.ink, 1.2))
    painter.drawLine(QPointF(x(0.0), rect.top()), QPointF(x(0.0), rect.bottom()))
    if stats.mean is not None:
        painter.setPen(pen(inks.panel, 1.0))
        painter.setBrush(line)
        painter.drawEllipse(QPointF(x(min(max(stats.mean, low), high)), middle), 3.2, 3.2)


def _hatch(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setPen(pen(colour, 1.0))
    x = rect.left() - rect.height()
    while x < rect.right():
        painter.drawLine(QPointF(x, rect.bottom()), QPointF(x + rect.height(), rect.top()))
        x += 4.0
    painter.restore()


def mini_room(shape: tuple[int, ...]) -> tuple[float, float] | None:
    """Width and height of a chip that shows a sheet with its shape; None where a chip writes the numbers."""
    sheet = mini_size(shape)
    if sheet is None:
        return None
    words = text_width("cell", sides_text(shape))
    return sheet[0] + words + _MINI_GAP + 2 * _MINI_PAD, max(sheet[1] + 8, CHIP_HEIGHT)


def draw_mini(
    painter: QPainter, rect: QRectF, shown: Shown, inks: Inks, *, gradient: bool, filled: bool
) -> None:
    """A chip with a small sheet and its shape: a matrix too large to be written out, on its way or waiting."""
    width, height = mini_size(shown.shape) or (0.0, 0.0)
    line = inks.gradient if gradient else inks.value
    painter.setPen(pen(line, 3.0 if filled else 1.6))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(rect, 7, 7)
    sheet = QRectF(rect.left() + _MINI_PAD, rect.center().y() - height / 2, width, height)
    draw_sheet(painter, sheet, shown, inks, gradient=gradient)
    ink = inks.gradient_text if gradient else inks.value_text
    words = rect.adjusted(_MINI_PAD + width + _MINI_GAP, 0, 0, 0)
    write(painter, words, sides_text(shown.shape), role="cell", colour=ink, align=LEFT)


def write_term(
    painter: QPainter, rect: QRectF, text: str, shown: Shown | None, inks: Inks, *, role: Role, colour: QColor
) -> None:
    """A value of a sum, at the right end of its place."""
    write(painter, rect, text, role=role, colour=colour, align=RIGHT)
    sheet_for_sign(painter, rect.right() - text_width(role, text), rect, text, shown, inks, role=role)


def sheet_for_sign(
    painter: QPainter, left: float, rect: QRectF, text: str, shown: Shown | None, inks: Inks, *, role: Role
) -> None:
    """Of a text "▦ 4×2" that begins at `left` the sign becomes the sheet itself, where there is room for it."""
    before, sign, _sides = text.partition(_SIGN)
    if shown is None or not sign or min(shown.shape, default=0) <= 0:
        return
    if written_width(painter, role, text) > text_width(role, text) + 1:
        return
    place = QRectF(left + text_width(role, before) - 3, rect.center().y() - 6.5, 13, 13)
    painter.fillRect(place, inks.panel)
    width, height = proportions(*page_shape(shown.shape), (12.0, 12.0))
    sheet = QRectF(place.center().x() - width / 2, place.center().y() - height / 2, width, height)
    draw_sheet(painter, sheet, shown, inks, gradient=True)


# ------------------------------------------------------------------ the sheet as an image


_images: dict[tuple[int, int, int, str, str], tuple[Shown, QImage | None]] = {}


def sheet_image(shown: Shown, page: int, palette: Palette, hue: str) -> QImage | None:
    """The blocks of one page, kept for as long as they are looked at; None where there are no numbers."""
    key = (id(shown), page, id(palette), palette.panel, hue)
    found = _images.get(key)
    if found is None or found[0] is not shown:
        while len(_images) >= _KEPT:
            _images.pop(next(iter(_images)))
        _images[key] = found = (shown, _image(shown, page, palette, hue))
    return found[1]


def _image(shown: Shown, page: int, palette: Palette, hue: str) -> QImage | None:
    rows = page_rows(shown, page)
    if not rows or not rows[0]:
        return None
    shares = weights(reduced(numbers(rows)), largest(shown))
    return image_of(block_pixels(shares, palette, hue))


def image_of(pixels: Bytes) -> QImage:
    """Red, green and blue bytes of rows and columns."""
    height, width, _channels = pixels.shape
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def block_pixels(shares: Floats, palette: Palette, hue: str) -> Bytes:
    """Each element as a block of pixels: its tint, and what its sign or kind adds to it."""
    side = 9 if max(shares.shape) <= 24 else 6
    paper, ink, red = (_rgb(c) for c in (palette.panel, getattr(palette, hue), palette.error))
    finite = np.isfinite(shares)
    weight = np.abs(np.where(finite, shares, 0.0))
    tint = np.where(weight > 0, 0.10 + 0.80 * weight, 0.0)[..., None]
    kinds = np.select(
        [np.isnan(shares), ~finite, shares < 0, shares == 0], [_CROSS, _RING, _STRIPE, _DOT], _PLAIN
    )
    ground = _bytes(paper + (ink - paper) * tint)
    marks = _bytes(paper + (ink - paper) * np.where((kinds == _DOT)[..., None], 0.75, 0.28 * tint))
    marks[~finite] = _bytes(red)
    marked = np.swapaxes(_masks(side)[kinds], 1, 2)[..., None]
    pixels = np.where(marked, marks[:, None, :, None, :], ground[:, None, :, None, :])
    return np.ascontiguousarray(pixels.reshape(len(shares) * side, -1, 3))


def numbers_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    """For the legend: a large number, a negative one, a zero."""
    image = image_of(block_pixels(np.array([[0.9, -0.9, 0.0]]), inks.palette, "value"))
    place = QRectF(rect.center().x() - 16.5, rect.center().y() - 5.5, 33, 11)
    painter.drawImage(place, image)
    painter.setPen(pen(inks.value, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place)


@lru_cache(maxsize=4)
def _masks(side: int) -> NDArray[np.bool_]:
    """By kind, which of a block's pixels its sign covers."""
    y, x = np.mgrid[0:side, 0:side]
    middle = (side - 1) / 2
    off = np.hypot(y - middle, x - middle)
    masks = np.zeros((_KINDS, side, side), dtype=bool)
    masks[_STRIPE] = (x + y) % (side // 2 if side > 6 else 3) == 0
    masks[_DOT] = off <= 0.9
    masks[_CROSS] = (np.abs(x - y) <= 0.9) | (np.abs(x + y - side + 1) <= 0.9)
    masks[_RING] = np.abs(off - side / 3) <= 0.8
    return masks


def _bytes(colours: Floats) -> Bytes:
    return np.rint(colours).astype(np.uint8)


def _rgb(colour: str) -> Floats:
    found = QColor(colour)
    return np.array([found.red(), found.green(), found.blue()], dtype=np.float64)


def known_words(shown: Shown) -> Sequence[str]:
    """The texts whose width a face needs: the caption of its sheet, or its statistics."""
    if shown.data is None and not shown.covered:
        return statistics_lines(shown.stats)
    return (summary(shown),)
