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
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter
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
"""Pixels below the baseline that are only the margin of a formula without a descender."""


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
    align: Literal["middle", "baseline"]


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


def inline_formula(tex: str, *, font: QFont, color: str, ratio: float) -> Formula:
    """For the middle of a line of text in this font. Raises TexError."""
    size = round(QFontMetrics(font).height() * 0.88, 1)
    return _inline(tex, size, color, ratio, QFontMetrics(font).xHeight())


def display_formula(tex: str, *, font: QFont, color: str, ratio: float) -> Formula:
    """For a line of its own. Raises TexError."""
    return _display(tex, round(QFontMetrics(font).height() * 1.0, 1), color, ratio)


@lru_cache(_KEPT)
def _inline(tex: str, size: float, color: str, ratio: float, x_height: float) -> Formula:
    """Qt puts a middle-aligned image of height H at (H + the x-height) / 2 above the baseline: padded to fit."""
    drawn = outline(tex, size=size, color=color, display=False)
    if drawn.descent <= _NO_DESCENT:
        return _painted(
            drawn, math.ceil(drawn.ascent), math.ceil(drawn.ascent) - drawn.ascent, ratio, "baseline"
        )
    whole = math.ceil(max(drawn.ascent, drawn.descent + x_height))
    height = math.ceil(2 * whole - x_height)
    return _painted(drawn, height, (height + x_height) / 2 - drawn.ascent, ratio, "middle")


@lru_cache(_KEPT)
def _display(tex: str, size: float, color: str, ratio: float) -> Formula:
    drawn = outline(tex, size=size, color=color, display=True)
    return _painted(drawn, math.ceil(drawn.ascent + drawn.descent), 0.0, ratio, "baseline")


def _painted(
    drawn: Outline, height: int, top: float, ratio: float, align: Literal["middle", "baseline"]
) -> Formula:
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
