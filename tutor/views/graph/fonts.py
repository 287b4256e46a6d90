"""The few fonts of the canvas, and how wide a text is in them; nothing is smaller than 12 pixels at zoom 1."""

from __future__ import annotations

from functools import cache
from typing import Literal

from PySide6.QtGui import QFont, QFontMetricsF

from tutor.views.fonts import SYMBOLS, Weight, load_fonts, mono, sans

Role = Literal[
    "name", "label", "small", "note", "strong", "number", "number_strong", "cell", "tab", "code", "title"
]


SMALL = 12
"""Pixels of the smallest font."""
SMALLEST = 11.0
"""On the screen no text has fewer pixels."""


@cache
def font(role: Role) -> QFont:
    """The font of one kind of text; loads the shipped fonts the first time."""
    load_fonts()
    match role:
        case "name":
            return mono(16, Weight.Bold)
        case "label":
            return sans(12)
        case "small":
            return sans(SMALL)
        case "note":
            return sans(12)
        case "strong":
            return sans(12, Weight.DemiBold)
        case "number":
            return mono(13)
        case "number_strong":
            return mono(14, Weight.Bold)
        case "cell":
            return mono(12)
        case "tab":
            return sans(11.5, Weight.DemiBold)
        case "code":
            return mono(12, Weight.DemiBold)
        case "title":
            return sans(13, Weight.DemiBold)


@cache
def symbol_font(pixels: int) -> QFont:
    """For the sign in a circle."""
    load_fonts()
    chosen = QFont([SYMBOLS] if pixels >= 18 else ["Inter", SYMBOLS])
    chosen.setPixelSize(pixels)
    chosen.setWeight(Weight.Bold if pixels >= 18 else Weight.DemiBold)
    return chosen


@cache
def metrics(role: Role) -> QFontMetricsF:
    return QFontMetricsF(font(role))


@cache
def text_width(role: Role, text: str) -> float:
    """The advance in pixels at zoom 1."""
    return metrics(role).horizontalAdvance(text)


@cache
def symbol_size(symbol: str) -> tuple[int, float]:
    """The pixel size for a circle's sign and how wide it then is: large for one letter, smaller for a word."""
    pixels = 26 if len(symbol) <= 1 else 18 if len(symbol) <= 3 else 13
    return pixels, QFontMetricsF(symbol_font(pixels)).horizontalAdvance(symbol)
