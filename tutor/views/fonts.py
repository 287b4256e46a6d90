"""The fonts that ship with the program, so that every system draws the same letters: one to read, one for code."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QFont, QFontDatabase

from tutor.shipped import resource

SANS = "Inter"
MONO = "JetBrains Mono"
SYMBOLS = "DejaVu Sans"
"""Has the signs of mathematics that the other two lack."""

Weight = QFont.Weight


@cache
def load_fonts() -> None:
    """Makes them known to Qt, once; needs a QGuiApplication. Raises FileNotFoundError when one is missing or damaged."""
    for path in sorted(resource("fonts").glob("*.[ot]tf")):
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise FileNotFoundError(f"{path}: not a font that Qt can read")
    missing = {SANS, MONO, SYMBOLS} - set(QFontDatabase.families())
    if missing:
        raise FileNotFoundError(f"{resource('fonts')}: no font of the family {', '.join(sorted(missing))}")


def sans(pixels: float, weight: Weight = Weight.Normal) -> QFont:
    """The font of the interface."""
    return _font(SANS, pixels, weight)


def mono(pixels: float, weight: Weight = Weight.Normal) -> QFont:
    """The font of code and numbers."""
    font = _font(MONO, pixels, weight)
    font.setFixedPitch(True)
    return font


def _font(family: str, pixels: float, weight: Weight) -> QFont:
    """Every character stands for itself, `!=` too: what is drawn in its place could not be read back from a PDF."""
    font = QFont([family, SYMBOLS])
    for ligatures in ("calt", "liga"):
        font.setFeature(QFont.Tag(ligatures), 0)
    font.setPixelSize(max(round(pixels), 1))
    font.setWeight(weight)
    return font
