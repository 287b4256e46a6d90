"""Colours and sizes of everything that is drawn: one colour, one meaning, in light and in dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
