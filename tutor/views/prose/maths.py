"""TeX into images that stand on the baseline of the text around them, by ziamath and Qt's SVG renderer.

Kept by (tex, size, colour, pixel ratio), so that a lesson is drawn again at once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from ziamath.config import config
from ziamath.zmath import Latex

from tutor.course.tex import TexError

config.svg2 = False
"""With SVG 2 ziamath draws by references that Qt's renderer leaves out."""

_VIEW_BOX = re.compile(r'viewBox="([-\d.e]+) ([-\d.e]+) ([-\d.e]+) ([-\d.e]+)"')
_SIGN = re.compile(r"(?:(?<=[\[({=,&])|(?<=[\[({=,&] )|(?<=\\cdot )|(?<=\\times )|^)-(?=[\w.\\])")
"""A minus that is a sign and no operation: set tight against its number."""
_TIMES = re.compile(r"\\times(?![A-Za-z])")
_KEPT = 600
_NO_DESCENT = 0.7
"""Pixels below the baseline that may be cut off: the margin of a formula without a descender."""


Align = Literal["baseline", "bottom", "middle"]


@dataclass(frozen=True, slots=True)
class Outline:
    """A formula as SVG: its box relative to the baseline, in logical pixels."""

    svg: bytes
    width: float
    ascent: float
    descent: float


@dataclass(frozen=True, slots=True)
class Formula:
    """An image to be put into a text: `width` × `height` logical pixels, and by `align` (of CSS) on its baseline."""

    image: QImage
    width: int
    height: int
    align: Align


@lru_cache(_KEPT)
def outline(tex: str, *, size: float, color: str, display: bool) -> Outline:
    """Raises TexError for TeX that cannot be read."""
    try:
        svg = str(Latex(_spaced(tex), size=size, color=color, inline=not display, margin=0.2).svg())
    except Exception as fault:  # ziamath and latex2mathml raise whatever they stumble over
        raise TexError(tex, str(fault) or type(fault).__name__) from fault
    box = _VIEW_BOX.search(svg)
    if box is None:
        raise TexError(tex, "no size")
    __, top, width, height = map(float, box.groups())
    return Outline(svg.encode(), width, -top, height + top)


def _spaced(tex: str) -> str:
    """With the spaces that ziamath does not put: none behind a sign, some around a times."""
    return _TIMES.sub(r"\\:\\times\\:", _SIGN.sub("{-}", tex))


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in one font, as Qt lays it out: above and below the baseline, and half of its x-height."""

    ascent: float
    descent: float
    half_x: float


def inline_formula(tex: str, *, font: QFont, color: str, ratio: float) -> Formula:
    """For the middle of a line of text in this font. Raises TexError."""
    exact, whole = QFontMetricsF(font), QFontMetrics(font)
    line = TextLine(exact.ascent(), exact.descent(), whole.xHeight() / 2)
    return _inline(tex, round(whole.height() * 0.88, 1), color, ratio, line)


def display_formula(tex: str, *, font: QFont, color: str, ratio: float) -> Formula:
    """For a line of its own. Raises TexError."""
    return _display(tex, round(QFontMetrics(font).height() * 1.0, 1), color, ratio)


@lru_cache(_KEPT)
def _inline(tex: str, size: float, color: str, ratio: float, line: TextLine) -> Formula:
    drawn = outline(tex, size=size, color=color, display=False)
    height, baseline, align = _placed(drawn, line)
    return _painted(drawn, height, baseline - drawn.ascent, ratio, align)


def _placed(drawn: Outline, line: TextLine) -> tuple[int, float, Align]:
    """The image's height, where the formula's baseline lies in it, and by what Qt must align it.

    Qt can put an image on the baseline, on the bottom of the line, or in the middle of the line, which it makes
    tall enough for the image to reach half its height, half an x-height higher, above the baseline.
    """
    if drawn.descent <= _NO_DESCENT:
        height = math.ceil(drawn.ascent)
        return height, height, "baseline"
    if drawn.descent <= line.descent + _NO_DESCENT:
        height = math.ceil(drawn.ascent + line.descent)
        return height, height - line.descent, "bottom"
    height = math.ceil(drawn.ascent + drawn.descent)
    while True:
        above = max(line.ascent, (height + line.half_x) / 2)
        below = max(line.descent, (height - line.half_x) / 2)
        baseline = (above - below + height) / 2
        if baseline >= drawn.ascent and height - baseline >= drawn.descent:
            return height, baseline, "middle"
        height += 1


@lru_cache(_KEPT)
def _display(tex: str, size: float, color: str, ratio: float) -> Formula:
    drawn = outline(tex, size=size, color=color, display=True)
    return _painted(drawn, math.ceil(drawn.ascent + drawn.descent), 0.0, ratio, "baseline")


def _painted(drawn: Outline, height: int, top: float, ratio: float, align: Align) -> Formula:
    width = math.ceil(drawn.width)
    image = QImage(
        math.ceil(width * ratio), math.ceil(height * ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    place = QRectF(0, top, drawn.width, drawn.ascent + drawn.descent)
    QSvgRenderer(QByteArray(drawn.svg)).render(painter, place)
    painter.end()
    return Formula(image, width, height, align)
