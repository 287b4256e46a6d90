"""Colours of everything that is drawn, one colour, one meaning, in light and in dark; and how they reach Qt's widgets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from string import Template
from typing import Literal

import qtawesome
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from tutor.shipped import resource
from tutor.views.fonts import load_fonts, sans

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as "#rrggbb". Lines and fills are Okabe–Ito; texts have at least 5 : 1 against their ground."""

    window: str
    ground: str
    panel: str
    ink: str
    muted: str
    faint: str
    value: str
    value_text: str
    gradient: str
    gradient_text: str
    gradient_soft: str
    leaf: str
    leaf_text: str
    special: str
    special_text: str
    chip_ink: str
    error: str
    zone: str
    code_line: str
    code_span: str


LIGHT = Palette(
    window="#f1f4f8",
    ground="#fbfcfe",
    panel="#ffffff",
    ink="#1b2430",
    muted="#5f6b78",
    faint="#c3cbd4",
    value="#0072b2",
    value_text="#0072b2",
    gradient="#d55e00",
    gradient_text="#b34e00",
    gradient_soft="#f8e3d6",
    leaf="#009e73",
    leaf_text="#00795a",
    special="#cc79a7",
    special_text="#a8477e",
    chip_ink="#ffffff",
    error="#c1121f",
    zone="#e3e7ec",
    code_line="#eaf2f8",
    code_span="#ffe3b8",
)

DARK = Palette(
    window="#1b2027",
    ground="#15191e",
    panel="#1d232a",
    ink="#e8edf2",
    muted="#9aa7b4",
    faint="#47515c",
    value="#56b4e9",
    value_text="#8fd0f5",
    gradient="#f28c46",
    gradient_text="#ffab73",
    gradient_soft="#3d2a1d",
    leaf="#35c79a",
    leaf_text="#5fdcb4",
    special="#e29cc4",
    special_text="#f0b7d6",
    chip_ink="#15191e",
    error="#ff7b72",
    zone="#2a313a",
    code_line="#232d38",
    code_span="#5a4420",
)

PALETTES: dict[ThemeName, Palette] = {"light": LIGHT, "dark": DARK}

TEXT_PIXELS = 13
"""The interface's letters at 100 per cent."""

SMALLEST_PIXELS = 11


def mix(color: str, other: str, share: float) -> str:
    """`color` with `share` (0 to 1) of `other` in it, as "#rrggbb"."""
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(one + (two - one) * share) for one, two in pairs).hex()


def palette_for(theme: Literal["system", "light", "dark"]) -> Palette:
    """The palette of a theme; "system" is what the desktop shows now."""
    if theme != "system":
        return PALETTES[theme]
    hints = QApplication.styleHints()
    return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT


def text_pixels(percent: int) -> int:
    """The size of the interface's letters; never under the smallest that one can read."""
    return max(round(TEXT_PIXELS * percent / 100), SMALLEST_PIXELS)


def apply(app: QApplication, palette: Palette, text_size: int = 100) -> None:
    """Gives the whole program its style, colours and fonts. `text_size` in per cent. May be called again at any time."""
    load_fonts()
    if app.style().name() != "fusion":
        app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(qt_palette(palette))
    app.setFont(sans(text_pixels(text_size)))
    app.setStyleSheet(stylesheet(palette))


def icon(name: str, palette: Palette, *, color: str | None = None) -> QIcon:
    """An icon of the Material Design set ("play", "graph-outline") in the theme's ink or another of its colours."""
    shown: QIcon = qtawesome.icon(
        f"mdi6.{name}", color=color or palette.ink, color_disabled=mix(palette.faint, palette.muted, 0.4)
    )
    return shown


def app_icon() -> QIcon:
    """The program's own: a blue lane there, a vermilion lane back."""
    return QIcon(str(resource("icons") / "autograd-tutor.svg"))


@cache
def stylesheet(palette: Palette) -> str:
    """The program's stylesheet in these colours."""
    dark = palette is DARK
    own = {
        "name": "dark" if dark else "light",
        "icons": resource("icons").as_posix(),
        "line": mix(palette.window, palette.faint, 0.6),
        "stripe": mix(palette.panel, palette.window, 0.5),
        "hover": mix(palette.window, palette.ink, 0.07),
        "disabled": mix(palette.faint, palette.muted, 0.4),
        "selection": mix(palette.panel, palette.value, 0.28),
        "accent": palette.value,
        "accent_soft": mix(palette.panel, palette.value, 0.18),
        "accent_hover": mix(palette.value, palette.ink, 0.18),
        "on_accent": palette.chip_ink,
    }
    template = Template((resource("themes") / "window.qss").read_text(encoding="utf-8"))
    return template.substitute(asdict(palette) | own)


def qt_palette(palette: Palette) -> QPalette:
    """The same colours in the roles that Qt's own widgets ask for."""
    roles, disabled = QPalette.ColorRole, QPalette.ColorGroup.Disabled
    colors = {
        roles.Window: palette.window,
        roles.WindowText: palette.ink,
        roles.Base: palette.panel,
        roles.AlternateBase: mix(palette.panel, palette.window, 0.5),
        roles.Text: palette.ink,
        roles.Button: palette.panel,
        roles.ButtonText: palette.ink,
        roles.BrightText: palette.error,
        roles.Highlight: mix(palette.panel, palette.value, 0.28),
        roles.HighlightedText: palette.ink,
        roles.ToolTipBase: palette.panel,
        roles.ToolTipText: palette.ink,
        roles.PlaceholderText: palette.muted,
        roles.Link: palette.value_text,
        roles.LinkVisited: palette.special_text,
        roles.Accent: palette.value,
        roles.Light: mix(palette.panel, palette.ink, 0.04),
        roles.Midlight: mix(palette.window, palette.faint, 0.5),
        roles.Mid: palette.faint,
        roles.Dark: mix(palette.faint, palette.muted, 0.4),
        roles.Shadow: mix(palette.window, "#000000", 0.5),
    }
    shown = QPalette()
    for role, color in colors.items():
        shown.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        shown.setColor(disabled, role, QColor(mix(palette.faint, palette.muted, 0.4)))
    return shown
